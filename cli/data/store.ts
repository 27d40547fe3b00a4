import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Agent } from "node:https";
import { text } from "node:stream/consumers";
import { Transform } from "node:stream";
import { Client, S3Error } from "minio";
import { formatBytes, type Report } from "../../toolchain/console/index";
import { hasContent, PART_SIZE } from "./etag";
import { Interrupted } from "../stack/destroy";

/** What the Secret `minio-data` says, with the address at which this machine reaches the store. */
export interface DatasetAccess {
    readonly host: string;
    readonly port: number;
    readonly secure: boolean;
    readonly region: string;
    readonly bucket: string;
    /** What the keys of the pipeline's data begin with. */
    readonly prefix: string;
    readonly accessKey: string;
    readonly secretKey: string;
    /** Whether the bucket is in the host name of an address, and not in its path. */
    readonly virtual: boolean;
    /** Authorities in PEM that sign the store's certificate; undefined: those that Node.js trusts. */
    readonly authorities: string | undefined;
}

/** Why preprocess does not use a series: `<name>.rejected.json` beside it. */
export interface Rejection {
    readonly file: string;
    readonly line?: number | null;
    readonly column?: string | null;
    readonly value?: string | null;
    readonly reason: string;
    readonly fix?: string | null;
}

const REJECTED = ".rejected.json";

/** The bucket `dataset`, as the user who may upload there sees it. */
export class DatasetStore {
    private readonly client: Client;

    public constructor(private readonly access: DatasetAccess) {
        this.client = new Client({
            endPoint: access.host,
            port: access.port,
            useSSL: access.secure,
            region: access.region,
            accessKey: access.accessKey,
            secretKey: access.secretKey,
            partSize: PART_SIZE,
            pathStyle: !access.virtual,
            ...(access.authorities === undefined
                ? {}
                : { transportAgent: new Agent({ ca: access.authorities, keepAlive: true }) }),
        });
    }

    /** True when the object `name` has the content of the file already. */
    public async holds(path: string, name: string): Promise<boolean> {
        const object = await this.client
            .statObject(this.access.bucket, this.key(name))
            .catch((error: unknown) => {
                if (error instanceof S3Error && ["NotFound", "NoSuchKey"].includes(error.code ?? "")) {
                    return undefined;
                }
                throw error;
            });
        return object !== undefined && hasContent(path, object);
    }

    /**
     * Uploads a file in parts. The object `name` changes only when all of them are there; what an interrupted upload
     * has sent is removed.
     *
     * @param interruption ends the upload.
     */
    public async upload(
        path: string,
        name: string,
        report: Report,
        interruption: AbortSignal,
    ): Promise<void> {
        const { bucket } = this.access;
        const { size } = await stat(path);
        let sent = 0;
        const counted = new Transform({
            transform(chunk: Buffer, _encoding, callback) {
                sent += chunk.length;
                report(sent / size, `${formatBytes(sent)} of ${formatBytes(size)}`);
                callback(null, chunk);
            },
        });
        const file = createReadStream(path, { signal: interruption });
        // The client ignores errors of the stream that it reads, and would never return.
        const broken = new Promise<never>((_, reject) => {
            file.once("error", reject);
        });
        const put = this.client.putObject(bucket, this.key(name), file.pipe(counted), size, {
            "content-type": "text/csv",
        });
        put.catch(() => undefined);
        try {
            await Promise.race([put, broken]);
        } catch (error) {
            await this.client.removeIncompleteUpload(bucket, this.key(name)).catch(() => undefined);
            throw interruption.aborted
                ? new Interrupted(
                      `The upload of ${path} was interrupted: ${bucket}/${this.key(name)} is as it was before.`,
                  )
                : error;
        }
    }

    /** Names of all series, and those that preprocess has rejected; sorted. */
    public async list(): Promise<{ readonly series: string[]; readonly rejected: string[] }> {
        const names = new Set<string>();
        for await (const { name } of this.client.listObjectsV2(
            this.access.bucket,
            this.access.prefix,
        ) as AsyncIterable<{ readonly name?: string }>) {
            if (name !== undefined) {
                names.add(name.slice(this.access.prefix.length));
            }
        }
        const isSeries = (name: string): boolean =>
            name.endsWith(".csv") &&
            !(name.endsWith("_test.csv") && names.has(`${name.slice(0, -"_test.csv".length)}.csv`));
        const cut = (suffix: string) => (name: string) => name.slice(0, -suffix.length);
        const all = [...names].sort();
        return {
            series: all.filter(isSeries).map(cut(".csv")),
            rejected: all.filter((name) => name.endsWith(REJECTED)).map(cut(REJECTED)),
        };
    }

    /** Why a series was rejected; undefined where it was not. */
    public async rejection(series: string): Promise<Rejection | undefined> {
        try {
            const body = await this.client.getObject(this.access.bucket, this.key(`${series}${REJECTED}`));
            return JSON.parse(await text(body)) as Rejection;
        } catch (error) {
            if (error instanceof S3Error && error.code === "NoSuchKey") {
                return undefined;
            }
            throw error;
        }
    }

    /** Saves a series as a file. */
    public async download(series: string, path: string): Promise<void> {
        await this.client.fGetObject(this.access.bucket, this.key(`${series}.csv`), path);
    }

    private key(name: string): string {
        return `${this.access.prefix}${name}`;
    }
}
