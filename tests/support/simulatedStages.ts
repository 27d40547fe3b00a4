/** A condition on the value that a jq expression finds in an object. */
interface Expression {
    readonly key: string;
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    readonly values?: readonly string[];
}

const READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';
const DELETED = ".metadata.deletionTimestamp";

/**
 * What kwok does with an object that it finds in a state.
 *
 * https://kwok.sigs.k8s.io/docs/user/stages-configuration/
 */
function stage(name: string, kind: "Node" | "Pod", when: readonly Expression[], next: object): object {
    return {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Stage",
        metadata: { name },
        spec: { resourceRef: { apiGroup: "v1", kind }, selector: { matchExpressions: when }, next },
    };
}

/** The states of all containers of a list, as a template of Go's. */
function containerStatuses(field: string, containers: string, ready: boolean, state: string): string {
    return `
{{ with .spec.${containers} }}
${field}:
{{ range . }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: ${ready}
  restartCount: 0
  state: ${state}
{{ end }}
{{ end }}
`;
}

const RUNNING = "{ running: { startedAt: {{ Now | Quote }} } }";
const ENDED =
    "{ terminated: { exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }} } }";

function conditions(...types: string[]): string {
    return types
        .map((type) => `- { type: ${type}, status: "True", lastTransitionTime: {{ Now | Quote }} }`)
        .join("\n");
}

/** Nodes get ready; pods run and are ready at once, those of Jobs end well, and what is deleted goes. */
export const STAGES: readonly object[] = [
    stage("node-ready", "Node", [{ key: READY, operator: "NotIn", values: ["True"] }], {
        statusTemplate: `
conditions:
- type: Ready
  status: "True"
  reason: Simulated
  message: plays a kubelet
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
`,
    }),
    stage(
        "pod-ready",
        "Pod",
        [
            { key: DELETED, operator: "DoesNotExist" },
            { key: ".status.phase", operator: "In", values: ["Pending"] },
        ],
        {
            statusTemplate: `
{{ $address := PodIP | Quote }}
phase: Running
startTime: {{ Now | Quote }}
hostIP: {{ NodeIP | Quote }}
podIP: {{ $address }}
podIPs:
- ip: {{ $address }}
conditions:
${conditions("Initialized", "ContainersReady", "Ready")}
${containerStatuses("initContainerStatuses", "initContainers", true, ENDED)}
${containerStatuses("containerStatuses", "containers", true, RUNNING)}
`,
        },
    ),
    stage(
        "pod-complete",
        "Pod",
        [
            { key: DELETED, operator: "DoesNotExist" },
            { key: ".status.phase", operator: "In", values: ["Running"] },
            { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
        ],
        {
            statusTemplate: `phase: Succeeded\n${containerStatuses("containerStatuses", "containers", false, ENDED)}`,
        },
    ),
    stage("pod-delete", "Pod", [{ key: DELETED, operator: "Exists" }], {
        finalizers: { empty: true },
        delete: true,
    }),
];
