/** Name that stands for every guarded object. */
export const EVERYTHING = "all";

/** Environment variable of one run of the program that names what the run may delete. */
export const ALLOWED_LOSS_VARIABLE = "FLTS_ALLOW_DATA_LOSS";

/**
 * Names of the objects with data that this run may delete: `kafka`, or several as in `kafka,minio`.
 *
 * It is not a setting, because a setting would also permit losses in later runs.
 *
 * @throws when the variable holds something else than names.
 */
export function allowedLoss(environment: NodeJS.ProcessEnv): readonly string[] {
    const names = (environment[ALLOWED_LOSS_VARIABLE] ?? "")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
    const wrong = names.find((name) => !/^[A-Za-z0-9][-.:/\w]*$/.test(name));
    if (wrong !== undefined) {
        throw new Error(
            `${ALLOWED_LOSS_VARIABLE} has "${wrong}", which no object is called: give the names from the message of the ` +
                `preview, separated by commas, or ${EVERYTHING}.`,
        );
    }
    return names;
}

/** How the reader permits a loss, as the end of a sentence. */
export function howToAllow(names: readonly string[]): string {
    const list = names.join(",");
    return (
        `run it with ${ALLOWED_LOSS_VARIABLE}=${list} (with make: ALLOW_DATA_LOSS=${list}); ` +
        `${EVERYTHING} permits the loss of everything`
    );
}
