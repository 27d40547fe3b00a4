import pWaitFor from "p-wait-for";

/** An answer that waiting does not change: the login is refused, or the server is another one. */
export class Refusal extends Error {}

export interface RetryOptions {
    /** Seconds to keep trying. */
    readonly timeout: number;
    /** Milliseconds between attempts. */
    readonly interval: number;
    /** Seconds for which a {@link Refusal} is retried: an old server may answer while the new one starts. */
    readonly patience: number;
}

/**
 * Repeats a request until it succeeds.
 *
 * @returns what the request resolves to.
 * @throws the last reason, once the time for it is over.
 */
export async function untilAnswered<Answer>(
    request: () => Promise<Answer>,
    { timeout, interval, patience }: RetryOptions,
): Promise<Answer> {
    const started = Date.now();
    let reason: unknown = new Error(`there was no answer within ${timeout} s`);
    const attempt = async () => {
        try {
            // Wrapped: p-wait-for does not resolve with nothing.
            return pWaitFor.resolveWith({ answer: await request() });
        } catch (error) {
            if (error instanceof Refusal && Date.now() >= started + patience * 1000) {
                throw error;
            }
            reason = error;
            return false;
        }
    };
    const { answer } = await pWaitFor<{ readonly answer: Answer }>(attempt, {
        interval,
        timeout: {
            milliseconds: timeout * 1000,
            fallback: () => {
                throw reason;
            },
        },
    });
    return answer;
}
