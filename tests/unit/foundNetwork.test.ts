import assert from "node:assert/strict";
import { findNetwork, NOTHING_FOUND } from "../../components/access/foundNetwork";
import { AnsweringCluster } from "../support/answeringCluster";

const slice = (ports: object[], ...addresses: string[]) => ({
    metadata: { name: "slice" },
    addressType: "IPv4",
    endpoints: [{ addresses }],
    ports,
});

/** A Service with DNS and a port of metrics. */
const dnsService = (name: string, selector: object | undefined, ...clusterIPs: string[]) => ({
    metadata: { name },
    spec: {
        selector,
        clusterIPs,
        ports: [
            { name: "dns", port: 53 },
            { name: "metrics", port: 9153 },
        ],
    },
});
const dnsPorts = (port: number) => [
    { name: "dns", port, protocol: "UDP" },
    { name: "metrics", port: 9153 },
];

const CORE = "/api/v1/namespaces";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces";
const KUBERNETES = {
    [`${SLICES}/default/endpointslices`]: [slice([{ name: "https", port: 6443 }], "10.0.0.2")],
};

describe("where DNS and the API server are", () => {
    let answers: Readonly<Record<string, object>> = {};
    let status = 404;
    const server = new AnsweringCluster((url) => {
        const answer = answers[url.split("?")[0] ?? ""];
        return answer === undefined
            ? { status, body: { kind: "Status" } }
            : { status: 200, body: Array.isArray(answer) ? { items: answer } : answer };
    });

    before(() => server.start());
    after(() => server.stop());

    it("DNS and API server are read from the Service of DNS and the endpoints of kubernetes", async () => {
        const labels = { "k8s-app": "kube-dns" };
        answers = {
            ...KUBERNETES,
            [`${CORE}/kube-system/services`]: [dnsService("kube-dns", labels, "10.96.0.10", "fd00::a")],
            [`${SLICES}/kube-system/endpointslices`]: [slice(dnsPorts(5300), "10.1.0.2")],
            [`${CORE}/kube-system/pods`]: [{ spec: {}, status: { podIPs: [{ ip: "10.1.0.2" }] } }],
        };
        assert.deepEqual(await findNetwork("test"), {
            dns: {
                pods: [{ namespace: "kube-system", labels }],
                cidrs: ["10.96.0.10/32", "fd00::a/128"],
                ports: [53, 5300],
            },
            apiPorts: [443, 6443],
        });
    });

    it("DNS is found in OpenShift, where it has another namespace, other labels and another port", async () => {
        const labels = { "dns.operator.openshift.io/daemonset-dns": "default" };
        answers = {
            ...KUBERNETES,
            [`${CORE}/openshift-dns/services`]: [dnsService("dns-default", labels, "172.30.0.10")],
            [`${SLICES}/openshift-dns/endpointslices`]: [slice(dnsPorts(5353), "10.128.0.4")],
        };
        const { dns } = await findNetwork("test");
        assert.deepEqual(dns, {
            pods: [{ namespace: "openshift-dns", labels }],
            cidrs: ["172.30.0.10/32"],
            ports: [53, 5353],
        });
    });

    it("DNS includes addresses that no labels select: nodes, a Service without a selector, NodeLocal DNSCache", async () => {
        const node = { spec: { hostNetwork: true }, status: { podIPs: [{ ip: "10.0.0.5" }] } };
        answers = {
            ...KUBERNETES,
            [`${CORE}/kube-system/services`]: [dnsService("kube-dns", { app: "dns" }, "10.96.0.10")],
            [`${CORE}/kube-system/pods`]: [node],
            ["/apis/apps/v1/namespaces/kube-system/daemonsets/node-local-dns"]: {
                spec: {
                    template: {
                        spec: {
                            containers: [{ name: "cache", args: ["-localip", "169.254.20.10,10.96.0.10"] }],
                        },
                    },
                },
            },
        };
        const { dns } = await findNetwork("test");
        assert.deepEqual(dns.cidrs, ["10.96.0.10/32", "10.0.0.5/32", "169.254.20.10/32"]);
        assert.deepEqual(dns.pods.at(-1), {
            namespace: "kube-system",
            labels: { "k8s-app": "node-local-dns" },
        });
        answers = {
            [`${CORE}/kube-system/services`]: [dnsService("kube-dns", undefined, "10.96.0.10")],
            [`${SLICES}/kube-system/endpointslices`]: [slice(dnsPorts(53), "192.0.2.53")],
        };
        const outside = await findNetwork("test");
        assert.deepEqual(outside.dns.pods, []);
        assert.deepEqual(outside.dns.cidrs, ["10.96.0.10/32", "192.0.2.53/32"]);
    });

    it("DNS and API server are unknown to a user who may not read them, and any other failure is an error", async () => {
        answers = {};
        const nothing = { ...NOTHING_FOUND, dns: { ...NOTHING_FOUND.dns, ports: [53] } };
        for (const code of [403, 404]) {
            status = code;
            assert.deepEqual(await findNetwork("test"), nothing);
        }
        status = 500;
        await assert.rejects(findNetwork("test"), /500/);
    });
});
