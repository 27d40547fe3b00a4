import { quantity } from "../../components/core/quantity";
import { contradiction as problem, type Problem } from "./problems";
import type { GivenSettings } from "./schema";

/** Contradictions among what the cluster asks of pods. */
export function clusterContradictions(settings: GivenSettings): Problem[] {
    return [...pullSecrets(settings), ...disks(settings)];
}

function pullSecrets({ cluster, namespace }: GivenSettings): Problem[] {
    const names = new Map<string, string>();
    return cluster.pullSecrets.flatMap((reference, index) => {
        const [first = "", second] = reference.split("/");
        const name = second ?? first;
        const home = second === undefined || first === namespace.name;
        const other = names.get(name);
        names.set(name, reference);
        return [
            ...(home && namespace.create
                ? [
                      problem(
                          `cluster.pullSecrets.${index}`,
                          reference,
                          `the stack creates the namespace ${namespace.name}, which has no Secret before; name one of another ` +
                              `namespace to copy, <namespace>/${name}, or set flts:namespace.create to false`,
                      ),
                  ]
                : []),
            ...(other === undefined
                ? []
                : [
                      problem(
                          `cluster.pullSecrets.${index}`,
                          reference,
                          `has the name of ${other}; both would be one Secret in the namespace`,
                      ),
                  ]),
        ];
    });
}

function disks({ cluster }: GivenSettings): Problem[] {
    const groups = [
        ["cluster", cluster.ephemeralStorage] as const,
        ...Object.entries(cluster.tiers).map(
            ([tier, { ephemeralStorage }]) =>
                [`cluster.tiers.${tier}`, { ...cluster.ephemeralStorage, ...ephemeralStorage }] as const,
        ),
    ];
    return groups.flatMap(([path, { request, limit }]) =>
        request !== undefined && limit !== undefined && quantity(request) > quantity(limit)
            ? [
                  problem(
                      `${path}.ephemeralStorage.request`,
                      request,
                      `must not be above flts:${path}.ephemeralStorage.limit (${limit})`,
                  ),
              ]
            : [],
    );
}
