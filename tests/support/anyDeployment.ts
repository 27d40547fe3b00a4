import * as fc from "fast-check";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { anySettings } from "./anySettings";
import type { Recorded } from "./mocks";
import { deployProgram, INPUTS, servesOneStack, settingsAbove } from "./program";

/** Points of the space that are tried; more with `FLTS_PROPERTY_RUNS`. */
export const RUNS = Number(process.env.FLTS_PROPERTY_RUNS ?? 100);
/** Fixed, so that a run on another day tries the same points. */
export const SEED = Number(process.env.FLTS_PROPERTY_SEED ?? 20_261_125);
const INFRASTRUCTURE = "organization/flts/infrastructure";
/** Settings, and whether they are deployed as one stack or cut into the infrastructure and the stack above it. */
const anyDeployment = fc.record({ chosen: anySettings, cut: fc.boolean() });

interface Deployed {
    readonly resources: readonly Recorded[];
    /** Of each stack. */
    readonly outputs: readonly StackOutputs[];
}

async function deploy({
    chosen,
    cut,
}: {
    readonly chosen: Settings;
    readonly cut: boolean;
}): Promise<Deployed> {
    if (!cut || servesOneStack(chosen)) {
        const { resources, outputs } = await deployProgram(chosen);
        return { resources, outputs: [outputs] };
    }
    const below = await deployProgram({ ...chosen, layers: ["infrastructure"] });
    const above = await deployProgram(settingsAbove(chosen, INFRASTRUCTURE), INPUTS, {
        [INFRASTRUCTURE]: below.outputs,
    });
    return {
        resources: [...below.resources, ...above.resources],
        outputs: [below.outputs, above.outputs],
    };
}

// Every property sees the same points, and a deployment takes far longer than a look at it.
const known = new Map<string, Promise<Deployed>>();

/** Checks whatever the program declares, for settings from everywhere in their space. */
export async function forAnySettings(
    check: (resources: readonly Recorded[], chosen: Settings, outputs: readonly StackOutputs[]) => void,
): Promise<void> {
    await fc.assert(
        fc.asyncProperty(anyDeployment, async (deployment) => {
            const key = JSON.stringify(deployment);
            const deployed = known.get(key) ?? deploy(deployment);
            known.set(key, deployed);
            const { resources, outputs } = await deployed;
            check(resources, deployment.chosen, outputs);
        }),
        { seed: SEED, numRuns: RUNS },
    );
}
