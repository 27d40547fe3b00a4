import { restrictedContainer, restrictedPod, systemNamespace as namespace } from "./restricted";

const name = "metrics-server";
const labels = { "k8s-app": name };
const port = 10250;

/** What metrics-server serves: `kubectl top` and HorizontalPodAutoscalers ask the API server for it. */
export const metricsApiService = "v1beta1.metrics.k8s.io";

function probe(path: string, periodSeconds: number): object {
    return {
        httpGet: { path, port, scheme: "HTTPS" },
        periodSeconds,
        timeoutSeconds: 2,
        failureThreshold: 5,
    };
}

function deployment(image: string): object {
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace, labels },
        spec: {
            replicas: 1,
            selector: { matchLabels: labels },
            template: {
                metadata: { labels },
                spec: {
                    serviceAccountName: name,
                    enableServiceLinks: false,
                    priorityClassName: "system-cluster-critical",
                    securityContext: restrictedPod,
                    containers: [
                        {
                            name,
                            image,
                            imagePullPolicy: "IfNotPresent",
                            args: [
                                "--cert-dir=/tmp",
                                `--secure-port=${port}`,
                                "--kubelet-preferred-address-types=InternalIP",
                                "--kubelet-use-node-status-port",
                                "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
                                // The shortest there is: on one node it costs little, and autoscalers see load sooner.
                                "--metric-resolution=10s",
                                // It must be shorter than the resolution, and its default is 10 s.
                                "--kubelet-request-timeout=5s",
                            ],
                            ports: [{ name: "https", containerPort: port, protocol: "TCP" }],
                            resources: {
                                requests: { cpu: "50m", memory: "60Mi" },
                                limits: { memory: "200Mi" },
                            },
                            livenessProbe: probe("/livez", 10),
                            // Not /readyz, which waits for two measurements: an API group that is registered and does
                            // not answer holds up the deletion of namespaces and whoever asks what the API offers.
                            readinessProbe: probe("/livez", 1),
                            securityContext: restrictedContainer,
                            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                        },
                    ],
                    volumes: [{ name: "tmp", emptyDir: {} }],
                },
            },
        },
    };
}

function clusterRole(roleName: string, rules: readonly object[], roleLabels: object = {}): object {
    return {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: roleName, labels: roleLabels },
        rules,
    };
}

/** Binds a role to the server's account; in `kube-system` for a Role, everywhere for a ClusterRole. */
function binding(bindingName: string, kind: "Role" | "ClusterRole", roleName: string): object {
    const everywhere = kind === "ClusterRole";
    return {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: everywhere ? "ClusterRoleBinding" : "RoleBinding",
        metadata: everywhere ? { name: bindingName } : { name: bindingName, namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: roleName },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
    };
}

/** All objects of metrics-server, running from `image`. Roles and API registration as in its own manifests. */
export function metricsServerObjects(image: string): object[] {
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
        clusterRole(
            "system:aggregated-metrics-reader",
            [
                {
                    apiGroups: ["metrics.k8s.io"],
                    resources: ["pods", "nodes"],
                    verbs: ["get", "list", "watch"],
                },
            ],
            Object.fromEntries(
                ["view", "edit", "admin"].map((role) => [
                    `rbac.authorization.k8s.io/aggregate-to-${role}`,
                    "true",
                ]),
            ),
        ),
        clusterRole(`system:${name}`, [
            { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
            { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ]),
        binding(`system:${name}`, "ClusterRole", `system:${name}`),
        binding(`${name}:system:auth-delegator`, "ClusterRole", "system:auth-delegator"),
        binding(`${name}-auth-reader`, "Role", "extension-apiserver-authentication-reader"),
        deployment(image),
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name, namespace, labels },
            spec: {
                selector: labels,
                ports: [{ name: "https", port: 443, targetPort: port, protocol: "TCP" }],
            },
        },
        {
            apiVersion: "apiregistration.k8s.io/v1",
            kind: "APIService",
            metadata: { name: metricsApiService, labels },
            spec: {
                group: "metrics.k8s.io",
                version: "v1beta1",
                groupPriorityMinimum: 100,
                versionPriority: 100,
                service: { name, namespace, port: 443 },
                // The server signs its certificate itself, again in each pod; nobody but root of this machine could
                // stand between it and the API server.
                insecureSkipTLSVerify: true,
            },
        },
    ];
}
