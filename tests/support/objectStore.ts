import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { Client } from "minio";
import { BUCKETS, DATA_SECRET } from "../../components/contract";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterEnvironment, kubectlGet } from "./commands";

const NAMESPACE = "flts";

/** The dev stack's object store, by clients that have nothing of the project but keys out of its Secrets. */
export interface ObjectStoreClients {
    /** Who may upload data. */
    readonly user: Client;
    /** Who may do everything. */
    readonly root: Client;
}

async function secret(name: string): Promise<(key: string) => string> {
    const { data } = await kubectlGet<{ data: Readonly<Record<string, string>> }>(
        ...["secret", name, "--namespace", NAMESPACE],
    );
    return (key) => Buffer.from(data[key] ?? "", "base64").toString();
}

/** Gives `use` the object store through a port-forward, which ends with it. */
export async function withObjectStore<T>(use: (clients: ObjectStoreClients) => Promise<T>): Promise<T> {
    const [data, root] = [await secret(DATA_SECRET), await secret("minio-root")];
    const target = ["--namespace", NAMESPACE, "service/minio", ":9000"];
    const child = spawn(toolPath("kubectl"), ["port-forward", ...target], {
        env: { ...process.env, ...clusterEnvironment() },
        stdio: ["ignore", "pipe", "inherit"],
    });
    try {
        const port = await new Promise<number>((resolve, reject) => {
            child.once("error", reject);
            child.once("exit", (code) => {
                reject(new Error(`kubectl port-forward ended with ${code ?? "a signal"}`));
            });
            // Reads on to the end: what is printed later, a line a connection, must not fill the pipe.
            createInterface({ input: child.stdout }).on("line", (line) => {
                const [, local] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
                if (local !== undefined) {
                    resolve(Number(local));
                }
            });
        });
        const at = { endPoint: "127.0.0.1", port, useSSL: false, region: data("region"), pathStyle: true };
        return await use({
            user: new Client({ ...at, accessKey: data("accessKey"), secretKey: data("secretKey") }),
            root: new Client({ ...at, accessKey: root("rootUser"), secretKey: root("rootPassword") }),
        });
    } finally {
        child.kill();
    }
}

/** ETags of all objects whose keys begin with `prefix`, by key. */
export async function etagsOf(
    client: Client,
    bucket: string,
    prefix = "",
): Promise<Readonly<Record<string, string>>> {
    const etags: Record<string, string> = {};
    for await (const { name, etag } of client.listObjectsV2(bucket, prefix, true) as AsyncIterable<{
        readonly name: string;
        readonly etag: string;
    }>) {
        etags[name] = etag;
    }
    return etags;
}

/** Puts a file into the bucket as someone does who has the keys and any S3 client. */
export function putSeries(series: string, csv: string): Promise<unknown> {
    return withObjectStore(({ user }) => user.putObject(BUCKETS.dataset, `${series}.csv`, csv));
}

/** Why a series was rejected, as the object beside it says; undefined where there is none. */
export function rejection(series: string): Promise<Record<string, unknown> | undefined> {
    return withObjectStore(async ({ user }) => {
        const key = `${series}.rejected.json`;
        if ((await etagsOf(user, BUCKETS.dataset, key))[key] === undefined) {
            return undefined;
        }
        return JSON.parse(await text(await user.getObject(BUCKETS.dataset, key))) as Record<string, unknown>;
    });
}

/** Data that preprocess read and wrote, by ETag: without its measurements of drift, which each pass makes again. */
export async function objects(): Promise<readonly Readonly<Record<string, string>>[]> {
    const [raw, processed] = await withObjectStore(({ root }) =>
        Promise.all([etagsOf(root, BUCKETS.dataset), etagsOf(root, BUCKETS.processedData)]),
    );
    const data = Object.entries(processed).filter(([key]) => key.split("/")[1] !== "drift");
    return [raw, Object.fromEntries(data)];
}

/** Removes what makes a series one of the stack, which only the root user may. */
export async function forgetSeries(series: string): Promise<void> {
    await withObjectStore(async ({ root }) => {
        for (const [bucket, prefix] of [
            [BUCKETS.dataset, `${series}.`],
            [BUCKETS.modelPromotion, `global/series/${series}/`],
        ] as const) {
            for (const key of Object.keys(await etagsOf(root, bucket, prefix))) {
                await root.removeObject(bucket, key);
            }
        }
    });
}
