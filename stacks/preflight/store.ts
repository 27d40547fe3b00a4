import type { Settings } from "../settings/parsed/settings";
import type { Facts, GivenStore, StoreAnswer, StoreFacts } from "./facts";
import { error, listed, unchecked, warning, whenKnown, type Finding } from "./finding";

type Chosen = Pick<Settings, "namespace" | "infrastructure">;

/** What the S3 stores with given buckets and keys have against what the stack does there. */
export function storeFindings({ stores, endpoints, namespace }: Facts, chosen: Chosen): readonly Finding[] {
    return stores.flatMap((facts) => {
        const { store } = facts;
        const at = `flts:${store.setting}.endpoint = "${store.endpoint}"`;
        const isReported = endpoints.some(
            ({ endpoint, answer }) =>
                endpoint.setting === `${store.setting}.endpoint` &&
                (answer === "tls" || answer === "plain") &&
                endpoint.hasTls !== (answer === "tls"),
        );
        const isNew = namespace.known && namespace.value === undefined && chosen.namespace.create;
        return [
            ...secretFindings(facts, chosen, isNew),
            ...(isReported ? [] : serverFindings(facts, chosen, at)),
        ];
    });
}

/** The setting that names a Secret with keys, and its value. */
function keySetting(setting: GivenStore["setting"], secret: string, { infrastructure }: Chosen): string {
    if (setting === "backup.target") {
        return `flts:backup.target.existingSecret = "${secret}"`;
    }
    const isShared =
        infrastructure.from === "deploy" &&
        infrastructure.objectStore.from === "given" &&
        infrastructure.objectStore.sharedSecret !== undefined;
    return isShared
        ? `flts:objectStore.existingSecret = "${secret}"`
        : `flts:objectStore.external.credentials = "each", Secret "${secret}"`;
}

function secretFindings({ store, secrets }: StoreFacts, chosen: Chosen, isNew: boolean): readonly Finding[] {
    const { name: namespace } = chosen.namespace;
    return [...secrets].flatMap(([secret, fact]) => {
        const authority = secret === store.caSecret;
        const setting = authority
            ? `flts:objectStore.external.caSecret = "${secret}"`
            : keySetting(store.setting, secret, chosen);
        const needed = authority ? ["ca.crt"] : ["accessKey", "secretKey"];
        return whenKnown(setting, fact, (keys) => {
            if (keys === undefined) {
                const content = authority
                    ? "--from-file=ca.crt=<file>"
                    : "--from-literal=accessKey=<key> --from-literal=secretKey=<key>";
                const create = `kubectl --namespace ${namespace} create secret generic ${secret} ${content}`;
                // Backups begin later than the stack, and their Secret may come later, too.
                const level = store.setting === "backup.target" ? warning : error;
                return [
                    level(
                        `${setting}: the namespace ${namespace} has no such Secret; create it with \`${create}\`` +
                            (isNew
                                ? `, after \`kubectl create namespace ${namespace}\` and with flts:namespace.create = false`
                                : ""),
                    ),
                ];
            }
            const missing = needed.filter((key) => !keys.includes(key));
            return missing.length === 0
                ? []
                : [error(`${setting}: the Secret has no ${missing.join(" and no ")}; add it`)];
        });
    });
}

function serverFindings({ store, server }: StoreFacts, chosen: Chosen, at: string): readonly Finding[] {
    switch (server.server) {
        case "answers":
            return answerFindings(store, server.answers, chosen, at);
        case "otherTransport":
            return [
                error(`${at}: the server answers with another scheme; write http:// or https:// accordingly`),
            ];
        case "untrusted":
            return [
                error(
                    `${at}: its certificate is refused: ${server.reason}; ` +
                        (store.caSecret === undefined
                            ? `name a Secret with the authority that signed it in flts:objectStore.external.caSecret`
                            : `flts:objectStore.external.caSecret = "${store.caSecret}" needs the authority that signed it`) +
                        ", or correct the host",
                ),
            ];
        case "unreachable":
            return [
                unchecked(
                    `buckets and keys of ${at}`,
                    `this machine cannot reach it, but pods may: ${server.reason}`,
                ),
            ];
    }
}

/** Codes of S3's errors: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const ELSEWHERE = [
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "TemporaryRedirect",
];
const SKEWED = "RequestTimeTooSkewed";
const UNKNOWN_KEYS = ["InvalidAccessKeyId", "SignatureDoesNotMatch"];
/** Of Alibaba's store: https://www.alibabacloud.com/help/en/oss/developer-reference/error-codes */
const PATH_REFUSED = "SecondLevelDomainForbidden";

