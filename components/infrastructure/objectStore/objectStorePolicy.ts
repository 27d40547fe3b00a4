/** What a service may do with the objects of one bucket. */
export type BucketAccess = "read" | "write" | "readWrite";

export interface BucketGrant {
    readonly bucket: string;
    readonly access: BucketAccess;
}

const READ = ["s3:GetObject"];
const WRITE = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
/** Every client asks for these before it reads or writes. */
const FIND = ["s3:ListBucket", "s3:GetBucketLocation"];

const ACTIONS: Readonly<Record<BucketAccess, readonly string[]>> = {
    read: READ,
    write: WRITE,
    readWrite: [...READ, ...WRITE],
};

/**
 * IAM policy document for exactly these grants.
 *
 * Language: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
 */
export function policyDocument(grants: readonly BucketGrant[]): string {
    return JSON.stringify({
        Version: "2012-10-17",
        Statement: grants.flatMap(({ bucket, access }) => [
            { Effect: "Allow", Action: FIND, Resource: [`arn:aws:s3:::${bucket}`] },
            { Effect: "Allow", Action: ACTIONS[access], Resource: [`arn:aws:s3:::${bucket}/*`] },
        ]),
    });
}
