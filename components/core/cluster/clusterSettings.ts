/** A toleration as pods have it: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
    readonly key?: string | undefined;
    readonly operator?: string | undefined;
    readonly value?: string | undefined;
    readonly effect?: string | undefined;
    readonly tolerationSeconds?: number | undefined;
}

/** An affinity as pods have it; the API server checks what is in its parts. */
export interface Affinity {
    readonly nodeAffinity?: object | undefined;
    readonly podAffinity?: object | undefined;
    readonly podAntiAffinity?: object | undefined;
}

/** Plain keys and values, such as labels. */
export type Pairs = Readonly<Record<string, string>>;

/** Where the pods of a tier run, and the labels and annotations that the cluster requires on its objects. */
export interface Placement {
    readonly nodeSelector: Pairs;
    readonly tolerations: readonly Toleration[];
    /** Parts of an affinity; each replaces the one that the program declares. */
    readonly affinity: Affinity;
    readonly priorityClass?: string | undefined;
    readonly podLabels: Pairs;
    readonly podAnnotations: Pairs;
    readonly serviceAnnotations: Pairs;
    /** Networks that cloud load balancers admit; empty for all. */
    readonly sourceRanges: readonly string[];
    readonly serviceAccountAnnotations: Pairs;
    /** Ephemeral storage that each container requests and may use; undefined for the program's own amounts. */
    readonly ephemeralStorage: { readonly request?: string | undefined; readonly limit?: string | undefined };
}

/** An image pull secret, and the namespace that it is in. */
export interface PullSecret {
    readonly namespace: string;
    readonly name: string;
    /** Its name where pods are: that of a copy contains the stack's, as other stacks in the namespace copy it too. */
    readonly localName: string;
}

/** What the cluster requires of every pod. */
export interface ClusterSettings extends Placement {
    readonly pullSecrets: readonly PullSecret[];
    /** `fixed` declares numeric users; `assigned` leaves them to the cluster, as OpenShift's ranges want it. */
    readonly users: "fixed" | "assigned";
    readonly proxy: {
        readonly http?: string | undefined;
        readonly https?: string | undefined;
        /** Hosts that are reached directly, beside the cluster's own. */
        readonly exceptions: readonly string[];
    };
    /** ConfigMap with certificates of authorities that clients in pods trust. */
    readonly caBundle: { readonly configMap?: string | undefined; readonly key: string };
    /** Values of `kubernetes.io/arch` of the nodes that the images are built for; empty for any. */
    readonly architectures: readonly string[];
    readonly timeouts: {
        /** Seconds that an object may take to be ready; undefined for the provider's own. */
        readonly ready?: number | undefined;
    };
    /** Of the Services that the program declares itself. */
    readonly ipFamilyPolicy: "SingleStack" | "PreferDualStack" | "RequireDualStack";
    /** DNS domain of the cluster. */
    readonly domain: string;
    /** By name of a tier, what differs for it: pairs and lists are added to the cluster's, other values replace them. */
    readonly tiers: Readonly<Record<string, Placement>>;
}

/** The settings of a tier: the cluster's, overridden by its own. */
export function placementOf(settings: ClusterSettings, tier: string): Placement {
    const own = settings.tiers[tier];
    if (own === undefined) {
        return settings;
    }
    const merged = (key: "nodeSelector" | "podLabels" | "podAnnotations" | "serviceAnnotations"): Pairs => ({
        ...settings[key],
        ...own[key],
    });
    return {
        nodeSelector: merged("nodeSelector"),
        tolerations: [...settings.tolerations, ...own.tolerations],
        affinity: { ...settings.affinity, ...own.affinity },
        priorityClass: own.priorityClass ?? settings.priorityClass,
        podLabels: merged("podLabels"),
        podAnnotations: merged("podAnnotations"),
        serviceAnnotations: merged("serviceAnnotations"),
        sourceRanges: own.sourceRanges.length > 0 ? own.sourceRanges : settings.sourceRanges,
        serviceAccountAnnotations: {
            ...settings.serviceAccountAnnotations,
            ...own.serviceAccountAnnotations,
        },
        ephemeralStorage: { ...settings.ephemeralStorage, ...own.ephemeralStorage },
    };
}

