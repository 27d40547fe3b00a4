import assert from "node:assert/strict";
import { ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

describe("the program with namespace.create: false", () => {
    // Promise: nothing-existed-before-changed
    it("does not change an existing namespace, and denies traffic only for the stack's pods", async () => {
        const chosen = settings({
            namespace: { name: "team", create: false },
            monitoring: { logs: { enabled: false } },
        });
        const { resources } = await deployProgram(chosen);
        assert.deepEqual(ofType(resources, "kubernetes:core/v1:Namespace"), []);
        assert.deepEqual(ofType(resources, "kubernetes:core/v1:ServiceAccountPatch"), []);
        const policy = one(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "deny-all").inputs;
        assert.equal((policy.metadata as { name: string }).name, "test-deny-all");
        assert.deepEqual(policy.spec, {
            podSelector: { matchLabels: { "app.kubernetes.io/instance": "test" } },
            policyTypes: ["Ingress", "Egress"],
        });
        for (const workload of workloads(resources)) {
            assert.equal(
                workload.template.metadata.labels["app.kubernetes.io/instance"],
                "test",
                workload.name,
            );
        }
    });

    it("deletes buckets together with their server and not one by one, because they hold objects", async () => {
        const { resources } = await deployProgram(settings({ namespace: { name: "team", create: false } }));
        const server = one(resources, "kubernetes:helm.sh/v3:Release", "minio").urn;
        const buckets = ofType(resources, "minio:index/s3Bucket:S3Bucket");
        assert.ok(buckets.length > 3);
        for (const { urn, deletedWith } of buckets) {
            assert.equal(deletedWith, server, urn);
        }
    });
});
