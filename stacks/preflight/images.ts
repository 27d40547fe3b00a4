import type { Demands } from "./demands";
import type { ImageFacts, PullSecretFacts } from "./facts";
import { error, listed, unchecked, warning, type Finding, type Known } from "./finding";

/** What decides how pods get their images. */
interface Delivery {
    /** `flts:imageRegistry`. */
    readonly registry: string;
    /** `flts:cluster.pullSecrets`. */
    readonly pullSecrets: readonly string[];
    /** A preview is made before the images of a change are pushed. */
    readonly preview: boolean;
}

/** Every image that pods name. */
export function imagesOf({ pods }: Demands): readonly string[] {
    return [...new Set(pods.flatMap(({ containers }) => containers.map(({ image }) => image)))].sort();
}

/** Host of a registry's prefix, with its port. */
export function hostOf(registry: string): string {
    return registry.split("/", 1)[0] ?? registry;
}

/** What a registry has against the stack's images. */
export function imageFindings(facts: ImageFacts, delivery: Delivery): readonly Finding[] {
    const { registry, preview } = delivery;
    const setting = `flts:imageRegistry = "${registry}"`;
    const host = hostOf(registry);
    const nodes = "where only the nodes reach it, set flts:cluster.skipChecks to [images]";
    switch (facts.registry) {
        case "unreachable":
            return [unchecked(`the images of ${setting}`, facts.reason)];
        case "unknown":
            return [
                error(
                    `${setting}: no registry answers at ${host} (${facts.reason}); correct it, or, ${nodes}`,
                ),
            ];
        case "plain":
            return [
                error(
                    `${setting}: ${host} answers without TLS, and nodes pull from no such registry; put it behind TLS, or, where ` +
                        "nodes are configured for it, set flts:cluster.skipChecks to [images]",
                ),
            ];
        case "untrusted":
            return [
                unchecked(
                    `the images of ${setting}`,
                    `the certificate of ${host} is not trusted here: ${facts.reason}; its CA belongs into /etc/containers/certs.d/${host}/ca.crt`,
                ),
            ];
        case "refused":
            return [refusedLogin(facts.user, host, setting, delivery)];
        case "answers":
            return facts.absent.length === 0
                ? []
                : [
                      (preview ? warning : error)(
                          `${setting}: the registry has no ${listed([...facts.absent])}; push what is missing with ` +
                              `\`make images TO=${registry}\``,
                      ),
                  ];
    }
}

function refusedLogin(
    user: string | undefined,
    host: string,
    setting: string,
    { pullSecrets }: Delivery,
): Finding {
    const secrets = `flts:cluster.pullSecrets = ${pullSecrets.map((each) => `"${each}"`).join(", ")}`;
    if (user !== undefined) {
        return error(
            `${secrets}: the registry ${host} refuses the login of ${user}, or gives it no right to the images; renew the ` +
                "Secret with `kubectl create secret docker-registry`",
        );
    }
    return pullSecrets.length > 0
        ? error(`${secrets}: none has a login for ${host}, which asks for one; add it to the Secret`)
        : warning(
              `${setting}: ${host} asks for a login; name one with flts:cluster.pullSecrets, unless the nodes have their own`,
          );
}

/** A login for a registry. */
export interface Login {
    readonly username: string;
    readonly password: string;
}

/**
 * The login that the kubelet would use: that of the longest entry which the registry's prefix starts with.
 *
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export function loginFor(registry: string, secrets: Iterable<Known<PullSecretFacts>>): Login | undefined {
    const entries = [...secrets].flatMap((secret) =>
        secret.known ? Object.entries(secret.value.logins) : [],
    );
    const matching = entries
        .map(([name, login]) => ({
            name: name.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, ""),
            login,
        }))
        .filter(({ name }) => registry === name || registry.startsWith(`${name}/`))
        .sort((one, other) => other.name.length - one.name.length);
    return matching[0]?.login;
}
