import assert from "node:assert/strict";
import { Agent } from "node:https";
import { Client } from "minio";
import { bucketsOf, OBJECT_STORE_GRANTS } from "../../components/contract";
import type { SecretData } from "../../stacks/preflight/facts";
import { known, type Known } from "../../stacks/preflight/finding";
import { endpointsOf } from "../../stacks/preflight/endpoints";
import { probe } from "../../stacks/preflight/probe";
import { readStore } from "../../stacks/preflight/readStore";
import { givenStores } from "../../stacks/preflight/storeQuestions";
import { settingsOf } from "../../stacks/settings/read";
import type { SettingsTree } from "../../stacks/settings/tree";
import { found } from "../support/preflight";
import { resolving } from "./support/resolving";
import { Seaweed, STORE_NAME, type Identity } from "./support/seaweed";

const buckets = bucketsOf("team-");
const everything = (...names: string[]): string[] =>
    names.flatMap((bucket) => ["Read", "Write", "List", "Tagging"].map((action) => `${action}:${bucket}`));

const identities = {
    administrator: { accessKey: "administrator", secretKey: "secret-of-all", actions: ["Admin"] },
    shared: {
        accessKey: "shared",
        secretKey: "secret-of-shared",
        actions: everything(...Object.values(buckets), "backups", "elsewhere"),
    },
    reader: {
        accessKey: "reader",
        secretKey: "secret-of-reader",
        actions: Object.values(buckets).flatMap((bucket) => [`Read:${bucket}`, `List:${bucket}`]),
    },
} satisfies Record<string, Identity>;

