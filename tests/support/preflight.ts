import assert from "node:assert/strict";
import type { Demands, PodDemand } from "../../stacks/preflight/demands";
import type { Facts, NamespaceFacts, NodeFacts, PodFacts } from "../../stacks/preflight/facts";
import { known, type Finding } from "../../stacks/preflight/finding";
import { findingsOf } from "../../stacks/preflight/preflight";
import { settingsOf } from "../../stacks/settings/read";
import type { SettingsTree } from "../../stacks/settings/tree";

export const GI = 2 ** 30;

/** A container that every case has unless it says otherwise. */
export const CONTAINER = {
    name: "kafka",
    image: "kafka:1",
    init: false,
    requests: { cpu: 0.5, memory: GI },
    limits: { cpu: 2, memory: 2 * GI },
};

export const POD: PodDemand = {
    kind: "StatefulSet",
    name: "kafka",
    tier: "kafka",
    pods: 1,
    runs: "always",
    home: true,
    containers: [
        CONTAINER,
        { name: "prepare", image: "kafka:1", init: true, requests: { cpu: 0.1 }, limits: { cpu: 1 } },
    ],
    nodeSelector: {},
    tolerations: [],
    affinity: {},
    priorityClass: undefined,
};

export const OBJECT = {
    version: "v1",
    home: true,
    verbs: [],
    rules: [],
    serviceType: undefined,
    ingressClass: undefined,
};

const DEMANDS: Demands = {
    pods: [POD],
    claims: [{ names: ["data-kafka-0"], size: 2 * GI, storageClass: undefined }],
    objects: [
        { ...OBJECT, group: "apps", resource: "statefulsets", name: "kafka" },
        { ...OBJECT, group: "", resource: "services", name: "kafka", serviceType: "ClusterIP" },
        { ...OBJECT, group: "", resource: "services", name: "mlflow", serviceType: "NodePort" },
    ],
};

const NODE: NodeFacts = {
    name: "one",
    labels: { "kubernetes.io/arch": "amd64", pool: "flts" },
    taints: [],
    allocatable: { cpu: 4, memory: 8 * GI, pods: 110 },
    cordoned: false,
};

export const NAMESPACE: NamespaceFacts = {
    labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    quotas: known([]),
    limits: known([]),
    claims: known([]),
    services: known([]),
};

const FACTS: Facts = {
    user: "jane",
    namespace: known(NAMESPACE),
    nodes: known([NODE]),
    pods: known([]),
    storageClasses: known([{ name: "standard", isDefault: true }]),
    ingressClasses: known([]),
    priorityClasses: known([{ name: "batch", isDefault: false }]),
    groupVersions: known(["apps/v1", "networking.k8s.io/v1"]),
    gateway: known(undefined),
    gatewayClasses: known([]),
    denied: known([]),
    pullSecrets: new Map(),
    images: undefined,
    endpoints: [],
    secrets: new Map(),
    stores: [],
};

export interface Case {
    readonly settings?: SettingsTree;
    readonly facts?: Partial<Facts>;
    readonly demands?: Partial<Demands>;
}

export function found({ settings = {}, facts = {}, demands = {} }: Case): readonly Finding[] {
    const chosen = settingsOf({ namespace: { name: "team", create: false }, ...settings }, "test");
    return findingsOf(
        { ...FACTS, ...facts },
        { ...DEMANDS, ...demands },
        { settings: chosen, stack: "test", context: "elsewhere", skipped: [], preview: false },
    );
}

/** The one finding of a case; null for none. */
export function only(one: Case): string | null {
    const findings = found(one);
    assert.ok(findings.length <= 1, findings.map(({ message }) => message).join("\n"));
    const [finding] = findings;
    return finding === undefined ? null : `${finding.level}: ${finding.message}`;
}

export function quota(
    hard: Record<string, number>,
    used: Record<string, number> = {},
    more: object = {},
): Case {
    const quotas = known([{ name: "compute", hard, used, scopes: [], selector: [], ...more }]);
    return { facts: { namespace: known({ ...NAMESPACE, quotas }) } };
}

export function limit(type: string, bounds: object): Case {
    const limits = known([{ name: "bounds", type, min: {}, max: {}, ratio: {}, ...bounds }]);
    return { facts: { namespace: known({ ...NAMESPACE, limits }) } };
}

export function nodes(...changed: Partial<NodeFacts>[]): Case {
    return { facts: { nodes: known(changed.map((each) => ({ ...NODE, ...each }))) } };
}

export function pod(changed: Partial<PodDemand>): Case {
    return { demands: { pods: [{ ...POD, ...changed }] } };
}

export function required(key: string, operator: string, ...values: string[]): Case {
    const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }];
    return pod({
        affinity: {
            nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
        },
    });
}

export const OTHER_POD: PodFacts = {
    namespace: "team",
    instance: "other",
    node: "one",
    priorityClass: undefined,
    requests: { cpu: 3.8 },
    limits: {},
};

export const TAINT = { key: "dedicated", value: "gpu", effect: "NoSchedule" } as const;

/** Cases by name: what there is, and the finding that it must give; null for none. */
export type Cases = Readonly<Record<string, readonly [Case, RegExp | null]>>;

/** One test for each case. */
export function itChecks(subject: string, cases: Cases): void {
    for (const [name, [one, expected]] of Object.entries(cases)) {
        it(`the preflight ${expected === null ? "accepts" : "reports"} ${[subject, name].filter(Boolean).join(" ")}`, () => {
            const finding = only(one);
            if (expected === null) {
                assert.equal(finding, null);
            } else {
                assert.match(finding ?? "nothing was found", expected);
            }
        });
    }
}
