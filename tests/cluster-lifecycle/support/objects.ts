/** Namespace of everything that the lifecycle test makes. */
export const namespace = "lifecycle";

/** Port on 127.0.0.1 by which the host reaches the probe. */
export const nodePort = 30808;

/** CPU limit of the probe, in processors. */
export const processorLimit = 0.2;

interface PodOptions {
    readonly name: string;
    /** Claim that is mounted at /data. */
    readonly claim?: string;
}

function pod(image: string, { name, claim }: PodOptions): object {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace, labels: { app: name } },
        spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 1,
            securityContext: {
                runAsNonRoot: true,
                runAsUser: 1000,
                runAsGroup: 1000,
                fsGroup: 1000,
                seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
                {
                    name: "probe",
                    image,
                    command: ["/probe", "serve"],
                    resources: {
                        requests: { cpu: "50m" },
                        limits: { cpu: String(processorLimit), memory: "64Mi" },
                    },
                    readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
                    securityContext: {
                        allowPrivilegeEscalation: false,
                        readOnlyRootFilesystem: true,
                        capabilities: { drop: ["ALL"] },
                    },
                    volumeMounts: claim === undefined ? [] : [{ name: "data", mountPath: "/data" }],
                },
            ],
            volumes:
                claim === undefined ? [] : [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
        },
    };
}

/** A pod under Pod Security `restricted` with a claim, and a Service of it, as one List. */
export function probeObjects(image: string): object {
    return {
        apiVersion: "v1",
        kind: "List",
        items: [
            {
                apiVersion: "v1",
                kind: "Namespace",
                metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
            },
            {
                apiVersion: "v1",
                kind: "PersistentVolumeClaim",
                metadata: { name: "data", namespace },
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            },
            pod(image, { name: "probe", claim: "data" }),
            {
                apiVersion: "v1",
                kind: "Service",
                metadata: { name: "probe", namespace },
                spec: {
                    type: "LoadBalancer",
                    selector: { app: "probe" },
                    ports: [{ port: 80, targetPort: 8080, nodePort }],
                },
            },
        ],
    };
}

/** A pod that Pod Security `restricted` must refuse. */
export function privilegedPod(image: string): object {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "privileged", namespace },
        spec: { containers: [{ name: "probe", image, securityContext: { privileged: true } }] },
    };
}

/** Two pods that call, beside the one that is called. */
export const callers = ["friend", "stranger"] as const;

/** The pods of `callers`, as one List. */
export function callerObjects(image: string): object {
    return { apiVersion: "v1", kind: "List", items: callers.map((name) => pod(image, { name })) };
}

function policy(name: string, spec: object): object {
    return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec };
}

/** Forbids every connection in the namespace, and then allows what `friend` needs to fetch a page by name. */
export function policyObjects(): object {
    const friend = { podSelector: { matchLabels: { app: "friend" } } };
    const probe = { podSelector: { matchLabels: { app: "probe" } } };
    const dns = {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    };
    return {
        apiVersion: "v1",
        kind: "List",
        items: [
            policy("deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
            policy("names", {
                ...friend,
                policyTypes: ["Egress"],
                egress: [{ to: [dns], ports: [{ protocol: "UDP", port: 53 }] }],
            }),
            policy("calls", {
                ...friend,
                policyTypes: ["Egress"],
                egress: [{ to: [probe], ports: [{ port: 8080 }] }],
            }),
            policy("asks", { ...friend, policyTypes: ["Egress"], egress: [{ ports: [{ port: 6443 }] }] }),
            policy("called", { ...probe, ingress: [{ from: [friend], ports: [{ port: 8080 }] }] }),
        ],
    };
}
