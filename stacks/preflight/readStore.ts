import { request as requestPlain } from "node:http";
import { Agent, request as requestTls } from "node:https";
import { AwsV4Signer } from "aws4fetch";
import type { GivenStore, SecretData, StoreAnswer, StoreFacts } from "./facts";
import type { Known } from "./finding";
import { secretsOf, type AskedStore, type StoreQuestion } from "./storeQuestions";

/** Milliseconds in which the store must answer. */
const PATIENCE = 5000;

/** Connections at a time. */
const CONNECTIONS = 8;

/** A request with the keys of its Secret. */
interface Signed {
    readonly question: StoreQuestion;
    readonly accessKey: string;
    readonly secretKey: string;
}

/**
 * Asks an S3 store what the given keys permit, and changes nothing in it.
 *
 * @param secrets by name: those of the questions, and the one of the store's authorities.
 * @param now this machine's clock, which requests are signed with.
 */
export async function readStore(
    { store, questions }: AskedStore,
    secrets: ReadonlyMap<string, Known<SecretData>>,
    now = new Date(),
): Promise<StoreFacts> {
    const names = secretsOf([{ store, questions }]);
    const data = (name: string): SecretData => {
        const secret = secrets.get(name);
        return secret?.known === true ? secret.value : undefined;
    };
    const keysOf = (secret: Known<SecretData>): Known<readonly string[] | undefined> =>
        secret.known
            ? { known: true, value: secret.value === undefined ? undefined : Object.keys(secret.value) }
            : secret;
    const known = new Map(
        [...secrets]
            .filter(([name]) => names.includes(name))
            .map(([name, secret]) => [name, keysOf(secret)] as const),
    );
    const authority = store.caSecret === undefined ? undefined : data(store.caSecret)?.["ca.crt"];
    if (store.caSecret !== undefined && authority === undefined) {
        return {
            store,
            secrets: known,
            server: { server: "unreachable", reason: "its authority is not known" },
        };
    }
    const signed = questions.flatMap((question): Signed[] => {
        const { accessKey, secretKey } = data(question.secret) ?? {};
        return accessKey === undefined || secretKey === undefined ? [] : [{ question, accessKey, secretKey }];
    });
    const agent = new Agent({
        ...(authority === undefined ? {} : { ca: authority }),
        maxSockets: CONNECTIONS,
    });
    try {
        // One first: a store that cannot be reached is not waited for by each.
        const [first, ...others] = signed;
        const before = first === undefined ? [] : [await ask(store, first, agent, now)];
        const after = await Promise.all(others.map((each) => ask(store, each, agent, now)));
        return { store, secrets: known, server: { server: "answers", answers: [...before, ...after] } };
    } catch (failure) {
        return { store, secrets: known, server: serverOf(failure) };
    } finally {
        agent.destroy();
    }
}

async function ask(
    { endpoint, region, addressing }: GivenStore,
    { question, accessKey, secretKey }: Signed,
    agent: Agent,
    now: Date,
): Promise<StoreAnswer> {
    const { secret, bucket, action, method, key, query } = question;
    const url = new URL(endpoint);
    if (addressing === "virtual") {
        url.hostname = `${bucket}.${url.hostname}`;
    }
    url.pathname = addressing === "virtual" ? `/${key}` : `/${bucket}/${key}`;
    url.search = new URLSearchParams(query).toString();
    const { headers } = await new AwsV4Signer({
        method,
        url: url.href,
        accessKeyId: accessKey,
        secretAccessKey: secretKey,
        service: "s3",
        region,
        datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
    }).sign();
    return new Promise((resolve, reject) => {
        const secure = url.protocol === "https:";
        const asked = (secure ? requestTls : requestPlain)(
            url,
            {
                method,
                headers: Object.fromEntries(headers),
                signal: AbortSignal.timeout(PATIENCE),
                ...(secure ? { agent } : {}),
            },
            (answer) => {
                const parts: Buffer[] = [];
                answer.on("data", (part: Buffer) => parts.push(part));
                answer.on("error", reject);
                answer.on("end", () => {
                    const text = Buffer.concat(parts).toString();
                    const element = (name: string): string | undefined =>
                        new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
                    const status = answer.statusCode ?? 0;
                    resolve({
                        secret,
                        bucket,
                        action,
                        status,
                        code: status < 300 ? undefined : element("Code"),
                        message: element("Message") ?? "",
                        region: element("Region") ?? headerOf(answer.headers["x-amz-bucket-region"]),
                        date: answer.headers.date,
                        listsBuckets: text.includes("<ListAllMyBucketsResult"),
                    });
                });
            },
        );
        asked.on("error", reject);
        asked.end();
    });
}

function headerOf(value: string | string[] | undefined): string | undefined {
    return Array.isArray(value) ? value[0] : value;
}

/** Why there was no answer. */
function serverOf(failure: unknown): StoreFacts["server"] {
    const { code = "", message } = failure as NodeJS.ErrnoException;
    // Begun with TLS at a server that has none, or answered with TLS' alert where HTTP was begun.
    if (/WRONG_VERSION|PACKET_LENGTH|EPROTO|^HPE_/.test(code)) {
        return { server: "otherTransport" };
    }
    return /CERT|ISSUER|LEAF_SIGNATURE/.test(code)
        ? { server: "untrusted", reason: message }
        : { server: "unreachable", reason: message };
}
