import assert from "node:assert/strict";
import { dirname } from "node:path";
import { givenStores, secretsOf } from "../../stacks/preflight/storeQuestions";
import { containers, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const external = {
    endpoint: "https://s3.example:8443",
    createBuckets: false,
    bucketPrefix: "team-",
    region: "eu-central-1",
    addressing: "virtual",
    caSecret: "store-ca",
};

const GIVEN = "flts:infrastructure:GivenObjectStore";

describe("an object store with given keys", function () {
    this.timeout(30_000);

    // Promise: any-s3-store
    it("gets no user, policy, bucket or provider: every container has the keys of its Secret, and the named buckets", async () => {
        const { resources, outputs } = await deployProgram(
            settings({ objectStore: { external: { ...external, credentials: "each" } } }),
        );
        assert.deepEqual(
            resources.filter(({ type }) => /minio/i.test(type)).map(({ type }) => type),
            [],
        );
        assert.deepEqual(
            resources.filter(({ name, type }) => name === "minio" && type !== GIVEN),
            [],
        );
        const seen = new Set<string>();
        for (const workload of workloads(resources)) {
            for (const { name, env, volumeMounts } of containers(workload)) {
                const variables = new Map(env.map((variable) => [variable.name, variable]));
                if (!variables.has("AWS_ENDPOINT_URL_S3")) {
                    continue;
                }
                const where = `${workload.name}: ${name}`;
                const value = (key: string): string | undefined => variables.get(key)?.value;
                assert.equal(value("AWS_ENDPOINT_URL_S3"), external.endpoint, where);
                assert.equal(value("AWS_DEFAULT_REGION"), external.region, where);
                assert.equal(value("AWS_S3_ADDRESSING_STYLE"), "virtual", where);
                const authorities = value("AWS_CA_BUNDLE") ?? assert.fail(where);
                assert.ok(
                    volumeMounts.some(({ mountPath }) => mountPath === dirname(authorities)),
                    where,
                );
                const secret = variables.get("AWS_SECRET_ACCESS_KEY")?.valueFrom.secretKeyRef;
                assert.equal(secret?.key, "secretKey", where);
                seen.add(secret.name);
                for (const [key, bucket] of variables) {
                    if (/_BUCKETS?$|^BUCKETS$/.test(key)) {
                        for (const each of (bucket.value || "team-").split(",")) {
                            assert.match(each, /^team-/, `${where}: ${key}`);
                        }
                    }
                }
            }
        }
        assert.deepEqual(
            [...seen].sort(),
            ["backup", "eval", "inference", "log-compaction", "mlflow", "preprocess", "restore", "train"].map(
                (service) => `${service}-object-store`,
            ),
        );
        // The preflight tries the keys of all of them, and those of people's uploads.
        const chosen = settings({ objectStore: { external: { ...external, credentials: "each" } } });
        assert.deepEqual(
            [...secretsOf(givenStores(chosen))].sort(),
            [...seen, "data-object-store", external.caSecret].sort(),
        );
        assert.equal(outputs.secrets.objectStoreRoot, undefined);
        assert.equal(outputs.endpoints.objectStore, external.endpoint);
    });

    it("all services may have one Secret, which people then use for uploads as well", async () => {
        const { resources } = await deployProgram(
            settings({
                objectStore: { external: { ...external, credentials: "shared" }, existingSecret: "keys" },
            }),
        );
        const names = workloads(resources)
            .flatMap(containers)
            .flatMap(({ env }) => env)
            .filter(({ name }) => name === "AWS_ACCESS_KEY_ID")
            .map(({ valueFrom }) => valueFrom.secretKeyRef.name);
        assert.deepEqual([...new Set(names)], ["keys"]);
        // Its keys are read from the cluster.
        const { metadata } = one(resources, "kubernetes:core/v1:Secret", "minio-data").inputs;
        assert.equal((metadata as { name: string }).name, "minio-data");
    });
});
