import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { SAMPLE_DATASET } from "../../cli/data/series";
import { lastObservations, requestForecast } from "../../cli/progress/forecast";
import { pulumiEnvironment } from "../../toolchain/tools/paths";
import { copyCheckout } from "../support/checkout";
import { kubectl, kubectlApply, kubectlGet, projectDirectory } from "../support/commands";
import { runDocumented, type DocumentedOptions } from "../support/documented";
import { RegistryServer } from "../support/registry";
import { createDeployer, removeDeployer } from "./support/deployer";
import { CONTEXT, ForeignCluster } from "./support/foreignCluster";
import { OFFLINE_GROUP, whileOffline } from "./support/offline";

/** The team's namespace, which exists before the stack. */
const NAMESPACE = "team";
const COLLECTORS = `${NAMESPACE}-log-collector`;
const STACK = "x";
/** The stack's copy of the login that the team has elsewhere. */
const PULL_SECRET = `${STACK}-registry-login`;
const NODE_PORT = 30023;
const API = `http://127.0.0.1:${NODE_PORT}`;
const SERIES = "series";
/** Rows of the series: few enough to be trained in seconds. */
const ROWS = 1500;
const UNATTENDED = "--yes --skip-preview --suppress-progress --non-interactive";
const TAINT = { key: "dedicated", value: "team", effect: "NoSchedule" };

interface List<Item> {
    readonly items: readonly Item[];
}

interface Pod {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: {
        readonly imagePullSecrets?: readonly { readonly name: string }[];
        readonly initContainers?: readonly { readonly image: string }[];
        readonly containers: readonly { readonly image: string }[];
    };
}

interface Event {
    readonly message: string;
}

interface Named {
    readonly kind: string;
    readonly metadata: {
        readonly name: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly resourceVersion: string;
    };
}

/** What the team has before the stack comes: with labels of its own, a quota, and a login for its registries elsewhere. */
function teamObjects(registries: readonly RegistryServer[]): object[] {
    const auths = Object.assign({}, ...registries.map((registry) => registry.logins())) as object;
    return [
        {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: {
                name: NAMESPACE,
                labels: { owner: "team", "pod-security.kubernetes.io/enforce": "restricted" },
            },
        },
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "registries" } },
        {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "kept", namespace: NAMESPACE },
            data: { of: "the team" },
        },
        {
            apiVersion: "v1",
            kind: "ResourceQuota",
            metadata: { name: "team", namespace: NAMESPACE },
            spec: {
                hard: {
                    "requests.cpu": "16",
                    "requests.memory": "64Gi",
                    "limits.memory": "128Gi",
                    pods: "100",
                },
            },
        },
        {
            apiVersion: "v1",
            kind: "Secret",
            type: "kubernetes.io/dockerconfigjson",
            metadata: { name: "registry-login", namespace: "registries" },
            stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
        },
    ];
}

/** Everything of the team's namespaces that a user sees, but what its controllers change by themselves. */
async function objects(namespace: string): Promise<Named[]> {
    const kinds =
        "configmaps,secrets,services,deployments,statefulsets,daemonsets,jobs,cronjobs,pods,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers";
    return (await kubectlGet<List<Named>>(kinds, "--namespace", namespace)).items.filter(
        ({ metadata }) => metadata.name !== "kube-root-ca.crt",
    );
}

const pods = async (namespace: string): Promise<readonly Pod[]> =>
    (await kubectlGet<List<Pod>>("pods", "--namespace", namespace)).items.filter(
        ({ metadata }) => metadata.deletionTimestamp === undefined,
    );

