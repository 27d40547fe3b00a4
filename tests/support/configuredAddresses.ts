import type * as kubernetes from "@pulumi/kubernetes";
import type { Settings } from "../../stacks/settings/parsed/settings";
import type { Recorded } from "./mocks";
import { containers, ofType, workloads, type Container } from "./objects";
import { OUTSIDE, targetsOf, tiersOf, type Target } from "./reachability";

type IngressSpec = kubernetes.types.output.networking.v1.IngressSpec;

/** `host:port` and `https://host`, the host perhaps with a user or a pod's name before it. */
const ADDRESS = /(?:(https?):\/\/)?([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)(?::(\d{2,5})(?!\d)|(?=[/",\s]|$))/g;
/** Variables with a host whose port is in another one; libpq: https://www.postgresql.org/docs/current/libpq-envars.html. */
const LIBPQ = { host: "PGHOST", port: "PGPORT", fallback: 5432 };
const KUBERNETES = { host: "kubernetes.default.svc", ports: [443, 6443] };
const KUBELET_PORT = 10_250;

interface Address {
    readonly host: string;
    readonly port: number;
}

interface ScrapeConfig {
    readonly params?: { readonly target: readonly string[] };
    readonly static_configs?: readonly { readonly targets: readonly string[] }[];
    readonly kubernetes_sd_configs?: readonly {
        readonly role: string;
        readonly selectors?: readonly { readonly label: string }[];
    }[];
    readonly relabel_configs?: readonly { readonly replacement?: string }[];
}

/** Connections that the configuration of pods asks for, as "client -> server:port", servers that are not pods last. */
export function configuredEdges(resources: readonly Recorded[], settings: Settings): string[] {
    const tiers = tiersOf(resources);
    const targets = targetsOf(resources, tiers);
    const own = publicHosts(resources);
    const found = tiers.flatMap(({ name, hasToken }) =>
        [
            ...addressesOf(resources, name).flatMap((address) => destination(address, targets, own)),
            ...(hasToken ? KUBERNETES.ports.map((port) => `${OUTSIDE}:${port}`) : []),
        ].map((server) => `${name} -> ${server}`),
    );
    return [
        ...new Set([...found, ...ofMonitoring(resources, targets, own, settings), ...ofClusters(resources)]),
    ].sort();
}

/** Texts of a tier's pods: commands, variables, and files that are mounted from ConfigMaps. */
function addressesOf(resources: readonly Recorded[], tier: string): Address[] {
    const pods = workloads(resources).filter(
        ({ template }) => template.metadata.labels["app.kubernetes.io/name"] === tier,
    );
    const variables = pods.flatMap((pod) =>
        containers(pod).map(({ env = [] }: Partial<Container>) =>
            Object.fromEntries(
                env
                    // A variable of a Secret has no value here. Whoever needs a proxy admits it: docs/clusters.md.
                    .filter((each) => "value" in each && !/_proxy$/i.test(each.name))
                    .map(({ name, value }) => [name, value]),
            ),
        ),
    );
    const commands = pods.flatMap((pod) => containers(pod).flatMap(({ command }) => command));
    const mounted = new Set(
        pods.flatMap(({ template }) =>
            template.spec.volumes.flatMap((volume) => ("configMap" in volume ? [volume.configMap.name] : [])),
        ),
    );
    const files = ofType(resources, "kubernetes:core/v1:ConfigMap")
        .filter(({ inputs }) => mounted.has((inputs.metadata as { name: string }).name))
        .flatMap(({ inputs }) => Object.entries((inputs.data ?? {}) as Record<string, string>))
        // Rules and dashboards are read by nobody who opens connections; the targets are read below.
        .filter(([file]) => !/^(prometheus\.json|.*\.yaml|(?!datasource).*\.json)$/.test(file))
        .map(([, text]) => text);
    const texts = [...commands, ...files, ...variables.flatMap((each) => Object.values(each))];
    return [
        ...texts.flatMap((text) => addressesIn(text)),
        ...variables.flatMap(({ [LIBPQ.host]: host, [LIBPQ.port]: port = LIBPQ.fallback }) =>
            host === undefined ? [] : [{ host, port: Number(port) }],
        ),
        // Locust's workers look for their master at its default port.
        ...commands.flatMap((part) => {
            const host = /^--master-host=(.+)$/.exec(part)?.[1];
            return host === undefined ? [] : [{ host, port: 5557 }];
        }),
    ];
}

function addressesIn(text: string): Address[] {
    return [...text.matchAll(ADDRESS)].flatMap(([, scheme, host = "", port]) =>
        port === undefined && scheme === undefined
            ? []
            : [{ host, port: port === undefined ? (scheme === "https" ? 443 : 80) : Number(port) }],
    );
}

/** Pods behind a Service of the stack, or a port outside; nothing for what is on the pod itself. */
function destination(
    { host, port }: Address,
    targets: readonly Target[],
    own: ReadonlySet<string>,
): string[] {
    const [first = "", second = ""] = host.split(".");
    // Pods of a headless Service have their names before its own.
    for (const service of [first, second]) {
        const target = targets.find((each) => each.service === service && each.port === port);
        if (target !== undefined && !(service === first && host.endsWith(".svc"))) {
            return [`${target.tier}:${target.containerPort}`];
        }
    }
    if (host === KUBERNETES.host) {
        return KUBERNETES.ports.map((each) => `${OUTSIDE}:${each}`);
    }
    const isOutside = /\.(example|svc)$/.test(host) && !own.has(host);
    return isOutside ? [`${OUTSIDE}:${port}`] : [];
}

/** Hosts under which the stack's own pages are reached. */
function publicHosts(resources: readonly Recorded[]): ReadonlySet<string> {
    return new Set(
        ofType(resources, "kubernetes:networking.k8s.io/v1:Ingress").flatMap(({ inputs }) =>
            (inputs.spec as IngressSpec).rules.map(({ host }) => host),
        ),
    );
}

/** Whom Prometheus scrapes and the prober asks, by Prometheus' configuration, and the receiver of alerts. */
function ofMonitoring(
    resources: readonly Recorded[],
    targets: readonly Target[],
    own: ReadonlySet<string>,
    { monitoring }: Settings,
): string[] {
    const text = ofType(resources, "kubernetes:core/v1:ConfigMap")
        .flatMap(({ inputs }) => Object.entries((inputs.data ?? {}) as Record<string, string>))
        .find(([file]) => file === "prometheus.json")?.[1];
    if (text === undefined) {
        return [];
    }
    const { scrape_configs, alerting } = JSON.parse(text) as {
        scrape_configs: ScrapeConfig[];
        alerting: object;
    };
    const to = (client: string, of: unknown): string[] =>
        addressesIn(JSON.stringify(of))
            .flatMap((address) => destination(address, targets, own))
            .map((server) => `${client} -> ${server}`);
    return [
        ...to("prometheus", [alerting, scrape_configs.map(({ static_configs }) => static_configs)]),
        ...to(
            "blackbox-exporter",
            scrape_configs.map(({ params }) => params),
        ),
        ...scrape_configs.flatMap(({ kubernetes_sd_configs = [], relabel_configs = [] }) =>
            kubernetes_sd_configs.flatMap(({ role, selectors = [] }) => {
                const tier = /app\.kubernetes\.io\/name=([^,]+)/.exec(selectors[0]?.label ?? "")?.[1];
                const port = relabel_configs.flatMap(
                    ({ replacement = "" }) => /^\$1:(\d+)$/.exec(replacement)?.[1] ?? [],
                );
                return role === "node"
                    ? [`prometheus -> ${OUTSIDE}:${KUBELET_PORT}`]
                    : [`prometheus -> ${String(tier)}:${String(port)}`];
            }),
        ),
        // The receiver's address is a secret; its port is a setting.
        ...(monitoring.webhook.existingSecret === undefined
            ? []
            : [`alertmanager -> ${OUTSIDE}:${monitoring.webhook.port}`]),
    ];
}

/** Servers that find their peers by the chart's own templates. */
function ofClusters(resources: readonly Recorded[]): string[] {
    return ofType(resources, "kubernetes:helm.sh/v3:Release").flatMap(({ inputs }) =>
        (inputs.values as { mode: string }).mode === "distributed" ? ["minio -> minio:9000"] : [],
    );
}

/** Ports of pods behind what leads in from outside: exposed Services, and the backends of the Ingress. */
export function entrances(resources: readonly Recorded[]): { exposed: string[]; backends: string[] } {
    const targets = targetsOf(resources, tiersOf(resources));
    const portOf = ({ tier, containerPort }: Target): string => `${tier}:${containerPort}`;
    const backends = ofType(resources, "kubernetes:networking.k8s.io/v1:Ingress")
        .flatMap(({ inputs }) => (inputs.spec as IngressSpec).rules)
        .flatMap(({ http }) => http.paths.map(({ backend }) => backend.service.name));
    return {
        exposed: targets
            .filter(({ isExposed }) => isExposed)
            .map(portOf)
            .sort(),
        backends: targets
            .filter(({ service }) => backends.includes(service))
            .map(portOf)
            .sort(),
    };
}
