import { known } from "../../stacks/preflight/finding";
import {
    GI,
    CONTAINER,
    OTHER_POD,
    TAINT,
    itChecks,
    nodes,
    pod,
    required,
    type Cases,
} from "../support/preflight";

const NODES: Cases = {
    "with too little memory": [
        nodes({ allocatable: { cpu: 4, memory: GI / 2 } }),
        /^error: no node takes the pods of StatefulSet kafka: of node one, a pod requests 1Gi memory, and 512Mi is allocatable; lower flts:kafka\.resources\.requests\.memory, or add such a node/,
    ],
    "of which one is large enough": [nodes({ allocatable: { cpu: 0.1 } }, { name: "two" }), null],
    "without the resource": [
        pod({ containers: [{ ...CONTAINER, requests: { "nvidia.com/gpu": 1 } }] }),
        /a pod requests 1 nvidia\.com\/gpu, and 0 is allocatable/,
    ],
    "without the selected label": [
        pod({ nodeSelector: { pool: "training" } }),
        /it has not the label pool=training; correct flts:cluster\.nodeSelector/,
    ],
    "with a taint": [
        nodes({ taints: [TAINT] }),
        /it has the taint dedicated=gpu:NoSchedule; tolerate it with flts:cluster\.tolerations/,
    ],
    "with a tolerated taint": [
        { ...nodes({ taints: [TAINT] }), ...pod({ tolerations: [{ key: "dedicated", value: "gpu" }] }) },
        null,
    ],
    "with a taint of another value": [
        { ...nodes({ taints: [TAINT] }), ...pod({ tolerations: [{ key: "dedicated", value: "cpu" }] }) },
        /taint/,
    ],
    "with a taint of another effect": [
        {
            ...nodes({ taints: [TAINT] }),
            ...pod({ tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoExecute" }] }),
        },
        /taint/,
    ],
    "whose taints are all tolerated": [
        { ...nodes({ taints: [TAINT] }), ...pod({ tolerations: [{ operator: "Exists" }] }) },
        null,
    ],
    "with a taint that is a preference": [
        nodes({ taints: [{ ...TAINT, effect: "PreferNoSchedule" }] }),
        null,
    ],
    "that are not ready yet": [nodes({ taints: [{ ...TAINT, key: "node.kubernetes.io/not-ready" }] }), null],
    "that are cordoned": [nodes({ cordoned: true }), /it is cordoned; kubectl uncordon one/],
    "of another architecture": [
        required("kubernetes.io/arch", "In", "arm64"),
        /required node affinity kubernetes\.io\/arch In arm64; correct flts:cluster\.architectures/,
    ],
    "of one of the architectures": [required("kubernetes.io/arch", "In", "arm64", "amd64"), null],
    "that the affinity excludes": [required("pool", "NotIn", "flts"), /flts:cluster\.affinity/],
    "without a label that must exist": [required("disk", "Exists"), /disk Exists/],
    "without a label that must not exist": [required("disk", "DoesNotExist"), null],
    "that are added when a pod waits": [
        { ...nodes({ allocatable: {} }), settings: { cluster: { autoscaledNodes: true } } },
        /^warning: no present node takes .*check that the node autoscaler/,
    ],
    "that Karpenter creates": [
        nodes({ allocatable: {}, labels: { "karpenter.sh/nodepool": "default" } }),
        /^warning: /,
    ],
    "of an empty cluster": [nodes(), /^warning: the cluster has no node/],
    "that other pods have filled": [
        { facts: { pods: known([OTHER_POD]) } },
        /^warning: the nodes have 200m cpu free for this stack, which requests 500m: some pods will wait/,
    ],
    "that the stack's pods have filled": [
        { facts: { pods: known([{ ...OTHER_POD, instance: "test" }]) } },
        null,
    ],
    "that may not be listed": [
        { facts: { nodes: { known: false, reason: "forbidden" } } },
        /^unchecked: not checked: whether the nodes take the pods/,
    ],
};

describe("the preflight", () => {
    itChecks("nodes", NODES);
});
