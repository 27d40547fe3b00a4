/** One answer, or the lack of one. */
export interface Answer {
    /** Undefined where no answer came. */
    readonly status: number | undefined;
    readonly body: string;
    /** From the request to the whole answer. */
    readonly milliseconds: number;
}

export interface LoadOptions {
    readonly url: string;
    readonly body: string;
    /** Requests under way at a time. */
    readonly clients: number;
    /** Pause of each client between two requests, in milliseconds. Default 0. */
    readonly pause?: number;
}

async function ask({ url, body }: LoadOptions): Promise<Answer> {
    const started = performance.now();
    const taken = (): number => performance.now() - started;
    try {
        const headers = { "content-type": "application/json" };
        const response = await fetch(url, { method: "POST", headers, body });
        return { status: response.status, body: await response.text(), milliseconds: taken() };
    } catch (error) {
        const cause = error instanceof Error ? (error.cause ?? error) : error;
        return { status: undefined, body: String(cause), milliseconds: taken() };
    }
}

/**
 * Sends requests without a break while `work` is done, over connections that are kept open and closed as the server
 * asks, like any well-behaved client; nothing is tried twice. Returns every answer.
 */
export async function underLoad(options: LoadOptions, work: () => Promise<void>): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    let over = false;
    const client = async (): Promise<void> => {
        while (!over) {
            answers.push(await ask(options));
            await new Promise((wake) => setTimeout(wake, options.pause ?? 0));
        }
    };
    const clients = Array.from({ length: options.clients }, client);
    try {
        await work();
    } finally {
        over = true;
        await Promise.all(clients);
    }
    return answers;
}

/** The answers other than 200, as text that says what and how often. */
export function failures(answers: readonly Answer[]): string[] {
    const counts = new Map<string, number>();
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
        const what = `${status ?? "no answer"}: ${body.slice(0, 200)}`;
        counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    return [...counts].map(([what, count]) => `${count} times ${what}`);
}

/** Milliseconds within which the given share of answers came, 0 to 1. */
export function percentile(answers: readonly Answer[], share: number): number {
    const sorted = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
