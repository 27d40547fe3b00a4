import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findExecutable, toolPath } from "../tools/paths";
import { clusterPrograms } from "../tools/needs";
import { UserError } from "../console";

/** Search path of every daemon: root's, also where the caller's lacks the administrator's directories. */
export const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Programs that the cluster takes from the machine, with the Debian package of each. */
export const systemTools = {
    containerd: "containerd",
    ctr: "containerd",
    "containerd-shim-runc-v2": "containerd",
    runc: "runc",
    ip: "iproute2",
    iptables: "iptables",
    "iptables-save": "iptables",
    "iptables-restore": "iptables",
    mount: "mount",
    umount: "mount",
    openssl: "openssl",
    tar: "tar",
} as const;
export type SystemTool = keyof typeof systemTools;

/** CNI plugins that the pod network is made of, and where Debian and upstream install them. */
const networkPlugins = ["ptp", "host-local", "loopback", "portmap"] as const;
const networkPluginDirectories = ["/usr/lib/cni", "/opt/cni/bin"];

/** A program of the toolchain that runs on the machine or is put into the cluster's own images. */
export type BuiltTool = (typeof clusterPrograms)[number];

/** Absolute path of a program of the machine. Throws a `UserError` that names the package if it is missing. */
export function systemTool(name: SystemTool): string {
    const path = findExecutable(name, systemPath);
    if (path === undefined) {
        throw new UserError(
            `${name} is not installed: run \`make tools\` as root, or install the package ${systemTools[name]}`,
        );
    }
    return path;
}

/** Directory of the CNI plugins. Throws a `UserError` that names the package if one of them is missing. */
export function networkPluginDirectory(): string {
    const found = networkPluginDirectories.find((directory) =>
        networkPlugins.every((plugin) => existsSync(join(directory, plugin))),
    );
    if (found === undefined) {
        throw new UserError(
            `the CNI plugins ${networkPlugins.join(", ")} are not in ${networkPluginDirectories.join(" or ")}: ` +
                "run `make tools` as root, or install the package containernetworking-plugins",
        );
    }
    return found;
}

/**
 * Absolute path of a program of the toolchain: from the directory FLTS_TOOLS_BIN if that is set, else the one that
 * `make tools` made. Throws a `UserError` naming the fix if it is missing.
 */
export function builtTool(name: BuiltTool): string {
    const directory = process.env.FLTS_TOOLS_BIN;
    if (directory === undefined || directory === "") {
        return toolPath(name);
    }
    const path = join(directory, name);
    try {
        accessSync(path, constants.X_OK);
    } catch {
        throw new UserError(`FLTS_TOOLS_BIN is ${dirname(path)}, but there is no program ${name} in it`);
    }
    return path;
}
