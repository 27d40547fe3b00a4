import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { must, run } from "../../tools/command";
import { toolPath } from "../../tools/paths";
import { fail } from "../../console";
import { hostDebianSources } from "../host";
import type { Preparation } from "./preparation";

/** Removed with the same rule as images/base/dpkg.conf, which only reaches packages installed later. */
const trim = [
    "find usr/share/doc -type f ! -name copyright -delete",
    "find usr/share/doc -type l -delete",
    "find usr/share/doc -type d -empty -delete",
    "rm -rf usr/share/man/* usr/share/info/* usr/share/locale/* usr/share/lintian/*",
    "rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*-old var/lib/dpkg/*-old debootstrap",
    // A real name resolver comes from the container runtime; a host name in an image would only mislead.
    "rm -f etc/resolv.conf etc/hostname var/log/bootstrap.log",
    "find var/log -type f -delete",
    "rm -rf dev/* proc/* sys/* run/*",
].join(" && ");

/** Makes debian.tar, the file system of a minimal Debian, with debootstrap from the archive this machine uses. */
export async function prepareDebian({ directory, cache, log, suite }: Preparation): Promise<void> {
    if (process.getuid?.() !== 0) {
        fail(
            "The Debian base image is made with debootstrap, which needs root: run as root, " +
                "or set FLTS_IMAGES=pull where official images can be pulled.",
        );
    }
    const root = join(cache, "debian-root");
    const packages = join(cache, "debian-packages");
    rmSync(root, { recursive: true, force: true });
    mkdirSync(packages, { recursive: true });

    const sources = await hostDebianSources(suite);
    const mirror = sources.find(({ release }) => release === suite)?.uri;
    await must(
        toolPath("debootstrap"),
        [
            "--variant=minbase",
            `--cache-dir=${packages}`,
            suite,
            root,
            ...(mirror === undefined ? [] : [mirror]),
        ],
        { log },
    );
    if (mirror !== undefined) {
        // The host's archive is handed to each build instead: an image must not depend on this machine's mirror.
        writeFileSync(join(root, "etc", "apt", "sources.list"), "");
    }
    await must("sh", ["-c", trim], { cwd: root, log });
    await must(
        "tar",
        [
            "--create",
            "--numeric-owner",
            "--sort=name",
            "--file",
            join(directory, "debian.tar"),
            "--directory",
            root,
            ".",
        ],
        { log },
    );
    await run("rm", ["-rf", root]);
}
