import { STATUS_CODES } from "node:http";

/**
 * Why a request failed, in one line: what the API server says, such as `pods is forbidden: …`, without headers and body. An
 * answer that is not the API server's, such as a proxy's page, is its status alone.
 */
export function apiReason(failure: unknown): string {
    const { body, code } = (failure ?? {}) as { readonly body?: unknown; readonly code?: unknown };
    const said = typeof body === "string" ? messageIn(body) : undefined;
    if (said === undefined && typeof code === "number") {
        return `it answers ${code} ${STATUS_CODES[code] ?? ""}`.trimEnd();
    }
    return (said ?? (failure instanceof Error ? failure.message : String(failure))).replace(/\s*\n\s*/g, " ");
}

/**
 * The answer of a request.
 *
 * @param advice the end of the message, after the reason.
 * @throws one line that begins with `failure`, what could not be done, and has the reason.
 */
export async function explained<Answer>(
    failure: string,
    request: () => Promise<Answer>,
    advice = "",
): Promise<Answer> {
    try {
        return await request();
    } catch (error) {
        throw new Error(`${failure}: ${apiReason(error)}${advice}`, { cause: error });
    }
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
