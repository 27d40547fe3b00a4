import { z } from "zod";
import { CHECKS } from "../preflight/finding";
import {
    boolean,
    BYTES,
    BYTES_SHAPE,
    choice,
    integer,
    LABEL,
    LABEL_SHAPE,
    optionalInteger,
    optionalText,
} from "./fields";
import { NETWORK_RANGES, networkRange } from "./networkRange";

/** Keys that selectors and policies use; those of the program always win. */
const RESERVED = "app.kubernetes.io/";

/** Pulumi makes numbers and truth values of text that looks like them; a label's value is text. */
const asText = (value: unknown): unknown =>
    typeof value === "number" || typeof value === "boolean" ? String(value) : value;

/** Labels, annotations or node labels. `example` is shown in the documentation. */
export function pairs(doc: string, example: object, unreserved = false) {
    const key = unreserved
        ? z.string().regex(new RegExp(`^(?!${RESERVED.replaceAll(".", "\\.")}).+$`))
        : z.string().min(1);
    return z
        .record(key, z.preprocess(asText, z.string()))
        .default({})
        .meta({
            description: doc,
            allowed: `keys and texts${unreserved ? `; keys do not start with ${RESERVED}` : ""}`,
            examples: [example],
        });
}

/** A toleration as pods have it. */
const toleration = z.strictObject({
    key: z.string().optional(),
    operator: z.enum(["Exists", "Equal"]).optional(),
    value: z.preprocess(asText, z.string()).optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
    tolerationSeconds: z.int().optional(),
});

/** Tolerations of pods. */
export function tolerations(doc: string) {
    return z
        .array(toleration)
        .default([])
        .meta({
            description: doc,
            allowed: "a list of tolerations as pods have them",
            examples: [[{ key: "dedicated", value: "flts", effect: "NoSchedule" }]],
        });
}

const anything = z.record(z.string(), z.unknown());

/** Where pods run, and what objects carry for the cluster's sake. */
const placement = {
    nodeSelector: pairs("Labels of the nodes that pods may run on", { "node.example/pool": "flts" }),
    tolerations: tolerations("Taints that pods tolerate, in addition to those of their tier"),
    affinity: z
        .strictObject({
            nodeAffinity: anything.optional(),
            podAffinity: anything.optional(),
            podAntiAffinity: anything.optional(),
        })
        .default({})
        .meta({
            description: "Affinity of pods; each part replaces the program's own",
            allowed: "nodeAffinity, podAffinity and podAntiAffinity as pods have them",
            examples: [
                {
                    nodeAffinity: {
                        requiredDuringSchedulingIgnoredDuringExecution: {
                            nodeSelectorTerms: [
                                { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] },
                            ],
                        },
                    },
                },
            ],
        }),
    priorityClass: optionalText("Priority class of pods, which must exist", LABEL, LABEL_SHAPE, "batch"),
    podLabels: pairs("Labels of pods", { "cost-center": "forecasts" }, true),
    podAnnotations: pairs("Annotations of pods", { "sidecar.istio.io/inject": "false" }),
    serviceAnnotations: pairs("Annotations of Services", {
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    }),
    sourceRanges: z
        .array(networkRange)
        .default([])
        .meta({
            description: "Networks that Services of type LoadBalancer admit; all when empty",
            allowed: NETWORK_RANGES,
            examples: [["10.0.0.0/8"]],
        }),
    serviceAccountAnnotations: pairs("Annotations of service accounts, such as for workload identity", {
        "iam.gke.io/gcp-service-account": "flts@project.iam.gserviceaccount.com",
    }),
    ephemeralStorage: z
        .strictObject({
            request: optionalText(
                "Ephemeral storage that each container requests; 64Mi when empty",
                BYTES,
                BYTES_SHAPE,
                "5Gi",
            ),
            limit: optionalText(
                "Ephemeral storage that each container may use; as much as its volumes need when empty",
                BYTES,
                BYTES_SHAPE,
                "10Gi",
            ),
        })
        .prefault({}),
};

const PULL_SECRET = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** An address alone: a password in it would be kept in every pod's specification. */
const PROXY = /^https?:\/\/[A-Za-z0-9[][-A-Za-z0-9.:\]]*\/?$/;
const PROXY_SHAPE = "http:// or https://, a host and a port, without a password";

