/**
 * Why a request failed, in one line: what the API server says, such as `pods is forbidden: …`, without headers and body.
 */
export function apiReason(failure: unknown): string {
    const { body } = (failure ?? {}) as { readonly body?: unknown };
    const said = typeof body === "string" ? messageIn(body) : undefined;
    return said ?? (failure instanceof Error ? failure.message : String(failure)).replace(/\s*\n\s*/g, " ");
}

/** The message of a Status: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function messageIn(body: string): string | undefined {
    try {
        const { message } = JSON.parse(body) as { readonly message?: unknown };
        return typeof message === "string" && message !== "" ? message : undefined;
    } catch {
        return undefined;
    }
}
