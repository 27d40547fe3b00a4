import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { fail } from "../console/index";
import { must } from "./command";
import { logOf, type BuildContext } from "./context";
import { findExecutable } from "./paths";

/** Fails with one clear message if `packages` cannot be installed from here. */
export function requireInstaller(
    packages: readonly string[],
    isRoot = process.getuid?.() === 0,
    hasApt = findExecutable("apt-get") !== undefined,
): void {
    const list = packages.join(" ");
    if (!hasApt) {
        fail(
            `Programs of the Debian packages ${list} are missing and there is no apt-get: install them yourself.`,
        );
    }
    if (!isRoot) {
        fail(
            `The Debian packages ${list} are missing: run \`sudo apt-get install ${list}\`, or \`make tools\` as root.`,
        );
    }
}

/**
 * PostgreSQL's package would create and start a database cluster at its installation; a file in this folder is the
 * documented way to prevent it (createcluster(5) of postgresql-common).
 */
const noSystemCluster = "/etc/postgresql-common/createcluster.d/flts-toolchain.conf";

/** Installs `packages` with their needed dependencies only. */
export async function installPackages(context: BuildContext, packages: readonly string[]): Promise<void> {
    requireInstaller(packages);
    const log = logOf(context, "debian");
    // Another apt run on the machine is waited for, up to five minutes.
    const apt = (...args: string[]): Promise<string> =>
        must(
            "apt-get",
            ["--option", "DPkg::Lock::Timeout=300", "--yes", "--no-install-recommends", ...args],
            {
                environment: { DEBIAN_FRONTEND: "noninteractive" },
                log,
            },
        );
    const name = "debian-packages";
    const estimate = context.durations.get(name) ?? packages.length * 10_000;
    await context.progress.step(`Install Debian packages ${packages.join(" ")}`, { estimate }, (report) =>
        context.durations.measure(name, async () => {
            report(undefined, "reading the package lists");
            await apt("update");
            report(undefined, "installing");
            if (packages.includes("postgresql-15") && !existsSync(noSystemCluster)) {
                mkdirSync(dirname(noSystemCluster), { recursive: true });
                writeFileSync(noSystemCluster, "create_main_cluster = false\n");
                try {
                    await apt("install", ...packages);
                } finally {
                    rmSync(noSystemCluster, { force: true });
                }
            } else {
                await apt("install", ...packages);
            }
        }),
    );
}
