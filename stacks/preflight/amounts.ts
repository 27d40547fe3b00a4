import { sizesOfTiers } from "../settings/catalogue";
import type { Amounts, PodDemand } from "./demands";

/** The setting of a size, or the way to change it without one. */
export function sizeSetting(
    { kind, name, tier }: Pick<PodDemand, "kind" | "name" | "tier">,
    of: "requests" | "limits",
    resource: string,
): string {
    const path = sizesOfTiers().get(tier);
    if (resource === "ephemeral-storage") {
        return `flts:cluster.ephemeralStorage.${of === "requests" ? "request" : "limit"}`;
    }
    return path === undefined || !["cpu", "memory"].includes(resource)
        ? `flts:overrides (${kind} ${name})`
        : `flts:${path}.${of}.${resource}`;
}

/** An amount as Kubernetes writes it: cores, bytes with a suffix, or pieces. */
export function shown(resource: string, amount: number): string {
    const bytes = /memory|storage|hugepages/.test(resource) && !resource.startsWith("count/");
    if (!bytes) {
        return amount < 1 && amount > 0 && resource.endsWith("cpu")
            ? `${Math.round(amount * 1000)}m`
            : String(Math.round(amount * 1000) / 1000);
    }
    const gibibytes = amount / 2 ** 30;
    return gibibytes >= 1 ? `${Math.round(gibibytes * 100) / 100}Gi` : `${Math.round(amount / 2 ** 20)}Mi`;
}

/** The sum of amounts. */
export function sum(all: readonly Amounts[]): Record<string, number> {
    const total: Record<string, number> = {};
    for (const amounts of all) {
        for (const [resource, amount] of Object.entries(amounts)) {
            total[resource] = (total[resource] ?? 0) + amount;
        }
    }
    return total;
}

/** Sums of fractions are a little off; a difference this small is none. */
export function exceeds(amount: number, bound: number): boolean {
    return amount > bound + Math.max(1e-6, bound * 1e-9);
}
