import * as pulumi from "@pulumi/pulumi";
import type { StackOutputs } from "./outputs";

/** Outputs that every stack of this program has, whatever layers it deploys. */
const ALWAYS = [
    "namespace",
    "urls",
    "endpoints",
    "secrets",
    "layers",
] as const satisfies readonly (keyof StackOutputs)[];

/**
 * The outputs of a stack of this program, typed.
 *
 * @param reference names it, such as `new pulumi.StackReference("organization/flts/prod")`.
 * @throws when the stack has never been deployed, or is of another program.
 */
export function fltsOutputs(reference: pulumi.StackReference): pulumi.Output<StackOutputs> {
    return pulumi.all([reference.name, reference.outputs]).apply(([name, outputs]) => {
        const missing = ALWAYS.filter((output) => !(output in outputs));
        if (missing.length > 0) {
            throw new pulumi.RunError(
                `Stack ${name} has no output ${missing.join(", ")}: it is not a stack of flts, or was not deployed ` +
                    "since it has them. Name another, or deploy it first.",
            );
        }
        return outputs as unknown as StackOutputs;
    });
}
