import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { choose, isAtLeast, type Candidate, type Choice } from "./choice";
import { must, run } from "./command";
import { logOf, type BuildContext } from "./context";
import { downloadChecked } from "./download";
import { programPath } from "./go";
import { findExecutable, pulumiHome } from "./paths";
import { goPrograms, pulumi, pulumiSet, type GoProgramName } from "./pins";
import { goFault } from "./prerequisites";

/** Absolute path of each member of the set; undefined when the set has to be built. */
type OfficialSet = ReadonlyMap<GoProgramName, string> | undefined;

/** Milliseconds for one plugin to arrive from Pulumi; the largest has 60 MB. */
const pluginTimeout = 180_000;

/**
 * Where the Pulumi set comes from. Command line, language host and plugins are taken together: the language host speaks
 * a protocol with the engine that changes between releases, and plugins of ours only replace official ones where these
 * cannot be had. An official set that is chosen stands afterwards, a set to build does not yet.
 */
export async function choosePulumiSet(context: BuildContext): Promise<Choice<OfficialSet>> {
    const choice = await choose(candidates(context), context.restriction);
    for (const [name, path] of choice.value ?? []) {
        await context.store.register(name, path, {
            hash: context.hashOf(name),
            source: choice.source,
            version: goPrograms[name].version,
        });
    }
    return choice;
}

function candidates(context: BuildContext): Candidate<OfficialSet>[] {
    return [
        { source: "path", attempt: () => findOnPath(context) },
        { source: "download", attempt: () => fetchRelease(context) },
        {
            source: "build",
            attempt: async () => {
                const fault = await goFault();
                return fault === undefined ? { value: undefined } : { refusal: fault };
            },
        },
    ];
}

async function findOnPath(context: BuildContext): Promise<{ value: OfficialSet } | { refusal: string }> {
    const cli = findExecutable("pulumi");
    // `make` targets put the built command line first on PATH: that is not the user's.
    if (cli === undefined || cli.startsWith(context.store.parent)) {
        return { refusal: "no pulumi there" };
    }
    const { stdout } = await run(cli, ["version"], { environment: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
    const version = stdout.trim();
    if (!isAtLeast(version, pulumi.version) || !/^v?3\./.test(version)) {
        return { refusal: `${cli} is ${version}, wanted is 3.x from ${pulumi.version} on` };
    }
    const beside = join(dirname(realpathSync(cli)), "pulumi-language-nodejs");
    const host = existsSync(beside) ? beside : findExecutable("pulumi-language-nodejs");
    if (host === undefined) {
        return { refusal: `${cli} has no pulumi-language-nodejs beside it` };
    }
    const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
    return withPlugins(context, cli, host, home, undefined);
}

async function fetchRelease(context: BuildContext): Promise<{ value: OfficialSet } | { refusal: string }> {
    const log = logOf(context, "pulumi");
    if (process.platform !== "linux") {
        return { refusal: `this project downloads for linux only, this is ${process.platform}` };
    }
    const directory = join(context.store.staging, "pulumi");
    mkdirSync(directory, { recursive: true });
    const archive = join(directory, "pulumi.tar.gz");
    const address = pulumi.archive.replace("{version}", pulumi.version).replace("{arch}", process.arch);
    const checksums = pulumi.checksums.replace("{version}", pulumi.version);
    const refusal = await downloadChecked(address, checksums, "sha512", archive, log);
    if (refusal !== undefined) {
        return { refusal };
    }
    await must("tar", ["-xzf", archive, "-C", directory], { log });
    const bin = join(context.store.directory, "bin");
    mkdirSync(bin, { recursive: true });
    for (const file of readdirSync(join(directory, "pulumi"))) {
        renameSync(join(directory, "pulumi", file), join(bin, file));
    }
    const home = pulumiHome();
    return withPlugins(context, join(bin, "pulumi"), join(bin, "pulumi-language-nodejs"), home, home);
}

/** Has the command line fetch the official plugins that are not installed yet. */
async function withPlugins(
    context: BuildContext,
    cli: string,
    host: string,
    home: string,
    ownHome: string | undefined,
): Promise<{ value: OfficialSet } | { refusal: string }> {
    const members = new Map<GoProgramName, string>([
        ["pulumi", cli],
        ["pulumi-language-nodejs", host],
    ]);
    for (const name of pulumiSet.filter((each) => each.startsWith("pulumi-resource-"))) {
        const plugin = name.replace("pulumi-resource-", "");
        const version = goPrograms[name].version;
        const path = join(home, programPath(name).replace(/^pulumi\//, ""));
        // Asking for one that is there costs seconds where its server does not answer.
        const code = existsSync(path)
            ? 0
            : (
                  await run(cli, ["plugin", "install", "resource", plugin, version], {
                      environment: {
                          PULUMI_SKIP_UPDATE_CHECK: "true",
                          ...(ownHome === undefined ? {} : { PULUMI_HOME: ownHome }),
                      },
                      log: logOf(context, "pulumi"),
                      timeout: pluginTimeout,
                  })
              ).code;
        if (code !== 0 || !existsSync(path)) {
            return { refusal: `plugin ${plugin} ${version} could not be fetched` };
        }
        members.set(name, path);
    }
    return { value: members };
}
