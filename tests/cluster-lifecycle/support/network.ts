import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { addresses, ports } from "../../../toolchain/cluster/layout";
import { kubectl, kubectlCommand } from "./driver";
import { callerObjects, callers, namespace, nodePort, policyObjects } from "./objects";
import { eventually, kubectlInNamespace, probeIn } from "./probes";

async function fetchText(url: string): Promise<string> {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: "close" } });
    return await answer.text();
}

/** The tests of the pod network, on the running cluster of the directory `state` with the pod `probe` in it. */
export function testNetwork(state: () => string, image: () => string): void {
    const inNamespace = (...commandArguments: string[]): string =>
        kubectlInNamespace(state(), ...commandArguments);
    const inPod = (pod: string, ...commandArguments: string[]): string =>
        probeIn(pod, state(), ...commandArguments);

    it("connects pods with DNS, Services, the API server and each other", async () => {
        assert.ok(
            inPod("probe", "resolve", "kubernetes.default.svc.cluster.local").includes(addresses.apiService),
        );
        assert.match(
            await eventually(() => inPod("probe", "get", `http://probe.${namespace}.svc`)),
            /hello from probe/,
        );
        assert.match(inPod("probe", "connect", `${addresses.apiService}:443`), /connected/);
    });

    it("connects the host with pods, Services and NodePorts", async () => {
        const podAddress = inNamespace("get", "pod", "probe", "--output=jsonpath={.status.podIP}");
        const service = inNamespace("get", "service", "probe", "--output=jsonpath={.spec.clusterIP}");
        for (const host of [`${podAddress}:8080`, service, `127.0.0.1:${nodePort}`]) {
            assert.equal(await fetchText(`http://${host}/`), "hello from probe", host);
        }
    });

    it("gives a Service of type LoadBalancer an address that answers", async () => {
        const address = await eventually(() => {
            const found = inNamespace(
                "get",
                "service",
                "probe",
                "--output=jsonpath={.status.loadBalancer.ingress[0].ip}",
            );
            assert.equal(found, addresses.node);
            return found;
        });
        assert.equal(await fetchText(`http://${address}/`), "hello from probe");
    });

    it("lets through what NetworkPolicies allow, and nothing else", async () => {
        const podAddress = inNamespace("get", "pod", "probe", "--output=jsonpath={.status.podIP}");
        const service = `http://probe.${namespace}.svc.cluster.local.`;
        kubectl(state(), ["apply", "--filename=-"], JSON.stringify(callerObjects(image())));
        try {
            inNamespace("wait", "--for=condition=Ready", ...callers.map((name) => `pod/${name}`));
            for (const caller of callers) {
                assert.match(await eventually(() => inPod(caller, "get", service)), /hello from probe/);
            }
            kubectl(state(), ["apply", "--filename=-"], JSON.stringify(policyObjects()));
            await eventually(() => {
                assert.throws(() => inPod("stranger", "connect", `${podAddress}:8080`), /i\/o timeout/);
            });
            assert.match(await eventually(() => inPod("friend", "get", service)), /hello from probe/);
            assert.throws(
                () => inPod("stranger", "resolve", "kubernetes.default.svc.cluster.local."),
                /timeout/,
            );
            assert.throws(() => inPod("friend", "connect", `${addresses.dnsService}:9153`), /i\/o timeout/);
            for (const server of [`${addresses.apiService}:443`, `${addresses.node}:${ports.apiServer}`]) {
                assert.throws(() => inPod("stranger", "connect", server), /i\/o timeout/);
                assert.match(inPod("friend", "connect", server), /connected/);
            }
            // No policy keeps the node from its pods: probes, port-forward and NodePorts continue.
            for (const host of [`${podAddress}:8080`, `127.0.0.1:${nodePort}`]) {
                assert.equal(await fetchText(`http://${host}/`), "hello from probe", host);
            }
        } finally {
            inNamespace("delete", "networkpolicy", "--all");
            inNamespace("delete", ...callers.map((name) => `pod/${name}`), "--wait=false");
        }
        await eventually(() => inPod("probe", "connect", `${addresses.dnsService}:9153`));
    });

    it("serves logs and port-forward", async () => {
        assert.match(inNamespace("logs", "probe"), /probe serves/);
        const [command, all] = kubectlCommand(state(), "-n", namespace, "port-forward", "pod/probe", ":8080");
        const forward = spawn(command, all, { stdio: ["ignore", "pipe", "inherit"] });
        try {
            const line = await new Promise<string>((resolve) =>
                forward.stdout.once("data", (chunk: Buffer) => {
                    resolve(chunk.toString());
                }),
            );
            const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? "";
            assert.equal(await fetchText(`http://127.0.0.1:${port}/`), "hello from probe");
        } finally {
            forward.kill();
        }
    });
}