/** What the cluster asks of all pods, and of those of single tiers. */
export const cluster = z
    .strictObject({
        pullSecrets: z
            .array(z.string().regex(PULL_SECRET))
            .default([])
            .meta({
                description:
                    "Secrets that pods pull images with, in the stack's namespace, or in another one from which they are copied",
                allowed: "a list of <name> or <namespace>/<name>",
                examples: [["registries/registry-login"]],
            }),
        ...placement,
        users: choice(
            "Who chooses the pods' numeric users: the program, or the cluster (OpenShift)",
            ["fixed", "assigned"],
            "fixed",
            "assigned",
        ),
        proxy: z
            .strictObject({
                http: optionalText("Proxy for http://", PROXY, PROXY_SHAPE, "http://proxy.example:3128"),
                https: optionalText("Proxy for https://", PROXY, PROXY_SHAPE, "http://proxy.example:3128"),
                exceptions: z
                    .array(z.string().regex(/^[^\s,]+$/))
                    .default([])
                    .meta({
                        description:
                            "Hosts and networks reached without the proxy, in addition to the cluster's own names",
                        allowed: "a list of names",
                        examples: [["10.96.0.1", ".example.internal"]],
                    }),
            })
            .prefault({}),
        caBundle: z
            .strictObject({
                configMap: optionalText(
                    "ConfigMap of the namespace with the certificates of all authorities that pods trust, in PEM",
                    LABEL,
                    LABEL_SHAPE,
                    "company-ca",
                ),
                key: z
                    .string()
                    .regex(/^[-._A-Za-z0-9]+$/)
                    .default("ca.crt")
                    .meta({
                        description: "Key of the ConfigMap",
                        allowed: "letters, digits, dots, hyphens and underscores",
                        examples: ["ca-bundle.crt"],
                    }),
            })
            .prefault({}),
        architectures: z
            .array(z.enum(["amd64", "arm64", "ppc64le", "s390x"]))
            .default([])
            .meta({
                description: "Architectures that the images are built for; pods run only on nodes of these",
                examples: [["amd64"]],
            }),
        autoscaledNodes: boolean(
            "Nodes are added for waiting pods (an autoscaler, Fargate, Autopilot): a pod that fits no present node is a warning",
            false,
        ),
        skipChecks: z
            .array(z.enum(CHECKS))
            .default([])
            .meta({
                description: "Checks of the preflight to skip, if they are wrong about this cluster",
                examples: [["nodes"]],
            }),
        timeouts: z
            .strictObject({
                ready: optionalInteger(
                    "Seconds that an object may take to be ready; the provider's ten minutes when empty",
                    30,
                    7200,
                    1800,
                ),
                api: integer("Seconds that the API server may take for its first answer", 10, 1, 300, 60),
            })
            .prefault({}),
        tiers: z
            .record(z.string().regex(LABEL), z.strictObject(placement))
            .default({})
            .meta({
                description:
                    "Settings of single tiers, by name: pairs and tolerations are added, other values replace the cluster's",
                allowed: `groups of ${Object.keys(placement).join(", ")}`,
                examples: [{ "train-gru": { nodeSelector: { "node.example/pool": "training" } } }],
            }),
    })
    .prefault({});

/** Changes of single objects, after everything else. */
export const overrides = z
    .array(
        z.strictObject({
            kind: z.string().regex(/^[A-Z][A-Za-z]+$/),
            name: z.string().min(1),
            patch: z
                .array(
                    z.discriminatedUnion("op", [
                        z.strictObject({
                            op: z.enum(["add", "replace", "test"]),
                            path: z.string().regex(/^\//),
                            value: z.json(),
                        }),
                        z.strictObject({ op: z.literal("remove"), path: z.string().regex(/^\//) }),
                    ]),
                )
                .min(1),
        }),
    )
    .default([])
    .meta({
        description:
            "JSON patches of declared objects, applied last; MinIO's chart is of kind Release, with its values under /values. A patch that matches nothing is refused",
        allowed: "a list of {kind, name, patch}, the patch as in RFC 6902 with add, replace, test and remove",
        examples: [
            [
                {
                    kind: "Deployment",
                    name: "mlflow",
                    patch: [{ op: "add", path: "/spec/template/spec/hostAliases", value: [] }],
                },
            ],
        ],
    });
