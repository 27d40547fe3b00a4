import { known } from "../../stacks/preflight/finding";
import { OBJECT, NAMESPACE, itChecks, pod, type Cases } from "../support/preflight";

const NAMED: Cases = {
    "a missing storage class": [
        {
            settings: { storageClass: "fast" },
            demands: { claims: [{ names: ["a"], size: 1, storageClass: "fast" }] },
        },
        /^error: flts:storageClass = "fast": the cluster has no such storage class; it has: standard/,
    ],
    "a storage class that the stack creates": [
        {
            demands: {
                claims: [{ names: ["a"], size: 1, storageClass: "team-retain" }],
                objects: [
                    {
                        ...OBJECT,
                        group: "apps",
                        resource: "storageclasses",
                        name: "team-retain",
                    },
                ],
            },
        },
        null,
    ],
    "no default storage class": [
        { facts: { storageClasses: known([{ name: "fast", isDefault: false }]) } },
        /flts:storageClass is not set, and the cluster has no default .*data-kafka-0 .*set it to one of: fast/,
    ],
    "an existing claim": [
        {
            facts: {
                storageClasses: known([]),
                namespace: known({ ...NAMESPACE, claims: known(["data-kafka-0"]) }),
            },
        },
        null,
    ],
    "a missing priority class": [
        pod({ priorityClass: "urgent" }),
        /^error: flts:cluster\.priorityClass = "urgent" \(pods of kafka\): .*it has: batch/,
    ],
    "a priority class": [pod({ priorityClass: "batch" }), null],
    "a missing Ingress class": [
        {
            demands: {
                objects: [
                    {
                        ...OBJECT,
                        group: "networking.k8s.io",
                        resource: "ingresses",
                        name: "flts",
                        ingressClass: "nginx",
                    },
                ],
            },
        },
        /^warning: flts:ingress\.className = "nginx": the cluster has no such Ingress class/,
    ],
    "an API group that is not served": [
        { demands: { objects: [{ ...OBJECT, group: "example.com", resource: "things", name: "x" }] } },
        /^error: the cluster does not serve example\.com\/v1, .*things; install its CRDs/,
    ],
    "another version of an API group": [
        {
            demands: {
                objects: [{ ...OBJECT, group: "autoscaling", version: "v2", resource: "scalers", name: "x" }],
            },
            facts: { groupVersions: known(["autoscaling/v1"]) },
        },
        /^error: the cluster does not serve autoscaling\/v2, which the settings need for scalers/,
    ],
    "a missing pull secret": [
        {
            settings: { cluster: { pullSecrets: ["registries/login"] } },
            facts: {
                pullSecrets: new Map([["registries/login", known({ type: undefined, logins: {} })]]),
            },
        },
        /^error: flts:cluster\.pullSecrets = "registries\/login": the namespace registries has no Secret "login"; create it with `kubectl --namespace registries/,
    ],
    "a pull secret of another type": [
        {
            settings: { cluster: { pullSecrets: ["login"] } },
            facts: { pullSecrets: new Map([["login", known({ type: "Opaque", logins: {} })]]) },
        },
        /the Secret is of type Opaque, with which images cannot be pulled; create one of type kubernetes\.io\/dockerconfigjson/,
    ],
    "a pull secret": [
        {
            settings: { cluster: { pullSecrets: ["login"] } },
            facts: {
                pullSecrets: new Map([
                    ["login", known({ type: "kubernetes.io/dockerconfigjson", logins: {} })],
                ]),
            },
        },
        null,
    ],
    "a missing namespace": [
        { facts: { namespace: known(undefined) } },
        /^error: flts:namespace\.create = false: the cluster has no namespace "team"/,
    ],
};

const PERMISSIONS: Cases = {
    "that are missing in the namespace": [
        {
            facts: {
                denied: known([
                    { group: "apps", resource: "deployments", verb: "create", namespace: "team" },
                    { group: "apps", resource: "deployments", verb: "patch", namespace: "team" },
                    { group: "", resource: "secrets", verb: "create", namespace: "team" },
                    { group: "", resource: "secrets", verb: "patch", namespace: "team" },
                ]),
            },
        },
        /^error: kubernetes:context = "elsewhere": jane may not create\/patch deployments\.apps, secrets in the namespace team; have an administrator grant it: kubectl --namespace team create rolebinding flts --clusterrole=admin --user=jane$/,
    ],
    "for a subresource": [
        {
            facts: {
                denied: known([
                    { group: "apps", resource: "statefulsets/scale", verb: "update", namespace: "team" },
                    { group: "", resource: "pods/portforward", verb: "create", namespace: "team" },
                ]),
            },
        },
        /jane may not update statefulsets\.apps\/scale; create pods\/portforward in the namespace team; /,
    ],
    "that are missing in the whole cluster": [
        {
            facts: {
                user: "system:serviceaccount:ci:deployer",
                denied: known([
                    {
                        group: "storage.k8s.io",
                        resource: "storageclasses",
                        verb: "create",
                        namespace: undefined,
                    },
                ]),
            },
        },
        /system:serviceaccount:ci:deployer may not create storageclasses\.storage\.k8s\.io in the whole cluster; .*or set flts:volumes\.retain to false/,
    ],
};

describe("the preflight", () => {
    itChecks("", NAMED);
    itChecks("permissions", PERMISSIONS);
});
