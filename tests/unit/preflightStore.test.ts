import { known } from "../../stacks/preflight/finding";
import type { StoreAnswer, StoreFacts } from "../../stacks/preflight/facts";
import { itChecks, type Case, type Cases } from "../support/preflight";

const EXTERNAL = {
    endpoint: "https://s3.example",
    credentials: "shared",
    createBuckets: false,
    bucketPrefix: "team-",
};

/** What a store with these settings is said to have, as it gives this answer to one request. */
function answered(
    answer: Partial<StoreAnswer>,
    external: Record<string, string> = {},
    more: object = {},
): Case {
    const server: StoreFacts["server"] = {
        server: "answers",
        answers: [
            {
                secret: "keys",
                bucket: "team-dataset",
                action: "list",
                status: 200,
                code: undefined,
                message: "",
                region: undefined,
                date: undefined,
                listsBuckets: false,
                ...answer,
            },
        ],
    };
    return store({ server }, external, more);
}

function store(facts: Partial<StoreFacts>, external: Record<string, string> = {}, more: object = {}): Case {
    return {
        settings: {
            objectStore: { existingSecret: "keys", external: { ...EXTERNAL, ...external } },
            ...more,
        },
        facts: {
            stores: [
                {
                    store: {
                        setting: "objectStore.external",
                        endpoint: EXTERNAL.endpoint,
                        region: "us-east-1",
                        addressing: external.addressing === "virtual" ? "virtual" : "path",
                        caSecret: undefined,
                    },
                    secrets: new Map([["keys", known(["accessKey", "secretKey"])]]),
                    server: { server: "answers", answers: [] },
                    ...facts,
                },
            ],
        },
    };
}

// As the stores answer: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const STORES: Cases = {
    "that allows every request": [answered({}), null],
    "that does not have the object that is read": [
        answered({ action: "read", status: 404, code: "NoSuchKey" }),
        null,
    ],
    "that does not know the upload that is aborted": [
        answered({ action: "write", status: 404, code: "NoSuchUpload" }),
        null,
    ],
    "of another region": [
        answered({ status: 400, code: "AuthorizationHeaderMalformed", region: "eu-central-1" }),
        /^error: flts:objectStore\.external\.region = "us-east-1": .*team-dataset in another; set it to eu-central-1$/,
    ],
    "that redirects to another region": [
        answered({ status: 301, code: "PermanentRedirect", region: "eu-west-1" }),
        /^error: flts:objectStore\.external\.region = "us-east-1": .*set it to eu-west-1$/,
    ],
    "that only reports another region": [
        answered({ status: 400, code: "AuthorizationHeaderMalformed", message: "the region is wrong" }),
        /region = "us-east-1": .*in another \(the region is wrong\); set it to that$/,
    ],
    "without the bucket": [
        answered({ status: 404, code: "NoSuchBucket" }),
        /^error: flts:objectStore\.external\.bucketPrefix = "team-": the store has no bucket "team-dataset"; create it/,
    ],
    "that does not support buckets in host names": [
        answered({ listsBuckets: true }, { addressing: "virtual" }),
        /^error: flts:objectStore\.external\.addressing = "virtual": .*set it to path$/,
    ],
    "that requires buckets in host names": [
        answered({ status: 403, code: "SecondLevelDomainForbidden" }),
        /^error: flts:objectStore\.external\.addressing = "path": .*set it to virtual$/,
    ],
    "that does not know the key": [
        answered({ status: 403, code: "InvalidAccessKeyId" }),
        /^error: flts:objectStore\.existingSecret = "keys": the store does not know its accessKey; correct the Secret in the namespace team$/,
    ],
    "that is busy": [
        answered({ status: 503, code: "SlowDown" }),
        /^unchecked: not checked: buckets and keys of .* \(it answers with 503 SlowDown\)$/,
    ],
    "that is a web server": [
        answered({ status: 404 }),
        /^error: flts:objectStore\.external\.endpoint = "https:\/\/s3\.example": .* 404, which is not an answer of an S3 store; correct/,
    ],
    "whose certificate an unknown CA signed": [
        store({ server: { server: "untrusted", reason: "self-signed certificate" } }),
        /^error: .*refused: self-signed certificate; name a Secret .*flts:objectStore\.external\.caSecret/,
    ],
    "with keys in a namespace that is created later": [
        (() => {
            const one = store({ secrets: new Map([["keys", known(undefined)]]) });
            return {
                settings: { ...one.settings, namespace: { name: "team", create: true } },
                facts: { ...one.facts, namespace: known(undefined) },
            };
        })(),
        /^error: flts:objectStore\.existingSecret = "keys": .*, after `kubectl create namespace team` and with flts:namespace\.create = false$/,
    ],
    "with a check that is skipped": [
        answered({ status: 404, code: "NoSuchBucket" }, {}, { cluster: { skipChecks: ["objectStore"] } }),
        /^unchecked: not checked: objectStore \(skipped\)$/,
    ],
};

describe("the preflight", () => {
    itChecks("an S3 store", STORES);
});
