import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectDirectory } from "./commands";
import { edges } from "./reachability";
import type { Recorded } from "./mocks";
import { ofType } from "./objects";
import { deployProgram, settings } from "./program";

/** The picture in README.md. */
export const DIAGRAM = join(projectDirectory, "docs", "images", "architecture.svg");

/** Layers in the order in which the diagram has them, with the titles that readers see. */
const layers: Readonly<Record<string, string>> = {
    loadTest: "load test",
    serving: "serving",
    pipeline: "pipeline",
    infrastructure: "infrastructure",
    operations: "operations",
    monitoring: "monitoring",
};

/** Who calls what is exposed outside the cluster. */
const clients = "clients";
/** Its links to every tier would hide the others; a note says that they are there. */
const scraper = "prometheus";

interface Exposed {
    readonly spec?: { readonly type?: string; readonly selector?: Readonly<Record<string, string>> };
}

/** The layer of a recorded resource: the group in the type of the component that it belongs to. */
function layerOf({ urn }: Recorded): string | undefined {
    return /::flts:(\w+):/.exec(urn)?.[1];
}

/** Each tier's layer, by the tier's name. */
function tiers(resources: readonly Recorded[]): Map<string, string> {
    const found = new Map<string, string>();
    for (const type of [
        "apps/v1:Deployment",
        "apps/v1:StatefulSet",
        "apps/v1:DaemonSet",
        "batch/v1:CronJob",
    ]) {
        for (const resource of ofType(resources, `kubernetes:${type}`)) {
            const { labels } = resource.inputs.metadata as { labels: Record<string, string> };
            found.set(labels["app.kubernetes.io/name"] ?? resource.name, layerOf(resource) ?? "");
        }
    }
    // The official chart makes MinIO's pods.
    found.set("minio", "infrastructure");
    return found;
}

/** Tiers that have an address outside the cluster. */
function exposed(resources: readonly Recorded[]): string[] {
    return ofType(resources, "kubernetes:core/v1:Service").flatMap(({ inputs }) => {
        const { spec } = inputs as Exposed;
        const isExposed = spec?.type === "NodePort" || spec?.type === "LoadBalancer";
        return isExposed ? [spec.selector?.["app.kubernetes.io/name"] ?? ""] : [];
    });
}

/** The graph in Graphviz's language: tiers by layer, and the links between them as declared. */
function architectureGraph(resources: readonly Recorded[]): string {
    const byTier = tiers(resources);
    const links = new Set(
        edges(resources)
            .map((edge) => edge.split(/ -> |:/))
            .filter(
                ([client = "", server = ""]) => client !== server && byTier.has(client) && byTier.has(server),
            )
            .filter(([client, server]) => client !== scraper || server === "alertmanager")
            .map(([client, server]) => `"${client}" -> "${server}";`),
    );
    const groups = Object.entries(layers).map(([layer, title]) => {
        const members = [...byTier].filter(([, each]) => each === layer).map(([tier]) => `"${tier}";`);
        const note = layer === "monitoring" ? `${title}: scrapes every tier` : title;
        return `subgraph "cluster_${layer}" { label="${note}"; ${members.sort().join(" ")} }`;
    });
    return [
        "digraph architecture {",
        'rankdir=LR; ranksep=0.9; nodesep=0.18; bgcolor="#ffffff"; compound=true;',
        'node [shape=box style="rounded,filled" fillcolor="#ffffff" color="#5b6675" fontname="Helvetica" fontsize=11 height=0.32];',
        'edge [color="#0a66c2" arrowsize=0.6];',
        'graph [style="rounded,filled" fillcolor="#eef1f5" color="#d5dae1" fontname="Helvetica" fontsize=11 labeljust=l];',
        `"${clients}" [shape=plaintext style="" fontcolor="#0a66c2"];`,
        ...groups,
        ...[...new Set(exposed(resources))].sort().map((tier) => `"${clients}" -> "${tier}";`),
        ...[...links].sort(),
        "}",
    ].join("\n");
}

/** The graph of the dev stack as an SVG picture. */
export async function architectureDiagram(): Promise<string> {
    const { config } = parse(readFileSync(join(projectDirectory, "Pulumi.dev.yaml"), "utf8")) as {
        config: Record<string, unknown>;
    };
    const own = Object.entries(config).filter(([key]) => key.startsWith("flts:"));
    const { resources } = await deployProgram(
        settings(Object.fromEntries(own.map(([key, value]) => [key.slice("flts:".length), value]))),
    );
    const { instance } = await import("@viz-js/viz");
    return (await instance()).renderString(architectureGraph(resources), { format: "svg" });
}
