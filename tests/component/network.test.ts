import assert from "node:assert/strict";
import type { FoundNetwork } from "../../components/access/foundNetwork";
import { one, type NetworkPolicySpec } from "../support/objects";
import { deployProgram, INPUTS, settings } from "../support/program";
import type { SettingsTree } from "../../stacks/settings/tree";

const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

const inNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });

/** What OpenShift says of itself: other labels, namespace and port. */
const OPENSHIFT: FoundNetwork = {
    dns: {
        pods: [
            { namespace: "openshift-dns", labels: { "dns.operator.openshift.io/daemonset-dns": "default" } },
        ],
        cidrs: ["172.30.0.10/32", "fd02::a/128"],
        ports: [53, 5353],
    },
    apiPorts: [443, 6443],
};

/** Rules of a policy of egress, by its name. */
async function rules(
    policy: string,
    chosen: SettingsTree = {},
    found?: FoundNetwork,
): Promise<NetworkPolicySpec["egress"]> {
    const { resources } = await deployProgram(settings(chosen), INPUTS, {}, found);
    return (one(resources, POLICY, policy).inputs.spec as NetworkPolicySpec).egress;
}

describe("policies for the cluster's own servers", () => {
    it("pods may query kube-dns if the cluster's DNS is unknown", async () => {
        const [rule] = await rules("allow-dns");
        assert.deepEqual(rule, {
            to: [
                {
                    namespaceSelector: inNamespace("kube-system"),
                    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
                },
            ],
            ports: [
                { protocol: "UDP", port: 53 },
                { protocol: "TCP", port: 53 },
            ],
        });
    });

    // Promise: network-servers-found
    it("pods may query the DNS servers that the cluster has, whatever their namespace, labels, family and port", async () => {
        for (const policy of ["allow-dns", "log-collector-allow-dns"]) {
            const [rule] = await rules(policy, {}, OPENSHIFT);
            assert.deepEqual(rule, {
                to: [
                    {
                        namespaceSelector: inNamespace("openshift-dns"),
                        podSelector: {
                            matchLabels: { "dns.operator.openshift.io/daemonset-dns": "default" },
                        },
                    },
                    { ipBlock: { cidr: "172.30.0.10/32" } },
                    { ipBlock: { cidr: "fd02::a/128" } },
                ],
                ports: [53, 5353].flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ protocol, port }))),
            });
        }
    });

    // Promise: network-servers-found
    it("pods may query the DNS servers of the settings, and no others", async () => {
        const cidrs = ["169.254.20.10/32", "fd00:90::a/128"];
        assert.deepEqual(await rules("allow-dns", { network: { dns: { cidrs } } }, OPENSHIFT), [
            {
                to: cidrs.map((cidr) => ({ ipBlock: { cidr } })),
                ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })),
            },
        ]);
        const dns = { namespace: "dns", podLabels: { app: "coredns" }, ports: [5353] };
        const [rule] = await rules("allow-dns", { network: { dns } }, OPENSHIFT);
        assert.deepEqual((rule as { to?: unknown }).to, [
            { namespaceSelector: inNamespace("dns"), podSelector: { matchLabels: { app: "coredns" } } },
        ]);
        assert.deepEqual(
            rule?.ports.map(({ port }) => port),
            [5353, 5353],
        );
    });

    it("pods that use the API server may reach its ports, anywhere or in the networks of the settings", async () => {
        const open = await rules("kube-state-metrics-egress", {}, { ...OPENSHIFT, apiPorts: [443, 8443] });
        assert.deepEqual(open, [{ ports: [443, 8443].map((port) => ({ protocol: "TCP", port })) }]);
        const apiServer = { cidrs: ["172.16.0.0/28", "fd01::/64"], ports: [6443] };
        assert.deepEqual(await rules("kube-state-metrics-egress", { network: { apiServer } }, OPENSHIFT), [
            {
                to: apiServer.cidrs.map((cidr) => ({ ipBlock: { cidr } })),
                ports: [{ protocol: "TCP", port: 6443 }],
            },
        ]);
    });

    it("network settings with labels or ports but no server are refused", () => {
        for (const [dns, message] of [
            [
                { podLabels: { app: "coredns" } },
                /flts:network\.dns\.podLabels.*set flts:network\.dns\.namespace/,
            ],
            [{ ports: [5353] }, /flts:network\.dns\.ports.*set flts:network\.dns\.namespace or cidrs/],
            [{ cidrs: ["10.0.0.0/33"] }, /flts:network\.dns\.cidrs/],
        ] as const) {
            assert.throws(() => settings({ network: { dns } }), message);
        }
    });
});

describe("policies for an Ingress controller", () => {
    const hosts = { api: "api.example.com" };

    async function admitted(ingress: SettingsTree, policy = "inference-lb-from-ingress"): Promise<unknown> {
        const { resources } = await deployProgram(
            settings({ ingress: { enabled: true, hosts, ...ingress } }),
        );
        return (one(resources, POLICY, policy).inputs.spec as { ingress: { from: unknown }[] }).ingress[0]
            ?.from;
    }

    // Promise: network-ingress-controllers
    it("an Ingress controller is admitted by its namespace, its pods' labels, or its nodes' networks", async () => {
        const namespaceSelector = inNamespace("traefik");
        const nodes = ["10.0.0.0/24", "fd00:1::/64"];
        const blocks = nodes.map((cidr) => ({ ipBlock: { cidr } }));
        assert.deepEqual(await admitted({}), [{ namespaceSelector: inNamespace("ingress-nginx") }]);
        assert.deepEqual(await admitted({ controllerNamespace: "traefik" }), [{ namespaceSelector }]);
        assert.deepEqual(
            await admitted({ controllerNamespace: "traefik", controllerPodLabels: { app: "traefik" } }),
            [{ namespaceSelector, podSelector: { matchLabels: { app: "traefik" } } }],
        );
        assert.deepEqual(await admitted({ controllerCidrs: nodes }), blocks);
        assert.deepEqual(await admitted({ controllerNamespace: "traefik", controllerCidrs: nodes }), [
            { namespaceSelector },
            ...blocks,
        ]);
    });

    it("labels of an Ingress controller's pods are refused together with only nodes' networks", () => {
        const ingress = {
            enabled: true,
            hosts,
            controllerCidrs: ["10.0.0.0/24"],
            controllerPodLabels: { app: "x" },
        };
        assert.throws(() => settings({ ingress }), /flts:ingress\.controllerPodLabels.*controllerNamespace/);
    });

    // Promise: network-ingress-controllers
    it("an Ingress controller is admitted to the pods with which cert-manager answers HTTP-01 challenges", async () => {
        const ingress = { enabled: true, hosts, controllerNamespace: "traefik" };
        const issued = { ...ingress, tls: { clusterIssuer: "letsencrypt" } };
        const { resources } = await deployProgram(settings({ ingress: issued }));
        assert.deepEqual(one(resources, POLICY, "http01-solver-from-ingress").inputs.spec, {
            podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
            policyTypes: ["Ingress"],
            ingress: [
                {
                    from: [{ namespaceSelector: inNamespace("traefik") }],
                    ports: [{ protocol: "TCP", port: 8089 }],
                },
            ],
        });
        const given = await deployProgram(
            settings({ ingress: { ...ingress, tls: { secretName: "given" } } }),
        );
        assert.ok(!given.resources.some(({ name }) => name.startsWith("http01-solver")));
    });
});