describe("the preflight of an S3 store with given keys", function () {
    this.timeout(120_000);

    let store: Seaweed;
    let administrator: Client;

    before(async () => {
        store = await Seaweed.start(identities);
        const { accessKey, secretKey } = identities.administrator;
        administrator = new Client({
            endPoint: "127.0.0.1",
            port: store.port,
            region: "us-east-1",
            accessKey,
            secretKey,
            transportAgent: new Agent({ ca: store.authority }),
        });
        for (const bucket of [...Object.values(buckets), "backups"]) {
            await administrator.makeBucket(bucket);
        }
    });

    after(() => store.remove());

    const secret = ({ accessKey, secretKey }: Identity): Known<SecretData> => known({ accessKey, secretKey });

    /** What is said of the store, by settings that differ in this, and Secrets that differ in these. */
    async function said(
        external: SettingsTree = {},
        secrets: Readonly<Record<string, Known<SecretData>>> = {},
        now?: Date,
        more: SettingsTree = {},
    ): Promise<string[]> {
        const each = external.credentials === "each";
        const tree = {
            objectStore: {
                ...(each ? {} : { existingSecret: "keys" }),
                external: {
                    endpoint: `https://127.0.0.1:${store.port}`,
                    credentials: "shared",
                    createBuckets: false,
                    bucketPrefix: "team-",
                    caSecret: "store-ca",
                    ...external,
                },
            },
            ...more,
        };
        const given = new Map(
            Object.entries({
                "store-ca": known({ "ca.crt": store.authority }),
                keys: secret(identities.shared),
                ...Object.fromEntries(
                    Object.keys(OBJECT_STORE_GRANTS).map((service) => [
                        `${service}-object-store`,
                        secret(identities.shared),
                    ]),
                ),
                ...secrets,
            }),
        );
        const settings = settingsOf({ namespace: { name: "team", create: false }, ...tree }, "test");
        const stores = await Promise.all(givenStores(settings).map((asked) => readStore(asked, given, now)));
        const endpoints = await Promise.all(endpointsOf(settings).map(probe));
        return found({ settings: tree, facts: { stores, endpoints } }).map(
            ({ level, message }) => `${level}: ${message}`,
        );
    }

    async function objects(): Promise<number> {
        const all = await Promise.all(
            Object.values(buckets).map((bucket) => administrator.listObjectsV2(bucket, "", true).toArray()),
        );
        return all.flat().length;
    }

    // Promise: given-keys-checked
    it("reports nothing for correct keys, and writes nothing", async () => {
        assert.deepEqual(await said(), []);
        assert.deepEqual(await said({ credentials: "each" }), []);
        const virtual = { endpoint: `https://${STORE_NAME}:${store.port}`, addressing: "virtual" };
        const asked = new Set<string>();
        assert.deepEqual(await resolving(() => said(virtual), asked), []);
        assert.ok(asked.has(`${buckets.mlflow}.${STORE_NAME}`));
        assert.equal(await objects(), 0);
    });

    it("reports all problems with the keys of single services at once", async () => {
        const wrong = await said(
            { credentials: "each" },
            {
                "mlflow-object-store": known({ accessKey: "shared", secretKey: "another" }),
                "train-object-store": known({ accessKey: "nobody", secretKey: "another" }),
                "eval-object-store": secret(identities.reader),
                "data-object-store": known(undefined),
                "inference-object-store": known({ accessKey: "shared" }),
                "backup-object-store": { known: false, reason: "forbidden" },
            },
        );
        const expected = [
            /^error: .*"each", Secret "data-object-store": the namespace team has no such Secret; create it with `kubectl --namespace team create secret generic data-object-store --from-literal=accessKey=/,
            /^error: .*"inference-object-store": the Secret has no secretKey; add it$/,
            /^unchecked: .*"backup-object-store" \(forbidden\)$/,
            /^error: .*"mlflow-object-store": the store does not accept its secretKey; correct/,
            /^error: .*"train-object-store": the store does not know its accessKey; correct/,
            /^error: .*"eval-object-store": its keys may not write team-model-promotion; grant it/,
        ];
        assert.equal(wrong.length, expected.length, wrong.join("\n"));
        for (const form of expected) {
            assert.ok(
                wrong.some((message) => form.test(message)),
                `${String(form)}\n${wrong.join("\n")}`,
            );
        }
    });

    const cases: Readonly<Record<string, readonly [() => Promise<string[]>, RegExp]>> = {
        "a bucket that is not there": [
            () => said({}, {}, undefined, { backup: { target: target("elsewhere") } }),
            /^error: flts:backup\.target\.bucket = "elsewhere": the store has no bucket "elsewhere"; create it/,
        ],
        "a bucket that its keys are not for": [
            () => said({}, {}, undefined, { backup: { target: target("others") } }),
            /^error: flts:backup\.target\.existingSecret = "keys": its keys may not list\/read\/write others; grant it/,
        ],
        "a clock that is wrong": [
            () => said({}, {}, new Date(Date.now() - 3_600_000)),
            /^error: flts:objectStore\.external\.endpoint = "https:.*its clock \(.*\) and this machine's differ/,
        ],
        "an authority that did not sign its certificate": [
            () => said({ caSecret: undefined }),
            /^error: flts:objectStore\.external\.endpoint = "https:.*certificate is refused: .*flts:objectStore\.external\.caSecret/,
        ],
        "a Secret without the authority": [
            () => said({}, { "store-ca": known({}) }),
            /^error: flts:objectStore\.external\.caSecret = "store-ca": the Secret has no ca\.crt; add it$/,
        ],
        "a scheme without TLS": [
            () => said({ endpoint: `http://127.0.0.1:${store.port}`, caSecret: undefined }),
            /^error: flts:objectStore\.external\.endpoint = "http:.*answers with TLS; write https:\/\/$/,
        ],
        "a host that is not reached from here": [
            () => said({ endpoint: "https://minio.other.svc:9000" }),
            /^unchecked: not checked: buckets and keys of flts:objectStore\.external\.endpoint = .*this machine cannot reach it, but pods may: /,
        ],
    };
    const target = (bucket: string): SettingsTree => ({
        endpoint: `https://127.0.0.1:${store.port}`,
        bucket,
        existingSecret: "keys",
    });
    for (const [name, [run, form]] of Object.entries(cases)) {
        it(`reports ${name} once`, async () => {
            const messages = await run();
            const rest = messages.filter((message) => !form.test(message));
            assert.equal(messages.length - rest.length, 1, messages.join("\n"));
            assert.ok(
                rest.every((message) => message.startsWith("unchecked:")),
                messages.join("\n"),
            );
        });
    }
});
