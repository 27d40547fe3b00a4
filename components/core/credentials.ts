import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Characters of a generated password: letters and digits only, safe in URLs, SQL and configuration files. */
const PASSWORD_LENGTH = 32;

/** Annotation that rolls pods when credentials are renewed; the values themselves must not appear there. */
export function credentialsAnnotation(epoch: number): Record<string, string> {
    return { "flts.io/credentials-epoch": String(epoch) };
}

/**
 * A password that changes only with the epoch.
 *
 * @param epoch generation from the settings; raising it makes a new password in the next update.
 */
export function generatedPassword(
    name: string,
    epoch: number,
    opts: pulumi.CustomResourceOptions,
): random.RandomPassword {
    return new random.RandomPassword(
        name,
        { length: PASSWORD_LENGTH, special: false, keepers: { epoch: String(epoch) } },
        opts,
    );
}

/** Reads keys of a Secret that somebody else made. */
export function existingSecretValue(secret: kubernetes.core.v1.Secret, key: string): pulumi.Output<string> {
    return secret.data.apply((data) => {
        const encoded = data[key];
        if (encoded === undefined) {
            throw new Error(
                `the Secret has no key "${key}"; it has: ${Object.keys(data).sort().join(", ") || "none"}`,
            );
        }
        return Buffer.from(encoded, "base64").toString("utf8");
    });
}
