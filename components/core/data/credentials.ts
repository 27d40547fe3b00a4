import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { objectLabels } from "../labels";
import type { Platform } from "../platform";
import { ownerName } from "./ownedName";

/** Characters of a generated password: letters and digits only, safe in URLs, SQL and configuration files. */
const PASSWORD_LENGTH = 32;

/** Annotation that rolls pods when credentials are renewed; the values themselves must not appear there. */
export function credentialsAnnotation(epoch: number): Record<string, string> {
    return { "flts.io/credentials-epoch": String(epoch) };
}

/** Annotations that roll the pods of a client when its password is renewed, or its user gets another name. */
export function clientAnnotations(platform: Platform): Record<string, string> {
    return {
        ...credentialsAnnotation(platform.credentialsEpoch),
        "flts.io/credentials-owner": ownerName(platform),
    };
}

/**
 * A password that changes only with the epoch.
 *
 * @param epoch generation from the settings; raising it makes a new password in the next update.
 */
function generatedPassword(
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

/**
 * A generated password, and the Secret that gives it to pods.
 *
 * @param name of both.
 * @param tier that the Secret is labelled with.
 * @param contents keys and values of the Secret, made with the password.
 */
export function generatedLogin<Values extends Readonly<Record<string, pulumi.Input<string>>>>(
    name: string,
    tier: string,
    platform: Platform,
    parent: pulumi.Resource,
    contents: (password: pulumi.Output<string>) => Values,
): {
    readonly password: pulumi.Output<string>;
    readonly values: Values;
    readonly secret: kubernetes.core.v1.Secret;
} {
    const password = generatedPassword(name, platform.credentialsEpoch, { parent }).result;
    const values = contents(password);
    const secret = new kubernetes.core.v1.Secret(
        name,
        {
            metadata: {
                name,
                namespace: platform.namespace,
                labels: { ...objectLabels({ instance: platform.instance, name: tier }) },
            },
            stringData: { ...values },
        },
        { ...platform.ownership.options, parent },
    );
    return { password, values, secret };
}

/** A Secret with a login, and what the program itself needs of it. */
export interface LoginSecret<Key extends string> {
    readonly name: string;
    readonly secret: kubernetes.core.v1.Secret;
    /** The value of one of its keys. */
    readonly value: (key: Key) => pulumi.Output<string>;
}

/**
 * The Secret that the settings name, or one with a generated password.
 *
 * @param existing name of a Secret of the namespace; undefined to generate one.
 * @param name of the generated one.
 * @param tier that the generated one is labelled with.
 * @param contents keys and values of the generated one, made with the password.
 */
export function givenOrGeneratedLogin<Key extends string>(
    existing: string | undefined,
    name: string,
    tier: string,
    platform: Platform,
    parent: pulumi.Resource,
    contents: (password: pulumi.Output<string>) => Readonly<Record<Key, pulumi.Input<string>>>,
): LoginSecret<Key> {
    if (existing !== undefined) {
        const secret = existingSecret(platform, existing, { parent });
        return { name: existing, secret, value: (key) => existingSecretValue(secret, key) };
    }
    const { secret, values } = generatedLogin(name, tier, platform, parent, contents);
    return { name, secret, value: (key) => pulumi.output(values[key]) };
}

/** A Secret of the namespace that the user made. */
export function existingSecret(
    platform: Platform,
    name: string,
    options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Secret {
    return kubernetes.core.v1.Secret.get(name, pulumi.interpolate`${platform.namespace}/${name}`, options);
}

/** Reads a key of a Secret that the user made. */
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
