import { AwsClient } from "aws4fetch";
import type { Login } from "./login";
import { Refusal } from "./untilAnswered";

/** MinIO knows one region and clients must name it: https://min.io/docs/minio/linux/reference/minio-server/settings/core.html */
export const OBJECT_STORE_REGION = "us-east-1";

/** Milliseconds that a request may take: several servers that have just started agree on an answer in seconds. */
const REQUEST_TIMEOUT = 20_000;

/** Where a server is, as this machine reaches it. */
export interface ObjectStoreAddress {
    readonly host: string;
    readonly port: number;
    readonly secure: boolean;
}

/** What MinIO knows of a user; `policyName` has commas between several names. */
export interface MinioUser {
    readonly status: string;
    readonly policyName?: string;
}

/** An answer of the server, refused or not. */
export interface Answer {
    readonly status: number;
    /** Code of S3's or the administration API's error; empty for an answer in another form, undefined without an error. */
    readonly code: string | undefined;
    readonly text: string;
}

/**
 * The requests that a provider cannot make: whether a login works, and what is in the server whoever made it.
 *
 * There is no client of MinIO's administration API for Node. The requests here are the ones whose bodies and answers
 * are plain JSON; those that make users or list them are encrypted, and are left to the provider.
 */
export class MinioClient {
    private readonly client: AwsClient;
    private readonly origin: string;

    public constructor({ host, port, secure }: ObjectStoreAddress, { user, password }: Login) {
        this.origin = `${secure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
        this.client = new AwsClient({
            accessKeyId: user,
            secretAccessKey: password,
            service: "s3",
            region: OBJECT_STORE_REGION,
            retries: 0,
        });
    }

    /**
     * Whether MinIO can write and knows its buckets and users; needs no login.
     *
     * Its other check, `/minio/health/ready`, says yes a second before the users are loaded, when every request about
     * users is still refused with `XMinioServerNotInitialized`.
     */
    public async readiness(): Promise<{ status: number; offline: boolean }> {
        const answer = await fetch(`${this.origin}/minio/health/cluster`, {
            headers: { connection: "close" },
            signal: AbortSignal.timeout(REQUEST_TIMEOUT),
        });
        await answer.arrayBuffer();
        return {
            status: answer.status,
            offline: answer.headers.get("x-minio-server-status")?.endsWith("offline") ?? false,
        };
    }

    /** Whether the login may list buckets; an answer that is not a list has a `code`. */
    public async listsBuckets(): Promise<Answer> {
        const answer = await this.send("GET", "/");
        const isList = answer.text.includes("<ListAllMyBucketsResult");
        return answer.status === 200 && !isList ? { ...answer, code: "" } : answer;
    }

    /** Names of all buckets that the login may see. */
    public async buckets(): Promise<string[]> {
        const { text } = expected(await this.listsBuckets(), "list of buckets");
        return [...text.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name]) => name ?? "");
    }

    /** The policy that lets others than users into a bucket; undefined for a private one. */
    public async bucketPolicy(bucket: string): Promise<string | undefined> {
        const answer = await this.send("GET", `/${bucket}?policy=`);
        return answer.code === "NoSuchBucketPolicy"
            ? undefined
            : expected(answer, `policy of ${bucket}`).text;
    }

    /** Makes a bucket private again. */
    public async deleteBucketPolicy(bucket: string): Promise<void> {
        expected(await this.send("DELETE", `/${bucket}?policy=`), `policy of ${bucket}`);
    }

    /** A user; undefined when there is none of this name. */
    public async user(name: string): Promise<MinioUser | undefined> {
        const answer = await this.administer("GET", "user-info", { accessKey: name });
        return answer.code === "XMinioAdminNoSuchUser"
            ? undefined
            : (JSON.parse(expected(answer, `user ${name}`).text) as MinioUser);
    }

    /** A policy's document; undefined when there is none of this name. */
    public async policy(name: string): Promise<object | undefined> {
        const answer = await this.administer("GET", "info-canned-policy", { name, v: "2" });
        return answer.code === "XMinioAdminNoSuchPolicy"
            ? undefined
            : (JSON.parse(expected(answer, `policy ${name}`).text) as { Policy: object }).Policy;
    }

    /** Removes a user, and with it what is attached to it; nothing to do when there is none. */
    public async removeUser(name: string): Promise<void> {
        const answer = await this.administer("DELETE", "remove-user", { accessKey: name });
        if (answer.code !== "XMinioAdminNoSuchUser") {
            expected(answer, `user ${name}`);
        }
    }

    /** Removes a policy that nobody has; nothing to do when there is none. */
    public async removePolicy(name: string): Promise<void> {
        const answer = await this.administer("DELETE", "remove-canned-policy", { name });
        if (answer.code !== "XMinioAdminNoSuchPolicy") {
            expected(answer, `policy ${name}`);
        }
    }

    private administer(
        method: string,
        call: string,
        parameters: Readonly<Record<string, string>>,
    ): Promise<Answer> {
        return this.send(method, `/minio/admin/v3/${call}?${new URLSearchParams(parameters).toString()}`);
    }

    private async send(method: string, path: string): Promise<Answer> {
        const response = await this.client.fetch(`${this.origin}${path}`, {
            method,
            headers: { connection: "close" },
            redirect: "manual",
            signal: AbortSignal.timeout(REQUEST_TIMEOUT),
        });
        const text = await response.text();
        return { status: response.status, code: response.ok ? undefined : errorCode(text), text };
    }
}

/** The code in an error's XML, or in the JSON of the administration API. */
function errorCode(text: string): string {
    return /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? /"Code":"([^"]+)"/.exec(text)?.[1] ?? "";
}

function expected(answer: Answer, what: string): Answer {
    if (answer.status < 200 || answer.status > 299 || answer.code !== undefined) {
        const message = `MinIO answered HTTP ${answer.status} ${answer.code ?? ""} to a request for ${what}`;
        throw answer.status >= 500 ? new Error(message) : new Refusal(message);
    }
    return answer;
}
