import assert from "node:assert/strict";
import { serviceOf } from "../../components/access/service";
import { settings } from "../support/program";
import { mistakesOf } from "../support/mistakes";

/** Messages for these settings, which are correct apart from who provides what. */
function mistakes(overrides: Record<string, Record<string, unknown> | unknown[]>): string[] {
    return mistakesOf(() => settings(overrides));
}

const kafka = { external: { bootstrapServers: "kafka.example:9092" } };
const direct = { mode: "direct", host: "server.example" };
const objectStore = { external: { endpoint: "https://s3.example" }, existingSecret: "root", access: direct };
const given = { endpoint: "https://s3.example", credentials: "each", createBuckets: false };
const postgres = { external: { host: "db.example" }, existingSecret: "admin", access: direct };
const mlflow = { external: { trackingUri: "https://mlflow.example" } };
const stacks = { infrastructure: "organization/flts/below" };

describe("who makes what", () => {
    it("this stack, another one or an external server may provide a part", () => {
        assert.deepEqual(mistakes({}), []);
        assert.deepEqual(mistakes({ layers: ["infrastructure"] }), []);
        assert.deepEqual(mistakes({ layers: ["serving"], stacks }), []);
        assert.deepEqual(mistakes({ kafka, objectStore, postgres }), []);
        assert.deepEqual(mistakes({ kafka, objectStore, mlflow }), []);
        assert.deepEqual(mistakes({ objectStore: { external: given } }), []);
        const shared = { ...given, credentials: "shared" };
        assert.deepEqual(mistakes({ objectStore: { external: shared, existingSecret: "keys" } }), []);
    });

    it("settings of a MinIO that is not deployed are accepted with the chart that `make up` sets", () => {
        assert.deepEqual(mistakes({ objectStore: { ...objectStore, chart: "/charts/minio.tgz" } }), []);
        const chart = { chart: "/charts/minio.tgz" };
        assert.deepEqual(mistakes({ layers: ["serving"], stacks, objectStore: chart }), []);
    });

    const refused: Record<string, [Parameters<typeof mistakes>[0], RegExp]> = {
        "infrastructure twice": [
            { stacks },
            /^flts:stacks\.infrastructure = "organization\/flts\/below": .* makes its own; remove one of the two$/,
        ],
        "layers without infrastructure": [
            { layers: ["pipeline"] },
            /^flts:layers = \["pipeline"\]: they need infrastructure; .* flts:stacks\.infrastructure$/,
        ],
        "an external server under another stack's infrastructure": [
            { layers: ["pipeline"], stacks, kafka },
            /^flts:kafka\.external\.bootstrapServers = "kafka\.example:9092": belongs to the stack that has/,
        ],
        "a size of a broker that is not deployed": [
            { kafka: { ...kafka, brokers: 3 } },
            /^flts:kafka\.brokers = 3: is of no use, because flts:kafka\.external\.bootstrapServers names .* remove one/,
        ],
        "a login without the external Kafka that it is for": [
            { kafka: { external: { existingSecret: "login" } } },
            /^flts:kafka\.external\.existingSecret = "login": needs flts:kafka\.external\.bootstrapServers$/,
        ],
        "topics to take over in deployed brokers": [
            { kafka: { external: { formerOwner: "organization/flts/dev@/flts" } } },
            /^flts:kafka\.external\.formerOwner = "organization\/flts\/dev@\/flts": needs flts:kafka\.external\.bootstrapServers$/,
        ],
        "topics to take over from an incomplete owner": [
            { kafka: { external: { ...kafka.external, formerOwner: "dev" } } },
            /^flts:kafka\.external\.formerOwner = "dev": must be organization\/project\/stack@cluster\/namespace/,
        ],
        "a protocol with SASL and no Secret": [
            { kafka: { external: { ...kafka.external, protocol: "SASL_SSL" } } },
            /^flts:kafka\.external\.protocol = "SASL_SSL": needs flts:kafka\.external\.existingSecret, a Secret with/,
        ],
        "a CA for connections without TLS": [
            { kafka: { external: { ...kafka.external, caSecret: "ca" } } },
            /^flts:kafka\.external\.caSecret = "ca": is not used with protocol PLAINTEXT; set .* to SSL or SASL_SSL$/,
        ],
        "a password for a protocol without one": [
            { kafka: { external: { ...kafka.external, protocol: "SSL", existingSecret: "login" } } },
            /^flts:kafka\.external\.existingSecret = "login": is not used with protocol SSL; set .* to SASL_PLAINTEXT or SASL_SSL$/,
        ],
        "a login without the external MLflow that it is for": [
            { mlflow: { external: { existingSecret: "login" } } },
            /^flts:mlflow\.external\.existingSecret = "login": needs flts:mlflow\.external\.trackingUri/,
        ],
        "a CA for an MLflow without TLS": [
            { mlflow: { external: { trackingUri: "http://mlflow.example", caSecret: "ca" } } },
            /^flts:mlflow\.external\.caSecret = "ca": needs flts:mlflow\.external\.trackingUri with https$/,
        ],
        "a CA for a database without TLS": [
            {
                postgres: {
                    ...postgres,
                    external: { host: "db.example", sslMode: "disable", caSecret: "ca" },
                },
            },
            /^flts:postgres\.external\.caSecret = "ca": needs .* flts:postgres\.external\.sslMode require$/,
        ],
        "a CA for a deployed database": [
            { postgres: { external: { caSecret: "ca" } } },
            /^flts:postgres\.external\.caSecret = "ca": needs flts:postgres\.external\.host/,
        ],
        "an address of an MLflow that is not deployed": [
            { mlflow: { ...mlflow, service: { type: "NodePort", nodePort: 30500 } } },
            /^flts:mlflow\.service = \{"type":"NodePort","nodePort":30500\}: is of no use/,
        ],
        "a database that is not used": [
            { mlflow, postgres },
            /^flts:postgres\.external\.host = "db\.example": only MLflow needs a database/,
        ],
        "an external store without credentials": [
            { objectStore: { ...objectStore, existingSecret: undefined } },
            /^flts:objectStore\.external\.endpoint = .*: needs flts:objectStore\.existingSecret, a Secret with/,
        ],
        "given keys without the store that they are for": [
            { objectStore: { external: { credentials: "each", createBuckets: false } } },
            /^flts:objectStore\.external\.credentials = "each": needs flts:objectStore\.external\.endpoint$/,
        ],
        "given keys for all services without their Secret": [
            { objectStore: { external: { ...given, credentials: "shared" } } },
            /^flts:objectStore\.external\.credentials = "shared": needs flts:objectStore\.existingSecret, a Secret with accessKey/,
        ],
        "creating buckets with given keys": [
            { objectStore: { external: { ...given, createBuckets: true } } },
            /^flts:objectStore\.external\.createBuckets = true: nothing is made .* make the buckets and set it to false$/,
        ],
        "a Secret for all services that have one each": [
            { objectStore: { external: given, existingSecret: "keys" } },
            /^flts:objectStore\.existingSecret = "keys": is of no use with .* each; remove it, or set that to shared$/,
        ],
        "a prefix of buckets that the program creates": [
            { objectStore: { ...objectStore, external: { ...objectStore.external, bucketPrefix: "team-" } } },
            /^flts:objectStore\.external\.bucketPrefix = "team-": needs flts:objectStore\.external\.credentials shared or each$/,
        ],
        "a CA for a store without TLS": [
            { objectStore: { external: { ...given, endpoint: "http://s3.example", caSecret: "ca" } } },
            /^flts:objectStore\.external\.caSecret = "ca": needs flts:objectStore\.external\.endpoint with https$/,
        ],
        "external buckets in a deployed store": [
            { objectStore: { external: { createBuckets: false } } },
            /^flts:objectStore\.external\.createBuckets = false: a MinIO that this stack deploys has no buckets yet; set it to true, or name/,
        ],
        "another name of the database in a deployed server": [
            { postgres: { external: { database: "mine" } } },
            /^flts:postgres\.external\.database = "mine": is the name in an external server; remove it, or name/,
        ],
        "an external database without credentials": [
            { postgres: { ...postgres, existingSecret: undefined } },
            /^flts:postgres\.external\.host = .*: needs flts:postgres\.existingSecret, a Secret with the password/,
        ],
        "a tunnel to what is not in the cluster": [
            { postgres: { ...postgres, access: {} } },
            /^flts:postgres\.access\.mode = "tunnel": db\.example is not a Service of the cluster .* set it to direct/,
        ],
        "the word none for a host of the Ingress, as in version 0.1.0": [
            { ingress: { hosts: { api: "none" } } },
            /^flts:ingress\.hosts\.api = "none": must be a host name in lower case with a dot, or empty\. /,
        ],
        "a tunnel to a certificate": [
            {
                objectStore: {
                    ...objectStore,
                    external: { endpoint: "https://minio.store.svc" },
                    access: {},
                },
            },
            /^flts:objectStore\.access\.mode = "tunnel": the certificate of an https endpoint/,
        ],
    };
    for (const [name, [overrides, expected]] of Object.entries(refused)) {
        it(`settings that contradict who provides a part are refused: ${name}`, () => {
            const found = mistakes(overrides).filter((message) => expected.test(message));
            assert.equal(found.length, 1, mistakes(overrides).join("\n"));
        });
    }
});

describe("a host name inside the cluster", () => {
    it("a Service's host name is recognized with or without the domain, and no other name is", () => {
        assert.deepEqual(serviceOf("minio", "flts"), { namespace: "flts", name: "minio" });
        assert.deepEqual(serviceOf("minio.store.svc", "flts"), { namespace: "store", name: "minio" });
        assert.deepEqual(serviceOf("minio.store.svc.cluster.local", "flts"), {
            namespace: "store",
            name: "minio",
        });
        assert.equal(serviceOf("s3.example", "flts"), undefined);
        assert.equal(serviceOf("10.0.0.7", "flts"), undefined);
    });
});
