/** Why a server could not be reached. fetch has the reason that matters ("connect ECONNREFUSED …") as the cause of a TypeError. */
export function connectionReason(error: unknown): string {
    if (!(error instanceof Error)) {
        return String(error);
    }
    const { message, cause } = error;
    return error instanceof TypeError && cause instanceof Error && cause.message !== ""
        ? cause.message
        : message;
}
