import assert from "node:assert/strict";
import { deployedData, type DeployedObjects } from "../../components/access/deployedData";
import { dataChanges, refuseDataChanges, type DataChange } from "../../components/core/data/dataChanges";
import { refuseOtherVolumes } from "../../components/core/data/dataLossGuard";
import { POSTGRES_IMAGES, POSTGRES_VERSIONS } from "../../components/infrastructure/postgres/postgresConfig";
import { minioChartValues } from "../../components/infrastructure/objectStore/objectStoreChart";
import { Images } from "../../components/core/pod/images";
import { declaredData } from "../../stacks/platform/declaredData";
import catalogue from "../../images/images.json";
import { deployedServers } from "../support/deployedServers";
import { deployedObjects } from "../support/deployedObjects";
import { deployProgram, settings } from "../support/program";

type Overrides = Record<string, unknown>;

const clusters = new Map<string, DeployedObjects>();

/** Objects of a cluster to which these settings were deployed. Each caller gets objects of its own. */
async function deployed(overrides: Overrides): Promise<DeployedObjects> {
    const key = JSON.stringify(overrides);
    const objects =
        clusters.get(key) ?? deployedObjects((await deployProgram(settings(overrides))).resources);
    clusters.set(key, objects);
    return structuredClone(objects);
}

function changes(
    objects: DeployedObjects,
    overrides: Overrides,
    { stack = "test", allowed = [] }: { readonly stack?: string; readonly allowed?: readonly string[] } = {},
): DataChange[] {
    return dataChanges(deployedData(objects, stack), declaredData(settings(overrides)), allowed);
}

