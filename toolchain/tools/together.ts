/**
 * Runs all of `works` at a time. The first that fails stops the others through their signal; once all have ended, its error
 * alone is thrown.
 */
export async function together(works: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
    const stop = new AbortController();
    const errors: unknown[] = [];
    await Promise.all(
        works.map(async (work) => {
            try {
                await work(stop.signal);
            } catch (error) {
                errors.push(error);
                stop.abort();
            }
        }),
    );
    if (errors.length > 0) {
        throw errors[0];
    }
}
