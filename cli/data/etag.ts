import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

const MEBIBYTE = 2 ** 20;

/** Bytes of a part of an upload, and of the largest object that is uploaded whole. */
export const PART_SIZE = 5 * MEBIBYTE;

/** Sizes of parts that other clients use by default: the AWS CLI and SDKs, mc, rclone, s3cmd. */
const USUAL_PART_SIZES = [
    PART_SIZE,
    16 * MEBIBYTE,
    8 * MEBIBYTE,
    15 * MEBIBYTE,
    64 * MEBIBYTE,
    128 * MEBIBYTE,
];

/**
 * True when a file has the content of an object, as far as size and ETag show: the MD5 of the content, or of an upload
 * in parts the MD5 of the parts' MD5s with their number.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html, "Content-MD5 and ETag"
 */
export async function hasContent(path: string, object: { size: number; etag: string }): Promise<boolean> {
    if ((await stat(path)).size !== object.size) {
        return false;
    }
    const [, parts] = /-(\d+)$/.exec(object.etag) ?? [];
    if (parts === undefined) {
        return (await etagOf(path, undefined)) === object.etag;
    }
    for (const size of USUAL_PART_SIZES) {
        if (Math.ceil(object.size / size) === Number(parts) && (await etagOf(path, size)) === object.etag) {
            return true;
        }
    }
    return false;
}

/** ETag of a file that is uploaded in parts of this size; whole if undefined. */
async function etagOf(path: string, partSize: number | undefined): Promise<string> {
    if (partSize === undefined) {
        const hash = createHash("md5");
        for await (const chunk of createReadStream(path)) {
            hash.update(chunk as Buffer);
        }
        return hash.digest("hex");
    }
    const all = createHash("md5");
    let count = 0;
    let part = createHash("md5");
    let left = partSize;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        for (let offset = 0; offset < chunk.length;) {
            const piece = chunk.subarray(offset, offset + left);
            part.update(piece);
            offset += piece.length;
            left -= piece.length;
            if (left === 0) {
                all.update(part.digest());
                count += 1;
                part = createHash("md5");
                left = partSize;
            }
        }
    }
    if (left < partSize) {
        all.update(part.digest());
        count += 1;
    }
    return `${all.digest("hex")}-${count}`;
}
