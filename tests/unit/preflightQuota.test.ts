import { known } from "../../stacks/preflight/finding";
import { GI, NAMESPACE, OTHER_POD, itChecks, limit, pod, quota, type Cases } from "../support/preflight";

const QUOTAS: Cases = {
    "that is large enough": [quota({ "requests.cpu": 1, pods: 1, "limits.memory": 2 * GI }), null],
    "of too little CPU": [
        quota({ "requests.cpu": 0.4 }),
        /^error: flts:namespace\.name = "team": ResourceQuota compute leaves 400m of requests\.cpu .*needs 500m \(most of it: kafka 500m\); raise it to 500m, or lower flts:kafka\.resources\.requests\.cpu/,
    ],
    "under the short name of a request": [quota({ cpu: 0.4 }), /leaves 400m of cpu/],
    "that other pods have used": [
        quota({ "limits.memory": 3 * GI }, { "limits.memory": 2 * GI }),
        /leaves 1Gi of limits\.memory .*needs 2Gi.*raise it to 4Gi, or lower flts:kafka\.resources\.limits\.memory/,
    ],
    "that the stack itself has used": [
        {
            facts: {
                ...quota({ "requests.cpu": 0.5 }, { "requests.cpu": 0.5 }).facts,
                pods: known([{ ...OTHER_POD, instance: "test", requests: { cpu: 0.5 } }]),
            },
        },
        null,
    ],
    "of too few pods": [quota({ pods: 0 }), /leaves 0 of pods .*needs 1/],
    "of pods by their count": [quota({ "count/pods": 0 }), /leaves 0 of count\/pods .*needs 1/],
    "of too few claims": [quota({ persistentvolumeclaims: 0 }), /leaves 0 of persistentvolumeclaims/],
    "of too little storage": [quota({ "requests.storage": GI }), /leaves 1Gi of requests\.storage .*2Gi/],
    "of no storage in a class": [
        {
            ...quota({ "standard.storageclass.storage.k8s.io/requests.storage": GI }),
            demands: { claims: [{ names: ["a"], size: 2 * GI, storageClass: "standard" }] },
        },
        /leaves 1Gi of standard\.storageclass/,
    ],
    "whose claims are there": [
        {
            facts: {
                namespace: known({
                    ...NAMESPACE,
                    claims: known(["data-kafka-0"]),
                    quotas: known([
                        {
                            name: "compute",
                            hard: { persistentvolumeclaims: 1 },
                            used: { persistentvolumeclaims: 1 },
                            scopes: [],
                            selector: [],
                        },
                    ]),
                }),
            },
        },
        null,
    ],
    "of no node ports": [quota({ "services.nodeports": 0 }), /services\.nodeports .*needs 1/],
    "of objects that the stack does not have": [
        quota({ "count/jobs.batch": 0, "requests.nvidia.com/gpu": 0 }),
        null,
    ],
    "for pods without requests": [quota({ pods: 0 }, {}, { scopes: ["BestEffort"] }), null],
    "for pods without a deadline": [quota({ pods: 0 }, {}, { scopes: ["NotTerminating"] }), /pods/],
    "for another priority class": [
        quota(
            { pods: 0 },
            {},
            {
                selector: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }],
            },
        ),
        null,
    ],
    "for the pods' priority class": [
        {
            ...quota(
                { pods: 0 },
                {},
                {
                    selector: [{ scopeName: "PriorityClass", operator: "In", values: ["batch"] }],
                },
            ),
            ...pod({ priorityClass: "batch" }),
        },
        /pods/,
    ],
    "that may not be read": [
        { facts: { namespace: known({ ...NAMESPACE, quotas: { known: false, reason: "forbidden" } }) } },
        /^unchecked: not checked: ResourceQuotas of the namespace team \(forbidden\)/,
    ],
};

const LIMIT_RANGES: Cases = {
    "with room": [limit("Container", { max: { cpu: 2 }, min: { cpu: 0.1 } }), null],
    "below a container's limit": [
        limit("Container", { max: { memory: GI } }),
        /^error: .*LimitRange bounds allows at most 1Gi memory for a container, and container kafka of StatefulSet kafka has 2Gi; change flts:kafka\.resources\.limits\.memory/,
    ],
    "above a container's request": [
        limit("Container", { min: { memory: 2 * GI } }),
        /asks for at least 2Gi memory .*change flts:kafka\.resources\.requests\.memory/,
    ],
    "of a ratio": [limit("Container", { ratio: { memory: 1.5 } }), /at most 1\.5 times the request/],
    "below a pod's limit": [limit("Pod", { max: { cpu: 1.5 } }), /a pod of StatefulSet kafka has 2/],
    "below a claim": [
        limit("PersistentVolumeClaim", { max: { storage: GI } }),
        /at most 1Gi storage for a claim, and claim data-kafka-0 asks for 2Gi/,
    ],
    "of images": [limit("openshift.io/Image", { max: { storage: 1 } }), null],
};

describe("the preflight", () => {
    itChecks("a ResourceQuota", QUOTAS);
    itChecks("a LimitRange", LIMIT_RANGES);
});