/** The error of one update, from one set of settings to another. */
async function refusal(before: Overrides, after: Overrides): Promise<string> {
    const found = changes(await deployed(before), after);
    try {
        refuseDataChanges(found);
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}

const three = { kafka: { brokers: 3 }, objectStore: { mode: "distributed" } };

describe("a change of settings that would lose data", function () {
    this.timeout(60_000);

    const cases: readonly [string, Overrides, Overrides, RegExp][] = [
        [
            "a single object store becoming a distributed one",
            {},
            { objectStore: { mode: "distributed" } },
            /"minio".*flts:objectStore\.mode changes from standalone to distributed.*make backup.*make restore/s,
        ],
        [
            "a distributed object store becoming a single one",
            three,
            { kafka: { brokers: 3 } },
            /"minio".*from distributed to standalone.*make restore/s,
        ],
        [
            "fewer servers of the object store",
            { objectStore: { mode: "distributed", replicas: 8 } },
            { objectStore: { mode: "distributed", replicas: 4 } },
            /"minio".*flts:objectStore\.replicas changes from 8 to 4/s,
        ],
        [
            "more servers of the object store",
            { objectStore: { mode: "distributed" } },
            { objectStore: { mode: "distributed", replicas: 6 } },
            /flts:objectStore\.replicas changes from 4 to 6/,
        ],
        [
            "fewer drives of the object store",
            { objectStore: { mode: "distributed", drivesPerNode: 4 } },
            { objectStore: { mode: "distributed", drivesPerNode: 2 } },
            /"minio".*flts:objectStore\.drivesPerNode changes from 4 to 2/s,
        ],
        [
            "more brokers",
            {},
            { kafka: { brokers: 3 } },
            /"kafka".*brokers changes from 1 to 3.*static voters/s,
        ],
        ["fewer brokers", { kafka: { brokers: 3 } }, {}, /"kafka".*flts:kafka\.brokers changes from 3 to 1/s],
        ["another identifier", { identifier: "a" }, { identifier: "b" }, /"identifier".*from "a" to "b"/s],
        ["a first identifier", {}, { identifier: "b" }, /"identifier".*from "" to "b"/s],
        [
            "another storage class",
            {},
            { storageClass: "fast" },
            /FLTS_ALLOW_DATA_LOSS=kafka,minio,postgres,backup,prometheus,victoria-logs /,
        ],
        [
            "another class of a distributed object store",
            { ...three, storageClass: "fast" },
            { ...three, storageClass: "slow" },
            /"minio".*storageClass.*changes from fast to slow/s,
        ],
        ["volumes that stay", {}, { volumes: { retain: true } }, /"kafka".*flts:volumes\.retain/s],
        [
            "another profile",
            {},
            { profile: "minimal" },
            /kafka,minio,postgres,backup,prometheus,victoria-logs/,
        ],
        [
            "a smaller volume",
            {},
            { postgres: { storage: "1Gi" } },
            /"postgres".*from 2Gi to 1Gi.*cannot shrink/s,
        ],
        [
            "a smaller volume of a single object store",
            {},
            { objectStore: { storage: "4Gi" } },
            /"minio".*flts:objectStore\.storage changes from 5Gi to 4Gi/s,
        ],
        [
            "a newer major version of PostgreSQL",
            { postgres: { version: "15" } },
            {},
            /"postgres".*flts:postgres\.version changes from 15 to 17.*set flts:postgres\.version to 15.*make backup.*kubectl delete statefulset postgres.*make restore/s,
        ],
        [
            "an older major version of PostgreSQL",
            {},
            { postgres: { version: "15" } },
            /"postgres".*flts:postgres\.version changes from 17 to 15.*set flts:postgres\.version to 17/s,
        ],
        [
            "a larger volume of a StatefulSet",
            {},
            { monitoring: { storage: "20Gi" } },
            /"prometheus".*--cascade=orphan/s,
        ],
    ];
    for (const [what, before, after, message] of cases) {
        it(`a change that would lose data is refused before anything is declared: ${what}`, async () => {
            assert.match(await refusal(before, after), message);
        });
    }

    // Promise: data-go-only-when
    it("all such changes are reported together, each with the way to keep the data", async () => {
        const message = await refusal(
            {},
            {
                identifier: "b",
                kafka: { brokers: 3 },
                objectStore: { mode: "distributed" },
                postgres: { storage: "1Gi" },
            },
        );
        assert.equal(message.match(/To keep the data: /g)?.length, 4);
        assert.match(
            message,
            /FLTS_ALLOW_DATA_LOSS=kafka,minio,postgres,identifier .*ALLOW_DATA_LOSS=kafka,minio,postgres,identifier/,
        );
    });

    it("such a change is made only if the run allows it by name", async () => {
        const objects = await deployed({});
        const after = { kafka: { brokers: 3 }, identifier: "b" };
        assert.deepEqual(
            changes(objects, after, { allowed: ["kafka"] }).map(({ name }) => name),
            ["identifier"],
        );
        assert.deepEqual(changes(objects, after, { allowed: ["all"] }), []);
    });

    it("such a change is detected while the servers are scaled to zero, as during a restore", async () => {
        const objects = await deployed({
            kafka: { brokers: 3 },
            objectStore: { mode: "distributed", drivesPerNode: 2 },
        });
        for (const set of objects.statefulSets) {
            (set.spec as { replicas: number }).replicas = 0;
        }
        const same = { kafka: { brokers: 3 }, objectStore: { mode: "distributed", drivesPerNode: 2 } };
        assert.deepEqual(changes(objects, same), []);
        assert.deepEqual(
            changes(objects, {}).map(({ name }) => name),
            ["kafka", "minio"],
        );
    });

    it("such a change is detected from the claims alone, without their StatefulSet", async () => {
        const { claims } = await deployed({ kafka: { brokers: 3 } });
        const left = { claims, statefulSets: [], deployments: [] };
        assert.match(changes(left, {})[0]?.change ?? "", /kafka\.brokers changes from 3 to 1/);
        assert.deepEqual(changes(left, { kafka: { brokers: 3, storage: "20Gi" } }), []);
    });

    it("PostgreSQL 17 is the only such change of a stack of release 0.1.0, which did not record its version; 15 is none", async () => {
        const objects = await deployed({ postgres: { version: "15" } });
        for (const { metadata } of objects.statefulSets) {
            Reflect.deleteProperty(metadata?.labels ?? {}, "flts.io/data-format");
        }
        assert.deepEqual(
            changes(objects, {}).map(({ change }) => change),
            ["flts:postgres.version changes from 15 to 17"],
        );
        assert.deepEqual(changes(objects, {}, { allowed: ["postgres"] }), []);
        assert.deepEqual(changes(objects, { postgres: { version: "15" } }), []);
    });

    it("servers of another stack in the namespace are not compared", async () => {
        const objects = await deployed(three);
        assert.deepEqual(changes(objects, {}, { stack: "other" }), []);
    });

    it("growing a claim of its own or writing a size in another way is not such a change", async () => {
        const objects = await deployed({});
        assert.deepEqual(
            changes(objects, { objectStore: { storage: "6Gi" }, backup: { storage: "9Gi" } }),
            [],
        );
        assert.deepEqual(changes(objects, { kafka: { storage: "2048Mi" } }), []);
        assert.deepEqual(changes(objects, { training: { epochs: 3 }, logLevel: "DEBUG" }), []);
    });
});

describe("each version of PostgreSQL that the guard knows", () => {
    for (const version of POSTGRES_VERSIONS) {
        it(`PostgreSQL ${version} is the version of its image`, () => {
            const image = catalogue.images[POSTGRES_IMAGES[version]];
            assert.equal(image.arguments.VERSION, version);
            for (const each of [image.upstream, `${image.repository}:${image.tag}`]) {
                assert.match(each, new RegExp(`\\bpostgres:${version}\\b`));
            }
        });
    }
});

describe("values of MinIO's chart", () => {
    const values = (change: Overrides = {}) => {
        const { requests, limits } = deployedServers(settings()).objectStore.resources;
        return minioChartValues({
            name: "minio",
            images: new Images({ registry: undefined, tags: new Map() }),
            rootSecret: "root",
            mode: "distributed",
            replicas: 4,
            drivesPerNode: 1,
            storage: "5Gi",
            storageClass: undefined,
            resources: { requests, limits },
            console: { type: "ClusterIP", nodePort: undefined },
            podLabels: {},
            credentialsEpoch: 1,
            ...change,
        } as never);
    };

    it("values of MinIO's chart cannot change the volumes, from any setting, unless the run allows the loss of the store", () => {
        const overridden = { ...values(), persistence: { enabled: false } };
        for (const after of [
            values({ mode: "standalone" }),
            values({ replicas: 3 }),
            values({ drivesPerNode: 2 }),
            values({ storageClass: "fast" }),
            values({ storage: "6Gi" }),
            { ...values(), fullnameOverride: "other" },
            { ...values(), pools: 2 },
            overridden,
        ]) {
            assert.throws(() => {
                refuseOtherVolumes("minio", values(), after, ["kafka"]);
            }, /"minio" holds data on volumes.*FLTS_ALLOW_DATA_LOSS=minio/);
            refuseOtherVolumes("minio", values(), after, ["minio"]);
        }
    });

    it("values of MinIO's chart may change everything else, and the volume of a single server may grow", () => {
        refuseOtherVolumes("minio", values(), values({ credentialsEpoch: 2, podLabels: { a: "b" } }), []);
        const single = values({ mode: "standalone" });
        refuseOtherVolumes("minio", single, values({ mode: "standalone", storage: "9Gi", replicas: 9 }), []);
    });
});
