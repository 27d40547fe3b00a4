import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { contextName } from "../../toolchain/cluster/layout";
import { withoutResource } from "../../cli/doctor/state";
import type { SettingsTree } from "../../cli/stack/settings";
import { kubectl, kubectlGet, make, preprocess, run } from "../support/commands";
import { duringDocumented, runDocumented } from "../support/documented";
import { EngineStack, type StateResource } from "../support/engine";

const namespace = "flts";

/** A kubeconfig whose context leads to a port on which nothing listens. */
function unreachableCluster(directory: string): string {
    const path = join(directory, "kubeconfig");
    const name = contextName;
    writeFileSync(
        path,
        stringify({
            apiVersion: "v1",
            kind: "Config",
            clusters: [{ name, cluster: { server: "https://127.0.0.1:1" } }],
            users: [{ name, user: { token: "none" } }],
            contexts: [{ name, context: { cluster: name, user: name } }],
        }),
    );
    return path;
}

describe("the dev stack on the real engine", function () {
    this.timeout(20 * 60_000);

    let stack: EngineStack;
    /** The state before the stack was destroyed. */
    let deployed: string;

    before(async () => {
        const outcome = await make("up");
        assert.equal(outcome.code, 0, outcome.everything);
        stack = new EngineStack();
    });

    async function stored(type: string, name: string): Promise<StateResource> {
        const found = (await stack.resources()).find(
            (resource) => resource.type === type && resource.urn.endsWith(`::${name}`),
        );
        return found ?? assert.fail(`the state has no ${type} ${name}`);
    }

    // Promise: minio-holds-datasets-models
    it("a second up changes nothing", async () => {
        await stack.settings();
        await runDocumented("docs/pulumi.md", "pulumi up --yes", {
            environment: stack.environment,
            replace: { "--yes": `--skip-preview --expect-no-changes ${stack.options}` },
        });
    });

    it("the documented refresh reads the stack, and then nothing has to change", async () => {
        const before = (await stack.resources()).map(({ urn }) => urn).sort();
        await runDocumented("docs/pulumi.md", "pulumi refresh --run-program --skip-preview --yes", {
            environment: stack.environment,
            replace: { "--yes": stack.options },
        });
        assert.deepEqual((await stack.resources()).map(({ urn }) => urn).sort(), before);
    });

    it("the documented import brings a lost bucket back into the state, and then nothing has to change", async () => {
        const bucket = await stored("minio:index/s3Bucket:S3Bucket", "dataset");
        const state = JSON.parse(await stack.exported()) as Parameters<typeof withoutResource>[0];
        await stack.restore(JSON.stringify(withoutResource(state, bucket.urn)));
        const { environment } = stack;
        await duringDocumented(
            "docs/pulumi.md",
            "kubectl -n flts port-forward service/minio 29000:9000",
            async () => {
                await runDocumented(
                    "docs/pulumi.md",
                    "pulumi import minio:index/s3Bucket:S3Bucket dataset dataset --parent 'store=<URN of the ObjectStore>' --provider 'minio=<URN of the provider>' --protect=false --yes",
                    {
                        environment,
                        replace: {
                            "<URN of the ObjectStore>": bucket.parent ?? "",
                            "<URN of the provider>": (await stored("pulumi:providers:minio", "minio")).urn,
                            "--yes": `--skip-preview ${stack.options}`,
                        },
                    },
                );
            },
            { environment },
        );
        const preview = await stack.pulumi(["preview", "--expect-no-changes"]);
        assert.equal(preview.code, 0, preview.everything);
    });

    it("make doctor finds the stack complete, and repairs what a refresh without the program lost", async () => {
        const whole = await make("doctor");
        assert.equal(whole.code, 0, whole.everything);
        const { urn } = await stored("minio:index/s3Bucket:S3Bucket", "dataset");
        await stack.pulumi(["refresh", "--yes", "--skip-preview", "--target", urn]);
        assert.ok(!(await stack.resources()).some((resource) => resource.urn === urn));
        const found = await make("doctor");
        assert.notEqual(found.code, 0);
        assert.match(found.everything, /MinIO +bucket +dataset +in MinIO, not in the state/);
        const repaired = await make("doctor", "FIX=yes");
        assert.equal(repaired.code, 0, repaired.everything);
        assert.ok((await stack.resources()).some((resource) => resource.urn === urn));
    });

    it("a preview without changes makes a report that is short enough for a pull request", async () => {
        const preview = await runDocumented("docs/upgrades.md", "make preview STACK=prod", {
            replace: { prod: "dev FORMAT=comment" },
            show: true,
        });
        assert.match(preview.output, /^<!-- flts-preview -->\n### Preview: no changes$/m);
        assert.match(preview.output, /^\| dev \| 0 \| 0 \| 0 \| 0 \|$/m);
    });

    it("a preview connects to neither MinIO nor PostgreSQL", async () => {
        await kubectl("-n", namespace, "scale", "statefulset/postgres", "--replicas=0");
        try {
            const preview = await stack.pulumi(["preview", "--diff"]);
            assert.equal(preview.code, 0, preview.everything);
        } finally {
            await kubectl("-n", namespace, "scale", "statefulset/postgres", "--replicas=1");
            await kubectl("-n", namespace, "rollout", "status", "statefulset/postgres", "--timeout=120s");
        }
    });

    it("an unreachable cluster is named, and the state is kept", async () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-unreachable-"));
        try {
            const before = await stack.resources();
            const preview = await stack.pulumi(["preview"], { KUBECONFIG: unreachableCluster(directory) });
            assert.notEqual(preview.code, 0);
            assert.match(preview.everything, /flts-embedded/);
            assert.match(preview.everything, /127\.0\.0\.1:1/);
            assert.equal((await stack.resources()).length, before.length);
        } finally {
            rmSync(directory, { recursive: true });
        }
    });

    // Promise: data-go-only-when
    it("a preview refuses to replace what holds data, and names it", async () => {
        await stack.settings({ "flts:kafka": { storage: "3Gi" } });
        const preview = await stack.pulumi(["preview"]);
        assert.notEqual(preview.code, 0);
        assert.match(
            preview.everything,
            /"kafka" holds data: flts:kafka\.storage changes from 2Gi to 3Gi.*FLTS_ALLOW_DATA_LOSS=kafka/s,
        );
        await stack.settings();
    });

    it("a preview refuses all changes that would lose data in one report", async () => {
        await stack.settings({
            "flts:kafka": { brokers: 3 },
            "flts:objectStore": { mode: "distributed" },
            "flts:identifier": "renamed",
        });
        const preview = await stack.pulumi(["preview"]);
        await stack.settings();
        assert.notEqual(preview.code, 0);
        assert.match(preview.everything, /"kafka" holds data: flts:kafka\.brokers changes from 1 to 3/);
        assert.match(
            preview.everything,
            /"minio" holds data: flts:objectStore\.mode changes from standalone to distributed/,
        );
        assert.match(preview.everything, /"identifier" holds data/);
    });

    it("a refresh while MinIO is down loses nothing from the state", async () => {
        const before = (await stack.resources()).map((resource) => resource.urn).sort();
        const workload = (
            await kubectl(
                "-n",
                namespace,
                "get",
                "deployment,statefulset",
                "-l",
                "release=minio",
                "-o",
                "name",
            )
        ).trim();
        await stack.settings({ "flts:objectStore": { access: { timeoutSeconds: 10 } } });
        await kubectl("-n", namespace, "scale", workload, "--replicas=0");
        try {
            const refreshed = await stack.pulumi(["refresh", "--yes", "--skip-preview", "--run-program"]);
            assert.match(refreshed.everything, /MinIO did not answer .* within 10 s/);
        } finally {
            await kubectl("-n", namespace, "scale", workload, "--replicas=1");
            await kubectl("-n", namespace, "rollout", "status", workload, "--timeout=180s");
        }
        assert.deepEqual((await stack.resources()).map((resource) => resource.urn).sort(), before);
        await stack.settings();
        const fixed = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(fixed.code, 0, fixed.everything);
    });

    // Promise: rollback-release-before
    it("changed settings are applied, and changing them back restores the previous objects", async () => {
        const before = await stack.inputDigests();
        const update = async (overrides: SettingsTree): Promise<void> => {
            await stack.settings(overrides);
            const outcome = await stack.pulumi(["up", "--yes", "--skip-preview"]);
            assert.equal(outcome.code, 0, outcome.everything);
        };
        await update({
            "flts:loadBalancer": { requestTimeoutSeconds: 20 },
            "flts:kafka": { retentionHours: 24 },
        });
        assert.notDeepEqual(await stack.inputDigests(), before);
        await update({});
        assert.deepEqual(await stack.inputDigests(), before);
    });

    // Promise: change-settings-code-applied
    it("raising the epoch renews every generated password, and the stack still works", async () => {
        const password = (): Promise<{ data: Record<string, string> }> =>
            kubectlGet("secret", "preprocess-object-store", "-n", namespace);
        const old = await password();
        await stack.settings({ "flts:credentials": { epoch: 2 } });
        const rotated = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(rotated.code, 0, rotated.everything);
        assert.notEqual((await password()).data.secretKey, old.data.secretKey);
        const log = await preprocess(namespace);
        assert.match(log, /"skip_idempotent"/);
    });

    it("a preview refuses to create what already exists, and names it", async () => {
        const before = await stack.exported();
        const forgotten = JSON.parse(before) as { deployment: { resources: { urn: string }[] } };
        forgotten.deployment.resources = [];
        await stack.restore(JSON.stringify(forgotten));
        const preview = await stack.pulumi(["preview"]);
        await stack.restore(before);
        assert.notEqual(preview.code, 0);
        assert.match(preview.everything, new RegExp(`the namespace "${namespace}" exists already`));
    });

    // Promise: everything-deleted-command
    it("a destroy deletes every resource", async () => {
        deployed = await stack.exported();
        await stack.settings({ "flts:credentials": { epoch: 2 } });
        await runDocumented("docs/pulumi.md", "FLTS_ALLOW_DATA_LOSS=all pulumi destroy --run-program --yes", {
            environment: stack.environment,
            replace: { "--yes": `--skip-preview ${stack.options}` },
        });
        assert.deepEqual(await stack.resources(), []);
        const left = await kubectl("get", "namespace", namespace, "--ignore-not-found");
        assert.equal(left.trim(), "");
    });

    it("a stack whose servers no longer exist is forgotten without waiting for them", async () => {
        await stack.restore(deployed);
        const started = Date.now();
        const down = await run(process.execPath, ["-r", "ts-node/register/transpile-only", "cli/down.ts"]);
        assert.equal(down.code, 0, down.everything);
        assert.match(down.everything, /is deleted with the embedded cluster/);
        assert.ok(Date.now() - started < 90_000, down.everything);
        assert.equal(stack.exists(), false);
    });
});
