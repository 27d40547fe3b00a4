import type { Recorded } from "./mocks";
import { containers, one } from "./objects";

/** Environment of the Deployment's container as the service gets it. */
export function environmentOf(resources: readonly Recorded[], name: string): Record<string, string> {
    const { inputs } = one(resources, "kubernetes:apps/v1:Deployment", name);
    const { template } = inputs.spec as { template: Parameters<typeof containers>[0]["template"] };
    return Object.fromEntries(
        containers({ name, kind: "Deployment", template }).flatMap(({ env }) =>
            env.map((variable) => [variable.name, variable.value] as const),
        ),
    );
}