/** Where the bundle of authorities is mounted. */
export const CA_DIRECTORY = "/etc/flts-ca";
export const CA_VOLUME = "cluster-ca";

/** Variables that the clients in the images take the file of authorities from: OpenSSL and Go, requests, botocore, curl. */
const CA_VARIABLES = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/**
 * Environment that the cluster's proxies and authorities ask for.
 *
 * @param services names of the stack's own Services, which pods use without a domain and no proxy can reach.
 */
export function clusterEnvironment(settings: ClusterSettings, services: Iterable<string>): Pairs {
    const { proxy, caBundle, domain } = settings;
    const { http, https } = proxy;
    const direct = ["localhost", "127.0.0.1", "::1", ".svc", `.${domain}`, ...services, ...proxy.exceptions];
    const proxies = {
        ...(http === undefined ? {} : { HTTP_PROXY: http }),
        ...(https === undefined ? {} : { HTTPS_PROXY: https }),
        ...(http === undefined && https === undefined ? {} : { NO_PROXY: direct.join(",") }),
    };
    return {
        ...proxies,
        // curl and some libraries read http_proxy in lower case alone.
        ...Object.fromEntries(Object.entries(proxies).map(([name, value]) => [name.toLowerCase(), value])),
        ...(caBundle.configMap === undefined
            ? {}
            : Object.fromEntries(CA_VARIABLES.map((name) => [name, `${CA_DIRECTORY}/${caBundle.key}`]))),
    };
}

/** Where a pod may run, in the form of both pods and charts, without what is not restricted. */
export interface Scheduling {
    readonly nodeSelector?: Record<string, string>;
    readonly tolerations?: Toleration[];
    readonly affinity?: Affinity;
    readonly priorityClassName?: string;
}

/** Where a pod may run, as the program declares it. */
export type DeclaredScheduling = Pick<Scheduling, "affinity" | "nodeSelector" | "tolerations">;

/** Where a pod may run, with what the settings replace and add. */
export function schedulingOf(
    declared: DeclaredScheduling,
    placement: Placement,
    architectures: readonly string[],
): Scheduling {
    const { priorityClass } = placement;
    const nodeSelector = { ...declared.nodeSelector, ...placement.nodeSelector };
    const tolerations = [...(declared.tolerations ?? []), ...placement.tolerations];
    const affinity = affinityOf(declared.affinity, placement, architectures);
    return {
        ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
        ...(tolerations.length === 0 ? {} : { tolerations }),
        ...(affinity === undefined ? {} : { affinity }),
        ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
    };
}

/** The affinity of a pod: what is declared, what the settings replace of it, and the images' architectures. */
function affinityOf(
    declared: Affinity | undefined,
    { affinity }: Placement,
    architectures: readonly string[],
): Affinity | undefined {
    const chosen: Affinity = { ...declared, ...affinity };
    if (architectures.length === 0) {
        return Object.keys(chosen).length === 0 ? undefined : chosen;
    }
    const built = { key: "kubernetes.io/arch", operator: "In", values: [...architectures] };
    return { ...chosen, nodeAffinity: requiring(chosen.nodeAffinity, built) };
}

interface NodeRequirement {
    readonly key: string;
    readonly operator: string;
    readonly values: string[];
}

interface NodeAffinity {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms: readonly { readonly matchExpressions?: readonly NodeRequirement[] }[];
    };
}

/** Terms are alternatives, so that the requirement is part of each. */
function requiring(affinity: NodeAffinity | undefined, requirement: NodeRequirement): NodeAffinity {
    const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
    return {
        ...affinity,
        requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: terms.map((term) => ({
                ...term,
                matchExpressions: [...(term.matchExpressions ?? []), requirement],
            })),
        },
    };
}
