import { createHash, createHmac } from "node:crypto";
import { createServer, request, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { MinioServer } from "./servers";

const region = "us-east-1";

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
    return createHmac("sha256", key).update(text).digest();
}

/**
 * A small S3 client for looking at and changing a server behind the plugin's back. Requests are signed as
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html says.
 */
export class Client {
    constructor(
        private readonly server: MinioServer,
        private readonly user = server.user,
        private readonly password = server.password,
    ) {}

    /** The same server with other credentials; an empty user does not sign. */
    as(user: string, password: string): Client {
        return new Client(this.server, user, password);
    }

    async buckets(): Promise<string[]> {
        return [...(await this.send("GET", "/")).matchAll(/<Name>([^<]*)<\/Name>/g)].map(
            ([, name]) => name ?? "",
        );
    }

    makeBucket(bucket: string): Promise<string> {
        return this.send("PUT", `/${bucket}`);
    }

    /** Removes an empty bucket. */
    removeBucket(bucket: string): Promise<string> {
        return this.send("DELETE", `/${bucket}`);
    }

    object(bucket: string, name: string): Promise<string> {
        return this.send("GET", `/${bucket}/${name}`);
    }

    put(bucket: string, name: string, content: string): Promise<string> {
        return this.send("PUT", `/${bucket}/${name}`, "", content);
    }

    /** Deletes a user through the administration interface. */
    removeUser(name: string): Promise<string> {
        return this.send("DELETE", "/minio/admin/v3/remove-user", `accessKey=${name}`);
    }

    /** Deletes a policy through the administration interface. */
    removePolicy(name: string): Promise<string> {
        return this.send("DELETE", "/minio/admin/v3/remove-canned-policy", `name=${name}`);
    }

    remove(bucket: string, name: string): Promise<string> {
        return this.send("DELETE", `/${bucket}/${name}`);
    }

    /** Lets anyone do anything with the bucket. */
    opens(bucket: string): Promise<string> {
        const statement = {
            Effect: "Allow",
            Principal: { AWS: ["*"] },
            Action: ["s3:*"],
            Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        };
        const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
        return this.send("PUT", `/${bucket}`, "policy=", policy);
    }

    private async send(method: string, path: string, query = "", body = ""): Promise<string> {
        const host = `127.0.0.1:${this.server.port}`;
        const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
        const headers: Record<string, string> = {
            host,
            "x-amz-content-sha256": sha256(body),
            "x-amz-date": date,
        };
        if (this.user !== "") {
            headers.authorization = this.authorization(method, path, query, headers);
        }
        const response = await fetch(`http://${host}${path}?${query}`, {
            method,
            headers,
            body: body === "" ? null : body,
        });
        const text = await response.text();
        if (!response.ok) {
            throw new Error(`${method} ${path}: ${response.status} ${text}`);
        }
        return text;
    }

    private authorization(
        method: string,
        path: string,
        query: string,
        headers: Readonly<Record<string, string>>,
    ): string {
        const names = Object.keys(headers).sort();
        const signed = names.join(";");
        const lines = names.map((name) => `${name}:${headers[name] ?? ""}\n`).join("");
        const request = [method, path, query, lines, signed, headers["x-amz-content-sha256"]].join("\n");
        const date = headers["x-amz-date"] ?? "";
        const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
        const key = ["s3", "aws4_request"].reduce<Buffer>(
            hmac,
            hmac(hmac(`AWS4${this.password}`, date.slice(0, 8)), region),
        );
        const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(request)}`).toString(
            "hex",
        );
        return `AWS4-HMAC-SHA256 Credential=${this.user}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    }
}

/** Something that is not MinIO and answers "not found" to everything, on a port where MinIO was. */
export async function impostor(port: number): Promise<HttpServer> {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return server;
}

/**
 * Stands before a MinIO as several servers that start together behave: the first question for a policy is refused with
 * "not initialized", the second one is answered after six seconds, all others at once.
 */
export async function slowStarter(minioPort: number): Promise<{ server: HttpServer; port: number }> {
    let questions = 0;
    const server = createServer((incoming, outgoing) => {
        const question = incoming.url?.includes("info-canned-policy") === true ? ++questions : undefined;
        if (question === 1) {
            outgoing.writeHead(503).end('{"Code":"XMinioServerNotInitialized"}');
            return;
        }
        const { method, url: path, headers } = incoming;
        const forward = (): void => {
            const onward = request(
                { host: "127.0.0.1", port: minioPort, method, path, headers },
                (answer) => {
                    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
                    answer.pipe(outgoing);
                },
            );
            onward.on("error", () => outgoing.destroy());
            incoming.pipe(onward);
        };
        setTimeout(forward, question === 2 ? 6_000 : 0);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, port: (server.address() as AddressInfo).port };
}
