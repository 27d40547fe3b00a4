import type { Declared } from "./stack";

/** A policy that lets its user read the objects of a bucket. */
export const readPolicy = (bucket: string): string =>
    JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/*` }],
    });

export const bucket = (name: string, properties: Record<string, unknown> = {}): Declared => ({
    type: "minio.S3Bucket",
    name,
    properties: { bucket: name, ...properties },
});

/** The user `reader`. */
export const user = (properties: Record<string, unknown> = {}): Declared => ({
    type: "minio.IamUser",
    name: "reader",
    properties: { name: "reader", secret: { $secret: "reader-secret-1" }, ...properties },
});

/** The policy `read`. */
export const policy = (document: string): Declared => ({
    type: "minio.IamPolicy",
    name: "read",
    properties: { name: "read", policy: document },
});

/** The policy `read` attached to the user `reader`. */
export const attachment: Declared = {
    type: "minio.IamUserPolicyAttachment",
    name: "reader-read",
    properties: { userName: "reader", policyName: "read" },
};
