/** Namespace of everything that the lifecycle test makes. */
export const namespace = "lifecycle";

/** Port on 127.0.0.1 by which the host reaches the probe. */
export const nodePort = 30808;

/** CPU limit of the probe, in processors. */
export const processorLimit = 0.2;

function pod(image: string): object {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "probe", namespace, labels: { app: "probe" } },
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
                    volumeMounts: [{ name: "data", mountPath: "/data" }],
                },
            ],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
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
            pod(image),
            {
                apiVersion: "v1",
                kind: "Service",
                metadata: { name: "probe", namespace },
                spec: {
                    type: "NodePort",
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
