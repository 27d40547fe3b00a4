import { fail } from "../../console";

/** Programs that load images into the nodes of a local cluster. */
const loaders = ["kind", "minikube", "k3d"] as const;
export type Loader = (typeof loaders)[number];

/** Where TO sends images. */
export type Destination =
    | { readonly kind: "registry"; readonly prefix: string }
    | { readonly kind: "cluster"; readonly loader: Loader; readonly cluster: string };

/** A registry's host with an optional port, and an optional path. */
const REGISTRY =
    /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:\d+)?(\/[a-z0-9]+([._/-][a-z0-9]+)*)?$/;

/** Reads TO; undefined when it is empty. Fails for what is neither a registry nor a cluster. */
export function readDestination(value: string | undefined): Destination | undefined {
    const text = value?.trim().replace(/\/+$/, "") ?? "";
    if (text === "") {
        return undefined;
    }
    const loader = loaders.find((each) => text.startsWith(`${each}:`));
    if (loader !== undefined) {
        const cluster = text.slice(loader.length + 1);
        return /^[a-zA-Z0-9][\w.-]*$/.test(cluster)
            ? { kind: "cluster", loader, cluster }
            : fail(`TO=${text}: name the cluster after the colon, such as TO=${loader}:flts.`);
    }
    return REGISTRY.test(text)
        ? { kind: "registry", prefix: text }
        : fail(
              `TO=${text}: give a registry without a scheme, such as TO=registry.example/flts, or a local cluster: ` +
                  `${loaders.map((each) => `TO=${each}:<name>`).join(", ")}.`,
          );
}

/** The command that loads an image archive into a local cluster. */
export function loadCommand(loader: Loader, cluster: string, archive: string): string[] {
    switch (loader) {
        case "kind":
            return ["kind", "load", "image-archive", archive, "--name", cluster];
        case "minikube":
            return ["minikube", "image", "load", archive, "--profile", cluster];
        case "k3d":
            return ["k3d", "image", "import", archive, "--cluster", cluster];
    }
}
