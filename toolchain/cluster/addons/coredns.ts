import { addresses } from "../layout";
import { restrictedContainer, restrictedPod, systemNamespace as namespace } from "./restricted";

const name = "coredns";
const labels = { "k8s-app": "kube-dns" };
/** The port that policies which let pods ask for names allow: they see a Service's traffic as its pods get it. */
const port = 53;
const health = 8080;
const readiness = 8181;
const metrics = 9153;

/**
 * CoreDNS' configuration: the cluster's names, and all others from the host's name servers, if it has any that a pod
 * can reach.
 */
export function corefile(hasUpstream: boolean): string {
    return [
        `.:${port} {`,
        "    errors",
        `    health :${health} {`,
        "        lameduck 5s",
        "    }",
        `    ready :${readiness}`,
        `    kubernetes ${addresses.clusterDomain} in-addr.arpa ip6.arpa {`,
        "        pods insecure",
        "        fallthrough in-addr.arpa ip6.arpa",
        "        ttl 30",
        "    }",
        `    prometheus :${metrics}`,
        ...(hasUpstream ? ["    forward . /etc/resolv.conf"] : []),
        // As kubeadm has it: the cluster's own names come from memory anyway, and the load balancer must not see pods
        // half a minute late.
        "    cache 30 {",
        `        disable success ${addresses.clusterDomain}`,
        `        disable denial ${addresses.clusterDomain}`,
        "    }",
        "    loadbalance",
        "    reload",
        "}",
        "",
    ].join("\n");
}

function probe(path: string, probePort: number, periodSeconds: number): object {
    return { httpGet: { path, port: probePort }, periodSeconds, timeoutSeconds: 2, failureThreshold: 5 };
}

function deployment(image: string, configuration: string): object {
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
                    // Names of the outside come from the node's resolver, not from this server itself.
                    dnsPolicy: "Default",
                    securityContext: {
                        ...restrictedPod,
                        // Else the port would take root or a capability; Pod Security counts this setting as safe.
                        sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(port) }],
                    },
                    containers: [
                        {
                            name,
                            image,
                            imagePullPolicy: "IfNotPresent",
                            args: ["-conf", "/etc/coredns/Corefile"],
                            ports: [
                                { name: "dns", containerPort: port, protocol: "UDP" },
                                { name: "dns-tcp", containerPort: port, protocol: "TCP" },
                                { name: "metrics", containerPort: metrics, protocol: "TCP" },
                            ],
                            resources: {
                                requests: { cpu: "50m", memory: "40Mi" },
                                limits: { memory: "170Mi" },
                            },
                            livenessProbe: probe("/health", health, 10),
                            readinessProbe: { ...probe("/ready", readiness, 2), initialDelaySeconds: 0 },
                            securityContext: restrictedContainer,
                            volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
                        },
                    ],
                    volumes: [{ name: "config", configMap: { name: configuration } }],
                },
            },
        },
    };
}

/** All objects of the cluster's DNS, running from `image`. Role and rules as in CoreDNS' own deployment. */
export function corednsObjects(image: string, hasUpstream: boolean): object[] {
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: { name: `system:${name}` },
            rules: [
                {
                    apiGroups: [""],
                    resources: ["endpoints", "services", "pods", "namespaces"],
                    verbs: ["list", "watch"],
                },
                { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
            ],
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRoleBinding",
            metadata: { name: `system:${name}` },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `system:${name}` },
            subjects: [{ kind: "ServiceAccount", name, namespace }],
        },
        {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name, namespace },
            data: { Corefile: corefile(hasUpstream) },
        },
        deployment(image, name),
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "kube-dns", namespace, labels },
            spec: {
                clusterIP: addresses.dnsService,
                selector: labels,
                ports: [
                    { name: "dns", port, targetPort: port, protocol: "UDP" },
                    { name: "dns-tcp", port, targetPort: port, protocol: "TCP" },
                    { name: "metrics", port: metrics, targetPort: metrics, protocol: "TCP" },
                ],
            },
        },
    ];
}
