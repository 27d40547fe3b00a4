import type * as kubernetesClient from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { apiReason } from "../../components/access/apiReason";
import { loadCluster } from "../../components/access/cluster";
import { existing } from "../../components/access/readable";
import { secretValues } from "../../components/access/secretValues";
import type { ApiRequest } from "../../components/core/cluster/apiRequests";
import { amounts, podAmounts } from "./demands";
import type { ClusterFacts, LimitFacts, NamespaceFacts, NodeFacts, PodFacts, QuotaFacts } from "./facts";
import { known, type Known } from "./finding";
import { EVERYTHING } from "./permissions";
import { readGateway, readGatewayClasses } from "./readGateway";
import { readPullSecret } from "./pullSecret";

/** Pods above which a cluster's are not counted: the answer would take longer than the rest of the preview. */
const MOST_PODS = 3000;

const INSTANCE = "app.kubernetes.io/instance";
const DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class";
const DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class";

interface Questions {
    readonly namespace: string;
    readonly access: readonly ApiRequest[];
    /** References as `cluster.pullSecrets` has them. */
    readonly pullSecrets: readonly string[];
    /** Names of Secrets in the namespace, which are read. */
    readonly secrets: readonly string[];
    /** A Gateway that the settings say exists. */
    readonly gateway: { readonly name: string; readonly namespace: string } | undefined;
}

/** Reads everything at once; what the user may not read is known to be unknown. */
export async function readFacts(context: string, questions: Questions): Promise<ClusterFacts> {
    const { client, config } = await loadCluster(context);
    const core = config.makeApiClient(client.CoreV1Api);
    const networking = config.makeApiClient(client.NetworkingV1Api);
    const storage = config.makeApiClient(client.StorageV1Api);
    const scheduling = config.makeApiClient(client.SchedulingV1Api);
    const apis = config.makeApiClient(client.ApisApi);
    const custom = config.makeApiClient(client.CustomObjectsApi);
    const attempt = async <T>(read: () => Promise<T>): Promise<Known<T>> => {
        try {
            return known(await read());
        } catch (failure) {
            return { known: false, reason: apiReason(failure) };
        }
    };
    const { namespace, access, gateway: asked } = questions;
    const [
        user,
        home,
        nodes,
        pods,
        storageClasses,
        ingressClasses,
        priorityClasses,
        groupVersions,
        gateway,
        gatewayClasses,
        denied,
        pullSecrets,
        secrets,
    ] = await Promise.all([
        readUser(client, config),
        attempt(() => readNamespace(core, client, namespace, attempt)),
        attempt(async () => (await core.listNode()).items.map(nodeFacts)),
        attempt(() => readPods(core)),
        attempt(async () =>
            (await storage.listStorageClass()).items.map((each) => classFacts(each, DEFAULT_STORAGE)),
        ),
        attempt(async () =>
            (await networking.listIngressClass()).items.map((each) => classFacts(each, DEFAULT_INGRESS)),
        ),
        attempt(async () => (await scheduling.listPriorityClass()).items.map((each) => classFacts(each, ""))),
        attempt(async () =>
            (await apis.getAPIVersions()).groups.flatMap(({ versions }) =>
                versions.map(({ groupVersion }) => groupVersion),
            ),
        ),
        attempt(async () => (asked === undefined ? undefined : readGateway(custom, client, asked))),
        attempt(() => readGatewayClasses(custom, client)),
        attempt(() => readDenied(client, config, access)),
        eachOf(questions.pullSecrets, (reference) =>
            attempt(() => readPullSecret(core, client, reference, namespace)),
        ),
        eachOf(questions.secrets, (name) => attempt(() => secretValues({ client, config }, namespace, name))),
    ]);
    return {
        user,
        namespace: home,
        nodes,
        pods,
        storageClasses,
        ingressClasses,
        priorityClasses,
        groupVersions,
        gateway,
        gatewayClasses,
        denied,
        pullSecrets,
        secrets,
    };
}

