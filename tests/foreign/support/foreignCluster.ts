import { mkdirSync, mkdtempSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { listImages } from "../../../toolchain/cluster/ownImages";
import { clusterLayout } from "../../../toolchain/cluster/layout";
import { registryHosts } from "../../../toolchain/cluster/processes/containerd";
import { images } from "../../../toolchain/images/catalogue";
import { toolPath } from "../../../toolchain/tools/paths";
import { make, succeed } from "../../support/commands";
import { signedIn, type Kubeconfig } from "../../support/kubeconfig";
import type { RegistryServer } from "../../support/registry";

/** Name that the embedded cluster's context has here, so that nothing takes the cluster for the embedded one. */
export const CONTEXT = "team-cluster";

/** Where skopeo's users say which authorities registries have (containers-certs.d(5)). */
const PUSHERS_AUTHORITIES = "/etc/containers/certs.d";

/**
 * The embedded cluster as an external one: a kubeconfig with another context, none of this project's
 * images on its node, and registries that machine and node trust.
 */
export class ForeignCluster {
    private constructor(
        private readonly directory: string,
        private readonly trusted: readonly string[],
    ) {}

    static async prepare(registries: readonly RegistryServer[]): Promise<ForeignCluster> {
        const started = await make("cluster-up");
        if (started.code !== 0) {
            throw new Error(started.everything);
        }
        await removeImages();
        const directory = mkdtempSync(join(tmpdir(), "flts-foreign-"));
        const given = parse(readFileSync(clusterLayout().kubeconfig, "utf8")) as Kubeconfig;
        const contexts = given.contexts.map(({ context }) => ({ name: CONTEXT, context }));
        writeFileSync(
            join(directory, "kubeconfig"),
            stringify({ ...given, contexts, "current-context": "" }),
            { mode: 0o600 },
        );
        return new ForeignCluster(directory, registries.flatMap(trust));
    }

    /** Makes the token's owner the kubeconfig's only user. */
    signIn(token: string): void {
        const given = parse(readFileSync(this.kubeconfig, "utf8")) as Kubeconfig;
        writeFileSync(this.kubeconfig, stringify(signedIn(given, token)));
    }

    /** Where its kubeconfig is. */
    get kubeconfig(): string {
        return join(this.directory, "kubeconfig");
    }

    remove(): void {
        for (const folder of [this.directory, ...this.trusted]) {
            rmSync(folder, { recursive: true });
        }
    }
}

/** Has skopeo and the node's containerd trust a registry; gives the folders that say so. */
function trust({ host, certificate }: RegistryServer): string[] {
    const folders = [registryHosts, PUSHERS_AUTHORITIES].map((each) => join(each, host));
    for (const folder of folders) {
        mkdirSync(folder, { recursive: true });
        copyFileSync(certificate, join(folder, "ca.crt"));
    }
    const [node = ""] = folders;
    writeFileSync(
        join(node, "hosts.toml"),
        `server = "https://${host}"\n\n[host."https://${host}"]\n  capabilities = ["pull", "resolve"]\n  ca = "${join(node, "ca.crt")}"\n`,
    );
    return folders;
}

/** Removes this project's images from the node, whatever registry they came from. */
async function removeImages(): Promise<void> {
    const loaded = (await listImages())
        .map(({ reference }) => reference)
        .filter((reference) =>
            images.some(({ name, repository }) =>
                [`/${repository}:`, `/${repository}@`, `/${name}:`].some((part) => reference.includes(part)),
            ),
        );
    if (loaded.length > 0) {
        const control = ["--address", clusterLayout().containerdSocket, "--namespace", "k8s.io"];
        await succeed(toolPath("ctr"), [...control, "images", "remove", "--sync", ...loaded]);
    }
}
