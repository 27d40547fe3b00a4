import type * as kubernetesClient from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { existing } from "../../components/access/readable";
import type { PullSecretFacts } from "./facts";

interface DockerLogin {
    readonly username?: string;
    readonly password?: string;
    /** `username:password` in base64. */
    readonly auth?: string;
}

/** Reads a Secret by `<name>` or `<namespace>/<name>`. */
export async function readPullSecret(
    core: kubernetesClient.CoreV1Api,
    client: typeof kubernetesClient,
    reference: string,
    home: string,
): Promise<PullSecretFacts> {
    const [first = "", second] = reference.split("/");
    const [namespace, name] = second === undefined ? [home, first] : [first, second];
    const secret = await existing({ client }, () => core.readNamespacedSecret({ namespace, name }));
    return secret === undefined
        ? { type: undefined, logins: {} }
        : { type: secret.type ?? "Opaque", logins: loginsOf(secret.data ?? {}) };
}

/**
 * The logins in a Secret's data, by registry; none where the data are not Docker configuration, which its type's check says.
 *
 * https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
 */
export function loginsOf(data: Readonly<Record<string, string>>): PullSecretFacts["logins"] {
    const decode = (text: string): string => Buffer.from(text, "base64").toString();
    const { ".dockerconfigjson": config, ".dockercfg": old } = data;
    try {
        const entries =
            config !== undefined
                ? ((JSON.parse(decode(config)) as { auths?: Record<string, DockerLogin> }).auths ?? {})
                : old !== undefined
                  ? (JSON.parse(decode(old)) as Record<string, DockerLogin>)
                  : {};
        return Object.fromEntries(
            Object.entries(entries).map(([registry, { username, password, auth = "" }]) => {
                const [user = "", ...rest] = decode(auth).split(":");
                return [registry, { username: username ?? user, password: password ?? rest.join(":") }];
            }),
        );
    } catch {
        return {};
    }
}
