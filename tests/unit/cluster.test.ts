import assert from "node:assert/strict";
import { corednsObjects, corefile } from "../../toolchain/cluster/addons/coredns";
import { metricsServerObjects } from "../../toolchain/cluster/addons/metricsServer";
import { storageObjects } from "../../toolchain/cluster/addons/storage";
import {
    containerdConfiguration,
    maySetOutOfMemoryScore,
    registryHosts,
} from "../../toolchain/cluster/processes/containerd";
import { kubeletConfiguration, upstreamServers } from "../../toolchain/cluster/processes/kubelet";
import { proxyConfiguration } from "../../toolchain/cluster/processes/proxy";
import { provisionerName } from "../../toolchain/cluster/processes/storageProvisioner";
import { checkCondition } from "../../toolchain/cluster/health";
import { parseImages } from "../../toolchain/cluster/ownImages";
import { clusterLayout } from "../../toolchain/cluster/layout";
import { authorityConfiguration, certificateConfiguration, certificates } from "../../toolchain/cluster/pki";
import { parseStat } from "../../toolchain/cluster/procfs";
import { requireRoot } from "../../toolchain/cluster/root";
import { imageConfiguration } from "../../toolchain/cluster/scratchImage";

const layout = clusterLayout({ FLTS_STATE: "/state" });

describe("embedded cluster: layout", () => {
    it("the layout keeps everything that is deleted in one directory, except the logs that agents look for", () => {
        assert.equal(layout.root, "/state/cluster");
        const { lock, run, owner, containerdSocket, podLogs, ...inside } = layout;
        assert.match(podLogs, /^\/var\/log\//);
        assert.deepEqual(
            Object.values(inside).filter((path) => !path.startsWith("/state/cluster")),
            [],
        );
        assert.ok([owner, containerdSocket].every((path) => path.startsWith(`${run}/`)));
        // A lock that is deleted while it is held would protect nothing.
        assert.ok(!lock.startsWith("/state/cluster/"));
    });
});

describe("embedded cluster: root", () => {
    it("another user than root gets an error that says what to do", () => {
        const getuid = process.getuid;
        process.getuid = () => 1000;
        try {
            assert.throws(() => {
                requireRoot("starting");
            }, /needs root, and you are user 1000: run it with sudo.*CONTEXT=/s);
        } finally {
            Object.assign(process, { getuid });
        }
    });
});

describe("embedded cluster: certificates", () => {
    it("certificates name hosts by their kind", () => {
        const text = certificateConfiguration(certificates.apiserver);
        assert.match(text, /subjectAltName = .*IP:10\.97\.0\.1/);
        assert.match(text, /DNS:kubernetes\.default\.svc/);
        assert.match(text, /extendedKeyUsage = serverAuth$/m);
        assert.match(text, /CA:FALSE/);
    });

    it("certificates put clients into Kubernetes' groups", () => {
        const text = certificateConfiguration(certificates.kubelet);
        assert.match(text, /^O = system:nodes$/m);
        assert.match(text, /^CN = system:node:flts$/m);
        assert.doesNotMatch(text, /subjectAltName|serverAuth/);
    });

    it("only CA certificates can sign", () => {
        assert.match(authorityConfiguration("etcd"), /CA:TRUE[\s\S]*keyCertSign/);
        for (const request of Object.values(certificates)) {
            assert.doesNotMatch(certificateConfiguration(request), /keyCertSign|CA:TRUE/);
        }
    });
});

describe("embedded cluster: containerd", () => {
    const options = {
        pauseImage: "docker.io/flts/pause:1",
        networkPlugins: "/plugins",
        maySetOutOfMemoryScore: true,
    };

    it("containerd writes only to the cluster's directories, and reads CAs of registries where containerd's users put them", () => {
        const paths = [...containerdConfiguration(layout, options).matchAll(/= "(\/[^"]*)"/g)].map(
            (match) => match[1] ?? "",
        );
        const foreign = paths.filter((path) => !path.startsWith("/state/") && !path.startsWith("/run/flts/"));
        assert.deepEqual(
            foreign.filter((path) => !path.endsWith("/runc")),
            [registryHosts, "/plugins"],
        );
    });

    it("containerd keeps out-of-memory scores if they cannot be lowered", () => {
        const text = containerdConfiguration(layout, { ...options, maySetOutOfMemoryScore: false });
        assert.match(text, /restrict_oom_score_adj = true/);
        assert.match(containerdConfiguration(layout, options), /restrict_oom_score_adj = false/);
    });

    it("capabilities say whether scores can be lowered", () => {
        assert.equal(maySetOutOfMemoryScore("Name:\tx\nCapEff:\t000001ffffffffff\n"), true);
        assert.equal(maySetOutOfMemoryScore("CapEff:\t000001fffeffffff\n"), false);
        assert.equal(maySetOutOfMemoryScore(""), false);
    });

    it("the list of images leaves out entries that name only a digest", () => {
        const digest = `sha256:${"a".repeat(64)}`;
        const text = [
            "REF TYPE DIGEST SIZE PLATFORMS LABELS",
            `docker.io/flts/a:1 application/vnd.oci.image.manifest.v1+json ${digest} 1.2 MiB linux/amd64 flts.dev/archive=x,k=v `,
            `docker.io/flts/b:1 application/vnd.oci.image.manifest.v1+json ${digest} 1.2 MiB linux/amd64 - `,
            `${digest} application/vnd.oci.image.manifest.v1+json ${digest} 1.2 MiB linux/amd64 k=v `,
        ].join("\n");
        const found = parseImages(text);
        assert.deepEqual(
            found.map((image) => image.reference),
            ["docker.io/flts/a:1", "docker.io/flts/b:1"],
        );
        assert.deepEqual(found[0]?.labels, { "flts.dev/archive": "x", k: "v" });
        assert.equal(found[1]?.labels["flts.dev/archive"], undefined);
    });
});