function answerFindings(
    store: GivenStore,
    answers: readonly StoreAnswer[],
    chosen: Chosen,
    at: string,
): readonly Finding[] {
    const kinds = grouped(answers, (answer) => kindOf(answer, store));
    const of = (kind: Kind): readonly StoreAnswer[] => kinds.get(kind) ?? [];
    const first = (kind: Kind, message: (answer: StoreAnswer) => string): Finding[] =>
        of(kind)
            .slice(0, 1)
            .map((answer) => error(message(answer)));
    const bySecret = (kind: Kind): (readonly [string, readonly StoreAnswer[]])[] => [
        ...grouped(of(kind), ({ secret }) => secret),
    ];
    const setting = (secret: string): string => keySetting(store.setting, secret, chosen);
    const other = store.addressing === "path" ? "virtual" : "path";
    return [
        ...first(
            "addressing",
            () =>
                `flts:objectStore.external.addressing = "${store.addressing}": the store does not find buckets with it; set it to ${other}`,
        ),
        ...first(
            "region",
            ({ region, message, bucket }) =>
                `flts:${store.setting}.region = "${store.region}": the store has the bucket ${bucket} in another` +
                (region === undefined ? ` (${message}); set it to that` : `; set it to ${region}`),
        ),
        ...first(
            "clock",
            ({ date, message }) =>
                `${at}: its clock (${date ?? message}) and this machine's differ by more than it allows; correct the wrong one, ` +
                "as by NTP: pods on nodes with such a clock are refused, too",
        ),
        ...bySecret("keys").map(([secret, [answer]]) =>
            error(
                `${setting(secret)}: the store ${answer?.code === "InvalidAccessKeyId" ? "does not know its accessKey" : "does not accept its secretKey"}; ` +
                    `correct the Secret in the namespace ${chosen.namespace.name}`,
            ),
        ),
        ...[...new Set(of("bucket").map(({ bucket }) => bucket))].map((bucket) =>
            error(
                `${bucketSetting(store, bucket, chosen)}: the store has no bucket "${bucket}"; create it, as nothing is made in a ` +
                    "store with given keys",
            ),
        ),
        ...bySecret("denied").map(([secret, denied]) => {
            const buckets = [...grouped(denied, ({ bucket }) => bucket)].map(
                ([bucket, those]) => `${[...new Set(those.map(({ action }) => action))].join("/")} ${bucket}`,
            );
            return error(
                `${setting(secret)}: its keys may not ${listed(buckets, 10)}; grant it in the store, or create the bucket where it is ` +
                    "missing (docs/stacks.md, External servers)",
            );
        }),
        ...first(
            "strange",
            ({ status, code, bucket }) =>
                `${at}: to ${bucket} the answer is ${status}${code === undefined ? "" : ` ${code}`}, which is not an answer of an S3 store; ` +
                "correct its scheme, host or port",
        ),
        ...of("busy")
            .slice(0, 1)
            .map(({ status, code = "" }) =>
                unchecked(`buckets and keys of ${at}`, `it answers with ${status} ${code}`.trim()),
            ),
    ];
}

function grouped<T, Key>(all: readonly T[], keyOf: (one: T) => Key): ReadonlyMap<Key, readonly T[]> {
    const groups = new Map<Key, T[]>();
    for (const one of all) {
        const key = keyOf(one);
        groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return groups;
}

type Kind = "allowed" | "addressing" | "region" | "clock" | "keys" | "bucket" | "denied" | "busy" | "strange";

function kindOf({ status, code = "", action, listsBuckets }: StoreAnswer, { addressing }: GivenStore): Kind {
    if (code === PATH_REFUSED || (addressing === "virtual" && listsBuckets)) {
        return "addressing";
    }
    if (ELSEWHERE.includes(code) || status === 301 || status === 307) {
        return "region";
    }
    if (code === SKEWED) {
        return "clock";
    }
    if (UNKNOWN_KEYS.includes(code)) {
        return "keys";
    }
    if (code === "NoSuchBucket") {
        return "bucket";
    }
    if (status === 403) {
        return "denied";
    }
    if (status >= 500 || status === 429) {
        return "busy";
    }
    // What is asked for is not there, which is said only to who may ask.
    return status < 300 || (status === 404 && action !== "list") ? "allowed" : "strange";
}

function bucketSetting({ setting }: GivenStore, bucket: string, { infrastructure }: Chosen): string {
    if (setting === "backup.target") {
        return `flts:backup.target.bucket = "${bucket}"`;
    }
    const prefix =
        infrastructure.from === "deploy" && infrastructure.objectStore.from === "given"
            ? infrastructure.objectStore.bucketPrefix
            : "";
    return `flts:objectStore.external.bucketPrefix = "${prefix}"`;
}
