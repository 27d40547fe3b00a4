import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "minio";
import { DatasetStore } from "../../cli/data/store";
import { bucketsOf } from "../../components/contract";
import {
    givenConnection,
    type GivenStore,
} from "../../components/infrastructure/objectStore/givenObjectStore";
import { python } from "../kafka/support/services";
import { installPythonPackages } from "../load-balancer/support/mlflow";
import { resolving } from "./support/resolving";
import { Seaweed, STORE_NAME, type Identity } from "./support/seaweed";

const SERVICES = resolve(__dirname, "../../services");
const buckets = bucketsOf("team-");
const all = (bucket: string): string[] =>
    ["Read", "Write", "List", "Tagging"].map((action) => `${action}:${bucket}`);

const identities = {
    administrator: { accessKey: "administrator", secretKey: "secret-of-all", actions: ["Admin"] },
    eval: { accessKey: "eval", secretKey: "secret-of-eval", actions: all(buckets.modelPromotion) },
    data: { accessKey: "data", secretKey: "secret-of-data", actions: all(buckets.dataset) },
} satisfies Record<string, Identity>;

describe("an S3 store without MinIO's admin API, with TLS of a private authority", function () {
    this.timeout(180_000);

    const directory = mkdtempSync(join(tmpdir(), "flts-given-"));
    let store: Seaweed;

    before(async () => {
        installPythonPackages();
        store = await Seaweed.start(identities);
        const administrator = new Client({
            endPoint: "127.0.0.1",
            port: store.port,
            accessKey: identities.administrator.accessKey,
            secretKey: identities.administrator.secretKey,
            region: "us-east-1",
            transportAgent: new Agent({ ca: store.authority }),
        });
        for (const bucket of [buckets.modelPromotion, buckets.dataset]) {
            await administrator.makeBucket(bucket);
        }
    });

    after(async () => {
        await store.remove();
        rmSync(directory, { recursive: true, force: true });
    });

    /** Runs store.py with the variables that a service's pod has. */
    function asService(
        service: "eval" | "data",
        addressing: GivenStore["addressing"],
        ...args: string[]
    ): string {
        const authority = join(directory, "ca.crt");
        writeFileSync(authority, store.authority);
        const values: Readonly<Record<string, string>> = {
            [`${service}-object-store/accessKey`]: identities[service].accessKey,
            [`${service}-object-store/secretKey`]: identities[service].secretKey,
            "/etc/flts-secrets/store-ca/ca.crt": authority,
        };
        const { environment } = givenConnection(
            {
                endpoint: `https://${addressing === "path" ? "127.0.0.1" : STORE_NAME}:${store.port}`,
                region: "us-east-1",
                addressing,
                caSecret: "store-ca",
                sharedSecret: undefined,
            },
            service,
        );
        const variables = environment.map(({ name, value, valueFrom }): [string, string | undefined] => {
            const given = value as string | undefined;
            const { secretKeyRef } =
                (valueFrom as { secretKeyRef: { name: string; key: string } } | undefined) ?? {};
            const key = secretKeyRef ? `${secretKeyRef.name}/${secretKeyRef.key}` : given;
            return [name as string, values[key ?? ""] ?? given];
        });
        const { status, stdout, stderr } = spawnSync(
            python(),
            [join(__dirname, "support/store.py"), ...args],
            {
                env: { PATH: process.env.PATH, PYTHONPATH: SERVICES, ...Object.fromEntries(variables) },
                encoding: "utf8",
                timeout: 120_000,
            },
        );
        assert.equal(status, 0, stderr);
        return stdout.trim();
    }

    // Promise: any-s3-store
    it("the services can do everything with objects in an S3 store with given keys", () => {
        assert.equal(asService("eval", "path", buckets.modelPromotion), "done");
    });

    // Promise: any-s3-store
    it("the services can do the same in a store whose buckets are in host names", () => {
        assert.equal(asService("eval", "virtual", buckets.modelPromotion), "done");
    });

    it("a service whose keys are for other buckets is refused", () => {
        assert.equal(asService("data", "path", buckets.modelPromotion, "forbidden"), "AccessDenied");
    });

    // Promise: any-s3-store
    it("make data uploads to the store in parts, and lists the series", () => uploads(false));

    // Promise: any-s3-store
    it("make data uploads to the store with the bucket in the host name", async () => {
        const asked = new Set<string>();
        await resolving(() => uploads(true), asked);
        assert.deepEqual([...asked], [`${buckets.dataset}.${STORE_NAME}`]);
    });

    async function uploads(virtual: boolean): Promise<void> {
        const access = {
            host: virtual ? STORE_NAME : "127.0.0.1",
            port: store.port,
            secure: true,
            region: "us-east-1",
            bucket: buckets.dataset,
            prefix: "",
            accessKey: identities.data.accessKey,
            secretKey: identities.data.secretKey,
            virtual,
            authorities: store.authority,
        };
        const dataset = new DatasetStore(access);
        const path = join(directory, "series.csv");
        writeFileSync(path, `time,value\n${"2024-01-01 00:00:00,1\n".repeat(400_000)}`);
        await dataset.upload(path, "series.csv", () => undefined, new AbortController().signal);
        assert.ok(await dataset.holds(path, "series.csv"));
        assert.deepEqual(await dataset.list(), { series: ["series"], rejected: [] });
        assert.equal(await dataset.rejection("series"), undefined);
        await assert.rejects(
            new DatasetStore({ ...access, authorities: undefined }).list(),
            /certificate|self.signed|UNABLE_TO/i,
        );
    }
});