async function eachOf<T>(
    names: readonly string[],
    read: (name: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
    return new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
}

type Client = typeof kubernetesClient;
type Attempt = <T>(read: () => Promise<T>) => Promise<Known<T>>;

/** Who the API server takes this user for; a kubeconfig may only have a certificate or a token. */
async function readUser(client: Client, config: kubernetesClient.KubeConfig): Promise<string> {
    try {
        const api = config.makeApiClient(client.AuthenticationV1Api);
        const { status } = await api.createSelfSubjectReview({ body: new client.V1SelfSubjectReview() });
        return status?.userInfo?.username ?? "this user";
    } catch {
        return "this user";
    }
}

async function readNamespace(
    core: kubernetesClient.CoreV1Api,
    client: Client,
    namespace: string,
    attempt: Attempt,
): Promise<NamespaceFacts | undefined> {
    const found = await existing({ client }, () => core.readNamespace({ name: namespace }));
    if (found === undefined) {
        return undefined;
    }
    const [quotas, limits, claims, services] = await Promise.all([
        attempt(async () => (await core.listNamespacedResourceQuota({ namespace })).items.map(quotaFacts)),
        attempt(async () => (await core.listNamespacedLimitRange({ namespace })).items.flatMap(limitFacts)),
        attempt(async () => namesOf((await core.listNamespacedPersistentVolumeClaim({ namespace })).items)),
        attempt(async () => namesOf((await core.listNamespacedService({ namespace })).items)),
    ]);
    return { labels: found.metadata?.labels ?? {}, quotas, limits, claims, services };
}

interface Named {
    readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
}

function namesOf(objects: readonly Named[]): string[] {
    return objects.map(({ metadata }) => metadata?.name ?? "");
}

function classFacts({ metadata }: Named, annotation: string): { name: string; isDefault: boolean } {
    return { name: metadata?.name ?? "", isDefault: metadata?.annotations?.[annotation] === "true" };
}

function nodeFacts({ metadata, spec, status }: kubernetesClient.V1Node): NodeFacts {
    return {
        name: metadata?.name ?? "",
        labels: metadata?.labels ?? {},
        taints: (spec?.taints ?? []).map(({ key, value = "", effect }) => ({ key, value, effect })),
        allocatable: amounts(status?.allocatable),
        cordoned: spec?.unschedulable === true,
    };
}

async function readPods(core: kubernetesClient.CoreV1Api): Promise<readonly PodFacts[]> {
    const { items, metadata } = await core.listPodForAllNamespaces({
        fieldSelector: "status.phase!=Succeeded,status.phase!=Failed",
        limit: MOST_PODS,
    });
    if (metadata?._continue !== undefined && metadata._continue !== "") {
        throw new Error(`the cluster has more than ${MOST_PODS} pods`);
    }
    return items.filter((pod) => pod.metadata?.deletionTimestamp === undefined).map(podFacts);
}

function podFacts({ metadata, spec }: kubernetesClient.V1Pod): PodFacts {
    const containers = (all: readonly kubernetesClient.V1Container[], init: boolean) =>
        all.map(({ name, image = "", resources }) => ({
            name,
            image,
            init,
            requests: amounts(resources?.requests),
            limits: amounts(resources?.limits),
        }));
    const demand = [
        ...containers(spec?.initContainers ?? [], true),
        ...containers(spec?.containers ?? [], false),
    ];
    return {
        namespace: metadata?.namespace ?? "",
        instance: metadata?.labels?.[INSTANCE] ?? "",
        node: spec?.nodeName,
        priorityClass: spec?.priorityClassName,
        requests: podAmounts({ containers: demand }, "requests"),
        limits: podAmounts({ containers: demand }, "limits"),
    };
}

function quotaFacts({ metadata, spec, status }: kubernetesClient.V1ResourceQuota): QuotaFacts {
    return {
        name: metadata?.name ?? "",
        hard: amounts(spec?.hard),
        used: amounts(status?.used),
        scopes: spec?.scopes ?? [],
        selector: (spec?.scopeSelector?.matchExpressions ?? []).map(
            ({ scopeName, operator, values = [] }) => ({
                scopeName,
                operator,
                values,
            }),
        ),
    };
}

function limitFacts({ metadata, spec }: kubernetesClient.V1LimitRange): LimitFacts[] {
    return (spec?.limits ?? []).map(({ type, min, max, maxLimitRequestRatio }) => ({
        name: metadata?.name ?? "",
        type,
        min: amounts(min),
        max: amounts(max),
        ratio: amounts(maxLimitRequestRatio),
    }));
}

/** Of these questions, those with the answer no. Who may do everything is asked once. */
async function readDenied(
    client: Client,
    config: kubernetesClient.KubeConfig,
    questions: readonly ApiRequest[],
): Promise<readonly ApiRequest[]> {
    const api = config.makeApiClient(client.AuthorizationV1Api);
    const isAllowed = async ({ group, resource: named, verb, namespace }: ApiRequest): Promise<boolean> => {
        const [resource, subresource] = named.split("/");
        const resourceAttributes = Object.assign(new client.V1ResourceAttributes(), {
            group,
            resource,
            verb,
            ...(subresource === undefined ? {} : { subresource }),
            ...(namespace === undefined ? {} : { namespace }),
        });
        const spec = Object.assign(new client.V1SelfSubjectAccessReviewSpec(), { resourceAttributes });
        const body = Object.assign(new client.V1SelfSubjectAccessReview(), { spec });
        const { status } = await api.createSelfSubjectAccessReview({ body });
        return status?.allowed === true;
    };
    if (await isAllowed(EVERYTHING)) {
        return [];
    }
    const answers = await Promise.all(questions.map(isAllowed));
    return questions.filter((_, index) => answers[index] === false);
}
