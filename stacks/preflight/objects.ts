import { certificateAt } from "../../components/gateway/entrance";
import type { Settings } from "../settings/parsed/settings";
import type { Demands } from "./demands";
import type { ClassFacts, Facts, PullSecretFacts } from "./facts";
import { gatewayFindings, missingGatewayApi } from "./gateway";
import { error, listed, namesOf, warning, whenKnown, type Finding } from "./finding";

/** Label of a namespace with the Pod Security Standard that is enforced for its pods. */
const POD_SECURITY = "pod-security.kubernetes.io/enforce";

/** Type of Secrets that the kubelet pulls images with. */
const PULL_SECRET_TYPE = "kubernetes.io/dockerconfigjson";
/** Its predecessor, with which images are pulled too. */
const OLD_PULL_SECRET_TYPE = "kubernetes.io/dockercfg";

type Chosen = Pick<Settings, "namespace" | "storageClass" | "cluster" | "ingress">;

/** What the settings name, or the stack needs, and the cluster does not have. */
export function objectFindings(facts: Facts, demands: Demands, settings: Chosen): readonly Finding[] {
    const { namespace, cluster } = settings;
    const { labels, claims } = namespaceParts(facts);
    return [
        ...(namespace.create
            ? []
            : whenKnown(`the namespace ${namespace.name}`, facts.namespace, () =>
                  namespaceFindings(namespace.name, labels),
              )),
        ...whenKnown("storage classes", facts.storageClasses, (classes) =>
            storageClassFindings(classes, demands, claims, settings.storageClass),
        ),
        ...whenKnown("priority classes", facts.priorityClasses, (classes) =>
            priorityClassFindings(classes, demands),
        ),
        ...whenKnown("Ingress classes", facts.ingressClasses, (classes) =>
            ingressClassFindings(classes, demands),
        ),
        ...whenKnown("the cluster's API groups", facts.groupVersions, (served) =>
            groupFindings(served, demands, settings),
        ),
        ...gatewayFindings(facts, settings),
        ...cluster.pullSecrets.flatMap((reference) => {
            const secret = facts.pullSecrets.get(reference);
            return secret === undefined
                ? []
                : whenKnown(`flts:cluster.pullSecrets = "${reference}"`, secret, (found) =>
                      pullSecretFindings(reference, namespace.name, found),
                  );
        }),
    ];
}

function namespaceParts({ namespace }: Facts): {
    readonly labels: Readonly<Record<string, string>> | undefined;
    readonly claims: readonly string[];
} {
    const found = namespace.known ? namespace.value : undefined;
    return { labels: found?.labels, claims: found?.claims.known === true ? found.claims.value : [] };
}

/**
 * What a namespace lacks that the stack uses and did not create. Nothing of it is changed.
 *
 * @param labels undefined where there is no such namespace.
 */
export function namespaceFindings(
    name: string,
    labels: Readonly<Record<string, string>> | undefined,
): readonly Finding[] {
    if (labels === undefined) {
        return [
            error(
                `flts:namespace.create = false: the cluster has no namespace "${name}". Create it with ` +
                    `\`kubectl create namespace ${name}\`, or set flts:namespace.create to true`,
            ),
        ];
    }
    const level = labels[POD_SECURITY];
    return level === "restricted"
        ? []
        : [
              warning(
                  `The namespace ${name} ${level === undefined ? "holds pods to no Pod Security Standard" : `admits pods of the Pod Security Standard ${level}`}; ` +
                      "this stack's pods pass restricted. It is not changed; its owner can set it: " +
                      `\`kubectl label namespace ${name} ${POD_SECURITY}=restricted\`.`,
              ),
          ];
}

function storageClassFindings(
    classes: readonly ClassFacts[],
    { claims, objects }: Demands,
    existing: readonly string[],
    setting: string | undefined,
): readonly Finding[] {
    const own = objects.filter(({ resource }) => resource === "storageclasses").map(({ name }) => name);
    const fresh = claims.filter(({ names }) => names.some((name) => !existing.includes(name)));
    const unknown = [...new Set(fresh.flatMap(({ storageClass }) => storageClass ?? []))].filter(
        (name) => !own.includes(name) && !classes.some((each) => each.name === name),
    );
    const withoutClass = fresh.filter(({ storageClass }) => storageClass === undefined);
    return [
        ...unknown.map((name) =>
            error(
                `${setting === name ? `flts:storageClass = "${name}"` : `a claim's storageClassName = "${name}"`}: the cluster ` +
                    `has no such storage class; it has: ${namesOf(classes)}`,
            ),
        ),
        ...(withoutClass.length > 0 && !classes.some(({ isDefault }) => isDefault)
            ? [
                  error(
                      `flts:storageClass is not set, and the cluster has no default storage class, so that the claims ` +
                          `${listed(withoutClass.map(({ names }) => names[0] ?? ""))} would wait forever; set it to one of: ${namesOf(classes)}`,
                  ),
              ]
            : []),
    ];
}

