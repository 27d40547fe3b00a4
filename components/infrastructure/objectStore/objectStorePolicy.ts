/** What a service may do with the objects of one bucket; `upload` is to read and write, but not to delete. */
export type BucketAccess = "read" | "write" | "readWrite" | "upload";

export interface BucketGrant {
    readonly bucket: string;
    readonly access: BucketAccess;
    /** Pattern of the keys that the grant is for, with `*` for any characters; all keys when absent. */
    readonly keys?: string;
}

const READ = ["s3:GetObject"];
const PUT = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
const WRITE = [...PUT, "s3:DeleteObject"];
/** Every client asks for these before it reads or writes. */
const FIND = ["s3:ListBucket", "s3:GetBucketLocation"];
/** Who uploads in parts looks for those that an interrupted upload left. */
const FIND_PARTS = "s3:ListBucketMultipartUploads";

const ACTIONS: Readonly<Record<BucketAccess, readonly string[]>> = {
    read: READ,
    write: WRITE,
    readWrite: [...READ, ...WRITE],
    upload: [...READ, ...PUT],
};

/**
 * IAM policy document for exactly these grants.
 *
 * Language: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
 */
export function policyDocument(grants: readonly BucketGrant[]): string {
    return JSON.stringify({
        Version: "2012-10-17",
        Statement: grants.flatMap(({ bucket, access, keys = "*" }) => [
            {
                Effect: "Allow",
                Action: access === "upload" ? [...FIND, FIND_PARTS] : FIND,
                Resource: [`arn:aws:s3:::${bucket}`],
            },
            { Effect: "Allow", Action: ACTIONS[access], Resource: [`arn:aws:s3:::${bucket}/${keys}`] },
        ]),
    });
}