describe("an external cluster, with registries that ask for a login", function () {
    // Images that are not built yet are.
    this.timeout(40 * 60_000);

    let checkout: string;
    let folder: string;
    let registry: RegistryServer;
    let mirror: RegistryServer;
    let cluster: ForeignCluster;
    let options: DocumentedOptions;
    let existing: readonly Named[];
    let lockFile: string;
    let chart: string | undefined;

    before(async () => {
        checkout = await copyCheckout();
        lockFile = join(checkout, "images.lock.json");
        folder = mkdtempSync(join(tmpdir(), "flts-team-"));
        writeFileSync(
            join(folder, `${SERIES}.csv`),
            readFileSync(join(projectDirectory, SAMPLE_DATASET), "utf8")
                .split("\n")
                .slice(0, ROWS + 1)
                .join("\n")
                .concat("\n"),
        );
        [registry, mirror] = [await RegistryServer.start(), await RegistryServer.start()];
        cluster = await ForeignCluster.prepare([registry, mirror]);
        await kubectlApply(teamObjects([registry, mirror]));
        await kubectl("taint", "nodes", "--all", `${TAINT.key}=${TAINT.value}:${TAINT.effect}`);
        cluster.signIn(await createDeployer());
        existing = await objects(NAMESPACE);
        options = {
            directory: checkout,
            environment: {
                ...pulumiEnvironment(),
                KUBECONFIG: cluster.kubeconfig,
                PULUMI_BACKEND_URL: `file://${folder}`,
                PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
                STACK,
                CONTEXT,
            },
            show: true,
        };
    });

    after(async () => {
        await kubectl("taint", "nodes", "--all", `${TAINT.key}-`);
        await kubectl("delete", "namespace", NAMESPACE, COLLECTORS, "registries", "--ignore-not-found");
        await removeDeployer();
        cluster.remove();
        await Promise.all([registry.remove(), mirror.remove()]);
        for (const path of [checkout, folder]) {
            rmSync(path, { recursive: true });
        }
    });

    /** Options of a command that reaches a registry with its user's login. */
    const withLogin = (given: DocumentedOptions, to: RegistryServer): DocumentedOptions => ({
        ...given,
        environment: { ...given.environment, REGISTRY_AUTH_FILE: to.environment().REGISTRY_AUTH_FILE },
    });

    /** Lays settings over those of the stack's file. */
    function settings(given: object): void {
        const path = join(checkout, `Pulumi.${STACK}.yaml`);
        const file = parse(readFileSync(path, "utf8")) as { readonly config: object };
        writeFileSync(path, stringify({ ...file, config: { ...file.config, ...given } }));
    }

    /** Fails unless every pod has its images from this registry, and the node asked it for each. */
    async function pulledFrom({ host }: RegistryServer): Promise<void> {
        for (const namespace of [NAMESPACE, COLLECTORS]) {
            for (const { metadata, spec } of await pods(namespace)) {
                assert.deepEqual(spec.imagePullSecrets, [{ name: PULL_SECRET }], metadata.name);
                for (const { image } of [...(spec.initContainers ?? []), ...spec.containers]) {
                    assert.ok(image.startsWith(`${host}/flts/`), `${metadata.name}: ${image}`);
                    assert.match(image, /@sha256:[0-9a-f]{64}$/, metadata.name);
                }
            }
        }
        const { items } = await kubectlGet<List<Event>>(
            ...["events", "--namespace", NAMESPACE, "--field-selector", "reason=Pulled"],
        );
        const messages = items.map(({ message }) => message).filter((message) => message.includes(host));
        assert.ok(
            messages.some((message) => message.startsWith("Successfully pulled")),
            messages.join("\n"),
        );
    }

    /** Runs a command of a page that the kernel keeps from all but this machine and its cluster; it must not even ask. */
    async function offline(work: (given: DocumentedOptions) => Promise<void>): Promise<void> {
        const packets = await whileOffline(() => work({ ...options, group: OFFLINE_GROUP }));
        assert.equal(packets, 0, "the command asked for something outside of the machine");
    }

    // Promise: images-reach-any-registry
    it("gets all images from make images, and the same ones from a bundle without a network", async () => {
        const pushed = await runDocumented(
            "docs/clusters.md",
            "make images TO=registry.example/flts LOCK=yes",
            {
                ...withLogin(options, registry),
                replace: { "registry.example": registry.host },
            },
        );
        assert.match(pushed.everything, /images pushed, 0 were there/);
        const lock = readFileSync(lockFile, "utf8");
        rmSync(lockFile);
        await runDocumented("docs/clusters.md", "make bundle", options);
        await offline(async (given) => {
            const delivered = await runDocumented(
                "docs/clusters.md",
                "make images FROM=flts-bundle.tar TO=registry.example/flts LOCK=yes",
                { ...withLogin(given, mirror), replace: { "registry.example": mirror.host } },
            );
            assert.match(delivered.everything, /images pushed, 0 were there/);
            chart = /^MinIO's chart is (\S+): name it/m.exec(delivered.everything)?.[1];
        });
        assert.equal(readFileSync(lockFile, "utf8"), lock);
    });

    // Promise: cluster-of-others
    it("runs the stack by plain Pulumi in a namespace that exists, with a quota, on a node with a taint", async () => {
        await runDocumented("docs/pulumi.md", "pulumi stack init x", options);
        await runDocumented("docs/pulumi.md", "pulumi config set kubernetes:context kind-flts", {
            ...options,
            replace: { "kind-flts": CONTEXT },
        });
        settings({
            "flts:imageRegistry": `${mirror.host}/flts`,
            "flts:namespace": { name: NAMESPACE, create: false },
            "flts:cluster": { pullSecrets: ["registries/registry-login"], tolerations: [TAINT] },
            "flts:profile": "minimal",
            "flts:objectStore": { chart },
            "flts:loadBalancer": { service: { type: "NodePort", nodePort: NODE_PORT } },
            // Its image is in the official registries alone.
            "flts:monitoring": { grafana: { enabled: false } },
            "flts:training": { models: ["GRU"] },
            "flts:loadTest": { enabled: false },
        });
        await offline(async (given) => {
            await runDocumented("docs/pulumi.md", "pulumi up --yes", {
                ...given,
                replace: { "--yes": UNATTENDED },
            });
        });
        await pulledFrom(mirror);
    });

    // Promise: cluster-of-others
    it("serves a forecast of a CSV that make data uploads", async () => {
        await offline(async (given) => {
            const uploaded = await runDocumented("README.md", "make data FILE=series.csv", {
                ...given,
                replace: { "series.csv": join(folder, `${SERIES}.csv`) },
            });
            assert.match(
                uploaded.output,
                new RegExp(`^Forecast of ${SERIES} by run [0-9a-f]{32}, after `, "m"),
            );
        });
        const rows = await lastObservations(join(folder, `${SERIES}.csv`), 64);
        const { predictions } = await requestForecast(API, rows, 3, SERIES);
        assert.equal(predictions.length, 3);
        for (const { down } of predictions) {
            assert.ok(Number.isFinite(down), JSON.stringify(predictions));
        }
    });

    // Promise: nothing-existed-before-changed
    it("has only the claims of data in addition to what it had before when the stack is destroyed", async () => {
        await runDocumented("docs/pulumi.md", "FLTS_ALLOW_DATA_LOSS=all pulumi destroy --run-program --yes", {
            ...options,
            replace: { "--yes": UNATTENDED },
        });
        await kubectl("wait", "--for=delete", "pods", "--all", "--namespace", NAMESPACE, "--timeout=120s");
        assert.deepEqual(await objects(NAMESPACE), existing);
        const { metadata } = await kubectlGet<Named>("namespace", NAMESPACE);
        assert.equal(metadata.labels?.owner, "team");
        const left = await kubectl("get", "namespace", COLLECTORS, "--ignore-not-found");
        assert.equal(left.trim(), "");
        await kubectl("get", "secret", "registry-login", "--namespace", "registries");
    });
});