function priorityClassFindings(classes: readonly ClassFacts[], { pods }: Demands): readonly Finding[] {
    const unknown = [...new Set(pods.flatMap(({ priorityClass }) => priorityClass ?? []))].filter(
        (name) => !classes.some((each) => each.name === name),
    );
    return unknown.map((name) => {
        const of = pods.filter(({ priorityClass }) => priorityClass === name).map((pod) => pod.tier);
        return error(
            `flts:cluster.priorityClass = "${name}" (pods of ${listed([...new Set(of)])}): the cluster has no such priority ` +
                `class, and admits no pod with it; it has: ${namesOf(classes)}`,
        );
    });
}

/** A controller, and its class, may be installed later: everything but the way in from outside works without. */
function ingressClassFindings(classes: readonly ClassFacts[], { objects }: Demands): readonly Finding[] {
    const named = [...new Set(objects.flatMap(({ ingressClass }) => ingressClass ?? []))];
    return named
        .filter((name) => !classes.some((each) => each.name === name))
        .map((name) =>
            warning(
                `flts:ingress.className = "${name}": the cluster has no such Ingress class, so that no controller serves the ` +
                    `hosts; it has: ${namesOf(classes)}`,
            ),
        );
}

function groupFindings(
    served: readonly string[],
    { objects }: Demands,
    { ingress }: Chosen,
): readonly Finding[] {
    const versioned = objects
        .filter(({ group }) => group !== "")
        .map((object) => ({ ...object, groupVersion: `${object.group}/${object.version}` }));
    const missing = [...new Set(versioned.map(({ groupVersion }) => groupVersion))].filter(
        (groupVersion) => !served.includes(groupVersion),
    );
    const serves = (group: string): boolean => served.some((each) => each.startsWith(`${group}/`));
    const certificate = ingress.enabled ? certificateAt(ingress.entrance) : undefined;
    const issuer = certificate?.from === "issuer" ? certificate.clusterIssuer : undefined;
    const scales = objects.some(({ resource }) => resource === "horizontalpodautoscalers");
    return [
        ...missing.map((groupVersion) => {
            const resources = versioned
                .filter((object) => object.groupVersion === groupVersion)
                .map(({ resource }) => resource);
            return error(
                missingGatewayApi(groupVersion, ingress) ??
                    `the cluster does not serve ${groupVersion}, which the settings need for ` +
                        `${listed([...new Set(resources)])}; install its CRDs, or change the settings that ask for them`,
            );
        }),
        ...(issuer !== undefined && !serves("cert-manager.io")
            ? [
                  warning(
                      `flts:ingress.tls.clusterIssuer = "${issuer}": the cluster has no cert-manager, so nothing creates the ` +
                          "certificate; install it, or set flts:ingress.tls.secretName",
                  ),
              ]
            : []),
        ...(scales && !serves("metrics.k8s.io")
            ? [
                  warning(
                      "flts:inference.autoscaling.enabled = true: the cluster serves no metrics.k8s.io, so that the number of " +
                          "pods stays at minReplicas; install metrics-server",
                  ),
              ]
            : []),
    ];
}

function pullSecretFindings(reference: string, home: string, { type }: PullSecretFacts): readonly Finding[] {
    const place = reference.includes("/") ? reference : `${home}/${reference}`;
    const [namespace = "", name = ""] = place.split("/");
    if (type === undefined) {
        return [
            error(
                `flts:cluster.pullSecrets = "${reference}": the namespace ${namespace} has no Secret "${name}"; create it with ` +
                    `\`kubectl --namespace ${namespace} create secret docker-registry ${name} --docker-server=<host> --docker-username=<user> --docker-password=<password>\``,
            ),
        ];
    }
    return [PULL_SECRET_TYPE, OLD_PULL_SECRET_TYPE].includes(type)
        ? []
        : [
              error(
                  `flts:cluster.pullSecrets = "${reference}": the Secret is of type ${type}, with which images cannot be pulled; create ` +
                      `one of type ${PULL_SECRET_TYPE} (\`kubectl create secret docker-registry\`)`,
              ),
          ];
}