describe("embedded cluster: kubelet and proxy", () => {
    it("the kubelet does not evict just because the disk is full, nor deletes images that cannot be pulled", () => {
        const configuration = kubeletConfiguration(layout, "/etc/resolv.conf") as Record<string, unknown>;
        assert.equal((configuration.evictionHard as Record<string, string>)["nodefs.available"], "1%");
        assert.equal(configuration.imageGCHighThresholdPercent, 100);
        assert.equal(configuration.failCgroupV1, false);
        assert.equal(configuration.cgroupRoot, "/flts");
    });

    it("the kubelet starts pods without a login with an image that another pod pulled with one", () => {
        const configuration = kubeletConfiguration(layout, "/etc/resolv.conf") as Record<string, unknown>;
        assert.equal(configuration.imagePullCredentialsVerificationPolicy, "NeverVerify");
    });

    it("NodePorts are reachable only from this machine", () => {
        const configuration = proxyConfiguration("/k") as { nodePortAddresses: string[] };
        assert.deepEqual(configuration.nodePortAddresses, ["127.0.0.0/8"]);
    });

    it("pods get only name servers that they can reach", () => {
        const text =
            "# local\nnameserver 127.0.0.53\nnameserver ::1\n nameserver 192.0.2.53\nsearch example.org\n";
        assert.deepEqual(upstreamServers(text), ["192.0.2.53"]);
    });
});

describe("embedded cluster: add-ons", () => {
    it("CoreDNS uses an upstream only if there is one", () => {
        assert.match(corefile(true), /forward \. \/etc\/resolv\.conf/);
        assert.doesNotMatch(corefile(false), /forward/);
    });

    for (const [name, objects] of [
        ["DNS", corednsObjects("image", true)],
        ["metrics-server", metricsServerObjects("image")],
    ] as const) {
        it(`add-on ${name} runs under the restricted Pod Security Standard`, () => {
            const deployment = objects.find((object) => (object as { kind: string }).kind === "Deployment");
            const text = JSON.stringify(deployment);
            for (const part of [
                '"runAsNonRoot":true',
                '"allowPrivilegeEscalation":false',
                '"drop":["ALL"]',
                '"seccompProfile":{"type":"RuntimeDefault"}',
                '"image":"image"',
            ]) {
                assert.ok(text.includes(part), part);
            }
        });
    }

    it("the provisioner's class is the default one", () => {
        const [storageClass] = storageObjects() as {
            provisioner: string;
            metadata: { annotations: object };
        }[];
        assert.equal(storageClass?.provisioner, provisionerName);
        assert.deepEqual(storageClass.metadata.annotations, {
            "storageclass.kubernetes.io/is-default-class": "true",
        });
    });

    it("images of add-ons hold one program for an unprivileged user", () => {
        const configuration = imageConfiguration("/tools/pause", "ab") as {
            config: { Entrypoint: string[]; User: string };
            rootfs: { diff_ids: string[] };
        };
        assert.deepEqual(configuration.config.Entrypoint, ["/pause"]);
        assert.equal(configuration.config.User, "65532:65532");
        assert.deepEqual(configuration.rootfs.diff_ids, ["sha256:ab"]);
    });
});

describe("embedded cluster: health", () => {
    const node = (status: string, message?: string): unknown => ({
        status: { conditions: [{ type: "Ready", status, message }] },
    });

    it("a node is as healthy as it reports, with its reason if it is not ready", () => {
        assert.equal(checkCondition("node", node("True"), "Ready").healthy, true);
        assert.deepEqual(checkCondition("node", node("False", "no network"), "Ready"), {
            name: "node",
            healthy: false,
            detail: "no network",
        });
    });

    it("a node that reports nothing is not healthy", () => {
        assert.equal(checkCondition("node", undefined, "Ready").healthy, false);
        assert.equal(checkCondition("node", {}, "Ready").healthy, false);
    });
});

describe("embedded cluster: processes", () => {
    it("processes are identified by their start time, whatever their name contains", () => {
        const fields = ["S", ...Array.from({ length: 18 }, (_, index) => String(index)), "4711", "rest"];
        assert.deepEqual(parseStat(`12 (a) b (c) ${fields.join(" ")}`), { state: "S", startTime: "4711" });
    });
});
