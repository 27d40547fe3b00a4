import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { must } from "./command";
import { logOf, type BuildContext } from "./context";

/**
 * PostgreSQL's package would create and start a database cluster at its installation; a file in this folder is the
 * documented way to prevent it (createcluster(5) of postgresql-common).
 */
const noSystemCluster = "/etc/postgresql-common/createcluster.d/flts-toolchain.conf";

/** Installs `packages` with their needed dependencies only; the prerequisites have been checked. */
export async function installPackages(context: BuildContext, packages: readonly string[]): Promise<void> {
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
