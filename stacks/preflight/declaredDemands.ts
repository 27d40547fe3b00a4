import type { Affinity, Toleration } from "../../components/core/cluster/clusterSettings";
import type { DeclaredObject } from "../../components/core/cluster/transformation";
import { quantity } from "../../components/core/quantity";
import { chartDemands } from "./chartDemands";
import {
    containerDemand,
    type ClaimDemand,
    type Container,
    type Demands,
    type PodDemand,
    type Rule,
} from "./demands";

/** A workload as the program declares it: plain values, but for names that are known once their object exists. */
interface Declared {
    readonly metadata?: {
        readonly name?: unknown;
        readonly namespace?: unknown;
        readonly labels?: Readonly<Record<string, string>>;
    };
    readonly namespace?: unknown;
    readonly rules?: readonly Rule[];
    readonly spec?: {
        readonly replicas?: number;
        readonly minReplicas?: number;
        readonly parallelism?: number;
        readonly template?: Template;
        readonly jobTemplate?: {
            readonly spec: { readonly template: Template; readonly parallelism?: number };
        };
        readonly volumeClaimTemplates?: readonly ClaimTemplate[];
        readonly type?: string;
        readonly ingressClassName?: string;
    } & ClaimTemplate["spec"];
}

interface ClaimTemplate {
    readonly metadata: { readonly name: string };
    readonly spec: {
        readonly storageClassName?: string;
        readonly resources?: { readonly requests?: { readonly storage?: string } };
    };
}

interface Template {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly tolerations?: readonly Toleration[];
        readonly affinity?: Affinity;
        readonly priorityClassName?: string;
    };
}

const TYPE = /^kubernetes:([^/]+)\/([^:]+):(\w+?)(Patch)?$/;

/**
 * What these objects ask of a cluster.
 *
 * @param home the stack's namespace, as objects in it name it.
 */
export function demandsOf(objects: readonly DeclaredObject[], home: readonly unknown[]): Demands {
    const scaled = new Map(
        objects
            .filter(({ type }) => type.endsWith(":HorizontalPodAutoscaler"))
            .map(({ inputs }) => [nameOf(inputs as Declared), (inputs as Declared).spec?.minReplicas ?? 1]),
    );
    const all = objects.map(({ type, inputs }): Demands => {
        const declared = inputs as Declared;
        if (type.endsWith(":Release")) {
            return chartDemands(declared as { readonly values: never }, home.includes(declared.namespace));
        }
        const [, group = "", version = "", kind = ""] = TYPE.exec(type) ?? [];
        if (kind === "" || group === "provider") {
            return { pods: [], claims: [], objects: [] };
        }
        const name = nameOf(declared);
        const at = { kind, name, home: home.includes(declared.metadata?.namespace) };
        return {
            pods: podsOf(at, declared, scaled.get(name)),
            claims: claimsOf(at, declared),
            objects: [
                {
                    group: group === "core" ? "" : group,
                    version,
                    resource: pluralOf(kind),
                    name,
                    home: at.home,
                    verbs: [],
                    rules: declared.rules ?? [],
                    serviceType: kind === "Service" ? (declared.spec?.type ?? "ClusterIP") : undefined,
                    ingressClass: kind === "Ingress" ? declared.spec?.ingressClassName : undefined,
                },
            ],
        };
    });
    return {
        pods: all.flatMap(({ pods }) => pods),
        claims: all.flatMap(({ claims }) => claims),
        objects: all.flatMap((each) => each.objects),
    };
}

function nameOf({ metadata }: Declared): string {
    return typeof metadata?.name === "string" ? metadata.name : "";
}

/** Plural of a kind, as the API's paths have it. */
export function pluralOf(kind: string): string {
    const word = kind.toLowerCase();
    return /(s|x|ch)$/.test(word)
        ? `${word}es`
        : /[^aeiou]y$/.test(word)
          ? `${word.slice(0, -1)}ies`
          : `${word}s`;
}

interface Place {
    readonly kind: string;
    readonly name: string;
    readonly home: boolean;
}

function podsOf(place: Place, { spec }: Declared, scaled: number | undefined): PodDemand[] {
    const template = spec?.template ?? spec?.jobTemplate?.spec.template;
    if (template === undefined) {
        return [];
    }
    const job = place.kind === "Job" || place.kind === "CronJob";
    const { containers, initContainers = [], nodeSelector = {}, tolerations = [] } = template.spec;
    return [
        {
            ...place,
            tier: template.metadata.labels["app.kubernetes.io/name"] ?? "",
            pods: spec?.replicas ?? scaled ?? spec?.parallelism ?? spec?.jobTemplate?.spec.parallelism ?? 1,
            runs: job ? "sometimes" : place.kind === "DaemonSet" ? "each" : "always",
            containers: [
                ...initContainers.map((each) => containerDemand(each, true)),
                ...containers.map((each) => containerDemand(each, false)),
            ],
            nodeSelector,
            tolerations,
            affinity: template.spec.affinity ?? {},
            priorityClass: template.spec.priorityClassName,
        },
    ];
}

function claimsOf({ kind, name, home }: Place, { spec }: Declared): ClaimDemand[] {
    if (!home) {
        return [];
    }
    const demand = (
        names: readonly string[],
        { storageClassName, resources }: ClaimTemplate["spec"],
    ): ClaimDemand => ({
        names,
        size: quantity(resources?.requests?.storage ?? "0"),
        storageClass: storageClassName,
    });
    if (kind === "PersistentVolumeClaim" && spec !== undefined) {
        return [demand([name], spec)];
    }
    const pods = Array.from({ length: spec?.replicas ?? 1 }, (_, index) => index);
    return (spec?.volumeClaimTemplates ?? []).map((template) =>
        demand(
            pods.map((pod) => `${template.metadata.name}-${name}-${pod}`),
            template.spec,
        ),
    );
}
