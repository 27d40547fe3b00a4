import { join } from "node:path";

import { lastLines, run, where, type CommandOptions } from "../tools/command";
import { findExecutable } from "../tools/paths";
import { fail } from "../console";
import type { Engine } from "./engine";
import { pipe } from "./pipe";
import { tryEngine } from "./engineTrial";

/** Seconds to wait for a registry before it counts as unreachable. */
const pullPatience = 60;

/** Parts of the command line in which the engines differ. */
interface Dialect {
    readonly name: Engine["name"];
    readonly program: string;
    /** Before every subcommand. */
    readonly global: readonly string[];
    readonly buildOptions: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
}

function commandLineEngine(dialect: Dialect): Engine {
    const { name, program, global, environment } = dialect;
    const options = (log?: string, more: CommandOptions = {}): CommandOptions => ({
        environment,
        ...(log === undefined ? {} : { log }),
        ...more,
    });
    const call = async (args: readonly string[], log?: string, more?: CommandOptions): Promise<string> => {
        const result = await run(program, [...global, ...args], options(log, more));
        return result.code === 0
            ? result.stdout
            : fail(
                  `${program} ${args[0] ?? ""} failed with code ${result.code}${lastLines(result)}${where(log)}`,
              );
    };
    const succeeds = async (args: readonly string[]): Promise<boolean> =>
        (await run(program, [...global, ...args], options())).code === 0;

    return {
        name,
        build: async ({ containerfile, context, reference, arguments: values, fresh, log, onLine }) => {
            const pairs = Object.entries(values).map(([argument, value]) => `${argument}=${value}`);
            await call(
                [
                    "build",
                    ...dialect.buildOptions,
                    ...(fresh === true ? ["--no-cache"] : []),
                    ...pairs.flatMap((pair) => ["--build-arg", pair]),
                    "--file",
                    containerfile,
                    "--tag",
                    reference,
                    context,
                ],
                log,
                onLine === undefined ? {} : { onLine },
            );
        },
        has: (reference) => succeeds(["inspect", "--type", "image", "--format", "{{.}}", reference]),
        unpack: async (reference, directory, known, log) => {
            // buildah and podman name layers by their digest.
            const excluded = known.map((digest) => `--exclude=${digest}.tar`);
            const save =
                name === "buildah"
                    ? ["push", "--quiet", reference, `docker-archive:/dev/stdout:${reference}`]
                    : ["save", reference];
            await pipe(
                [program, ...global, ...save],
                ["tar", "--extract", "--directory", directory, ...excluded],
                options(log),
            );
        },
        shell: async (reference, script, log) => {
            if (name !== "buildah") {
                return await call(["run", "--rm", "--entrypoint", "/bin/sh", reference, "-c", script], log);
            }
            const container = (await call(["from", "--pull-never", reference], log)).trim();
            try {
                return await call(
                    ["run", "--isolation", "chroot", container, "--", "/bin/sh", "-c", script],
                    log,
                );
            } finally {
                await call(["rm", container], log);
            }
        },
        references: async (prefix) => {
            const format = name === "buildah" ? "{{.Name}}:{{.Tag}}" : "{{.Repository}}:{{.Tag}}";
            const list = await call(["images", "--format", format]);
            return list.split("\n").filter((reference) => reference.startsWith(prefix));
        },
        remove: async (references, log) => {
            if (references.length > 0) {
                // An image that a container of the user's still needs stays; that is no reason to fail a build.
                await run(program, [...global, "rmi", ...references], options(log));
            }
            if (name === "buildah") {
                await run(program, [...global, "rmi", "--prune"], options(log));
            }
        },
        canPull: async (reference) => {
            const result = await run(
                "timeout",
                [String(pullPatience), program, ...global, "pull", reference],
                options(),
            );
            return result.code === 0;
        },
        recover: async (log) => {
            if (name === "buildah") {
                await call(["rm", "--all"], log);
            }
        },
    };
}

/**
 * Storage of our own for engines that can have one, so that no other images are touched and deleting the folder removes all.
 * `skip_mount_home`: without it the driver bind-mounts its folder and leaves that mount behind.
 */
function ownStorage(directory: string): string[] {
    return [
        "--root",
        join(directory, "storage"),
        "--runroot",
        join(directory, "run"),
        "--storage-driver",
        "overlay",
        "--storage-opt",
        "overlay.skip_mount_home=true",
    ];
}

const makers: Readonly<Record<Engine["name"], (directory: string) => Engine>> = {
    docker: () => {
        const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
        return commandLineEngine({
            name: "docker",
            program: "docker",
            global: [],
            // The others pass the host's proxies by themselves; docker takes them as arguments that no layer keeps.
            buildOptions: proxies
                .filter((each) => (process.env[each] ?? "") !== "")
                .flatMap((each) => ["--build-arg", each]),
            environment: { DOCKER_BUILDKIT: "1" },
        });
    },
    podman: (directory) =>
        commandLineEngine({
            name: "podman",
            program: "podman",
            global: ownStorage(directory),
            buildOptions: ["--layers"],
            environment: temporaryIn(directory),
        }),
    buildah: (directory) =>
        commandLineEngine({
            name: "buildah",
            program: "buildah",
            global: ownStorage(directory),
            // chroot: needs neither cgroups nor a network of its own, so it works inside containers and small machines.
            buildOptions: ["--layers", "--isolation", "chroot"],
            environment: temporaryIn(directory),
        }),
};

/** Cache mounts (pip, apt) are kept below TMPDIR, which buildah and podman also fill with large temporary files. */
function temporaryIn(directory: string): Readonly<Record<string, string>> {
    return { TMPDIR: join(directory, "temporary") };
}

/** The engines in the order in which they are tried. */
export const engineNames = ["docker", "podman", "buildah"] as const satisfies readonly Engine["name"][];

/** An engine that is installed and fails, with the last lines that it printed. */
export interface Refusal {
    readonly name: Engine["name"];
    readonly reason: string;
}

/**
 * The first engine that can build an image here and start a program in it: one that is installed may still be without its
 * service, or without the rights to start containers.
 *
 * @param directory folder for the storage of engines that can have their own.
 * @param names the engines to try, in order.
 * @param refused called for each engine that is installed and fails.
 */
export async function findEngine(
    directory: string,
    names: readonly Engine["name"][] = engineNames,
    refused: (refusal: Refusal) => void = () => undefined,
): Promise<Engine | undefined> {
    for (const name of names.filter((each) => findExecutable(each) !== undefined)) {
        const engine = makers[name](directory);
        const reason = await tryEngine(engine, directory);
        if (reason === undefined) {
            return engine;
        }
        refused({ name, reason });
    }
    return undefined;
}

/** As `findEngine`, but fails with the reason of each engine when none works. */
export async function requireEngine(directory: string): Promise<Engine> {
    const refusals: Refusal[] = [];
    const engine = await findEngine(directory, engineNames, (refusal) => refusals.push(refusal));
    return (
        engine ??
        fail(
            [
                "No program builds images here: start docker, or install podman or buildah (`make images` as root " +
                    "installs buildah).",
                ...refusals.map(({ name, reason }) => `  ${name}: ${reason}`),
            ].join("\n"),
        )
    );
}
