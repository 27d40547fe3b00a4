import type { Cluster } from "./cluster";

type Client = Pick<Cluster, "client">;

/** An answer of the API server; undefined for what is not there. */
export function existing<Answer>(cluster: Client, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    return unlessRefused(cluster, [404], ask);
}

/** An answer of the API server; undefined for what is not there, or what this user may not read. */
export function readable<Answer>(cluster: Client, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    return unlessRefused(cluster, [403, 404], ask);
}

async function unlessRefused<Answer>(
    { client }: Client,
    codes: readonly number[],
    ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
    try {
        return await ask();
    } catch (error) {
        if (error instanceof client.ApiException && codes.includes(error.code)) {
            return undefined;
        }
        throw error;
    }
}
