import type { Cluster } from "./cluster";

/** An answer of the API server; undefined for what is not there, or what this user may not read. */
export async function readable<Answer>(
    { client }: Cluster,
    ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
    try {
        return await ask();
    } catch (error) {
        if (error instanceof client.ApiException && [403, 404].includes(error.code)) {
            return undefined;
        }
        throw error;
    }
}
