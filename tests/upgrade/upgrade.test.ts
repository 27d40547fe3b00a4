import assert from "node:assert/strict";
import type { SettingsTree } from "../../cli/stack/settings";
import { PreviewedStack, PROD_CHOICES } from "./support/previewedStack";
import { recordedState, type RecordedResource, type Step } from "./support/recordedState";

/** What holds data, or a password that data are reached with. */
const KEPT = [
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:storage.k8s.io/v1:StorageClass",
    "kubernetes:helm.sh/v3:Release",
    "minio:index/s3Bucket:S3Bucket",
    "minio:index/s3Object:S3Object",
    "postgresql:index/database:Database",
    "postgresql:index/role:Role",
    "random:index/randomPassword:RandomPassword",
];

/** What clients reach. */
const SERVED = ["kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress"];

/** Resources of `types` that an update does not leave as they are or change in place. */
function lost(
    resources: readonly RecordedResource[],
    types: readonly string[],
    steps: readonly Step[],
): string[] {
    const kept = new Set(
        steps.flatMap(({ op, oldState }) => (["same", "update"].includes(op) ? (oldState?.urn ?? []) : [])),
    );
    return resources.filter(({ type, urn }) => types.includes(type) && !kept.has(urn)).map(({ urn }) => urn);
}

describe("an update of a stack of release 0.1.0", function () {
    this.timeout(180_000);

    const stacks: Readonly<Record<string, SettingsTree>> = { dev: {}, prod: PROD_CHOICES };
    for (const [name, choices] of Object.entries(stacks)) {
        describe(name, () => {
            const recorded = recordedState("0.1.0", name);
            let steps: readonly Step[];

            before(async () => {
                const stack = await PreviewedStack.create(name, choices, ["sample.csv"]);
                try {
                    await stack.restore(recorded);
                    steps = await stack.preview();
                } finally {
                    stack.remove();
                }
            });

            // Promise: no-update-deletes-replaces
            it(`an update of 0.1.0 replaces and deletes no volume, bucket, database or password of ${name}`, () => {
                assert.ok(recorded.filter(({ type }) => KEPT.includes(type)).length > 20);
                assert.deepEqual(lost(recorded, KEPT, steps), []);
            });

            it(`an update of 0.1.0 replaces and deletes no Service or Ingress of ${name}`, () => {
                assert.ok(recorded.some(({ type }) => SERVED.includes(type)));
                assert.deepEqual(lost(recorded, SERVED, steps), []);
            });

            it(`an update of 0.1.0 finds Locust of ${name} under its new type`, () => {
                const locust = recorded.filter(({ urn }) => urn.includes("flts:loadtest:Locust"));
                const types = [...new Set(locust.map(({ type }) => type))].filter(
                    (type) => type !== "kubernetes:batch/v1:CronJob",
                );
                assert.ok(types.includes("kubernetes:apps/v1:Deployment"));
                assert.deepEqual(lost(locust, types, steps), []);
            });
        });
    }

    it("an update that would replace a claim or drop a database is detected", () => {
        const [claim, database, bucket] = [
            { urn: "claim", type: "kubernetes:core/v1:PersistentVolumeClaim" },
            { urn: "database", type: "postgresql:index/database:Database" },
            { urn: "bucket", type: "minio:index/s3Bucket:S3Bucket" },
        ] as const;
        const steps = [
            { op: "replace", urn: "claim", oldState: claim },
            { op: "delete", urn: "database", oldState: database },
            { op: "update", urn: "renamed", oldState: bucket },
        ];
        assert.deepEqual(lost([claim, database, bucket], KEPT, steps), ["claim", "database"]);
    });
});
