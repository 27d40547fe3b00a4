import type * as kubernetes from "@pulumi/kubernetes";
import type { EnvironmentVariable } from "./environment";

type Container = kubernetes.types.input.core.v1.Container;
type Volume = kubernetes.types.input.core.v1.Volume;

/** Directory where containers have Secrets as files, each Secret in a folder of its name. */
const DIRECTORY = "/etc/flts-secrets";

/**
 * Variables with the paths of files that hold keys of a Secret, for clients that take files: `podTemplate` mounts each
 * Secret that a variable of a container names. Plain data, so that connections of other stacks can have them.
 *
 * @param keys keys of the Secret, by variable.
 */
export function fileFromSecret(
    secret: string,
    keys: Readonly<Record<string, string>>,
): EnvironmentVariable[] {
    return Object.entries(keys).map(([name, key]) => ({ name, value: `${DIRECTORY}/${secret}/${key}` }));
}

/** Containers with mounts of the Secrets that their variables name files of, and the volumes of these. */
export function withSecretFiles(groups: readonly (readonly Container[])[]): {
    readonly groups: readonly (readonly Container[])[];
    readonly volumes: readonly Volume[];
} {
    const secrets = [...new Set(groups.flat().flatMap(secretsOf))].sort();
    const volumeOf = (secret: string): string => `secret-${secrets.indexOf(secret)}`;
    return {
        groups: groups.map((containers) => containers.map((container) => mounted(container, volumeOf))),
        volumes: secrets.map((secretName) => ({ name: volumeOf(secretName), secret: { secretName } })),
    };
}

function mounted(container: Container, volumeOf: (secret: string) => string): Container {
    const secrets = secretsOf(container);
    return secrets.length === 0
        ? container
        : {
              ...container,
              volumeMounts: [
                  ...(container.volumeMounts as kubernetes.types.input.core.v1.VolumeMount[]),
                  ...secrets.map((secret) => ({
                      name: volumeOf(secret),
                      mountPath: `${DIRECTORY}/${secret}`,
                      readOnly: true,
                  })),
              ],
          };
}

/** Secrets that a container's variables name files of, each once. */
function secretsOf({ env }: Container): string[] {
    const named = ((env ?? []) as { readonly value?: unknown }[]).flatMap(({ value }) =>
        typeof value === "string" && value.startsWith(`${DIRECTORY}/`) ? [value.split("/")[3] ?? ""] : [],
    );
    return [...new Set(named)].sort();
}
