import { z } from "zod";
import { fail } from "../../toolchain/console/index";

/** The part of a resource's state that a reviewer's report needs. Values that are secret read `[secret]`. */
const stateSchema = z.object({
    type: z.string(),
    custom: z.boolean(),
    inputs: z.record(z.string(), z.unknown()).default({}),
    retainOnDelete: z.boolean().default(false),
    resourceHooks: z.record(z.string(), z.array(z.string())).default({}),
});

const stepSchema = z.object({
    op: z.string(),
    urn: z.string(),
    oldState: stateSchema.optional(),
    newState: stateSchema.optional(),
    diffReasons: z.array(z.string()).default([]),
    replaceReasons: z.array(z.string()).default([]),
    detailedDiff: z.record(z.string(), z.object({ kind: z.string() })).nullish(),
});

/** Most steps and the diagnostics are left out of the JSON where there are none. */
const digestSchema = z.object({
    steps: z.array(stepSchema).default([]),
    diagnostics: z.array(z.object({ message: z.string().default(""), severity: z.string() })).default([]),
});

export type State = z.infer<typeof stateSchema>;
export type Step = z.infer<typeof stepSchema>;

/** What `pulumi preview --json` prints, as far as it is used here (`display.PreviewDigest` in Pulumi's source). */
export type Digest = z.infer<typeof digestSchema>;

/**
 * Reads the output of `pulumi preview --json`.
 *
 * @param source where the text is from, for the error.
 * @throws UserError when the text is something else.
 */
export function parseDigest(text: string, source: string): Digest {
    try {
        return digestSchema.parse(JSON.parse(text));
    } catch (error) {
        const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
        return fail(`${source} is not what \`pulumi preview --json\` prints: ${reason}`, { cause: error });
    }
}

/** The digest of a preview that failed before the engine could make one. */
export function failedDigest(message: string): Digest {
    return { steps: [], diagnostics: [{ message, severity: "error" }] };
}
