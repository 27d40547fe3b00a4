import { chmodSync, cpSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { fail } from "../../console";
import { must } from "../../tools/command";
import { goEnvironment } from "../../tools/goCaches";
import type { Preparation } from "./preparation";

/**
 * A package of the page's lock file that its registry has in an older version only. Its peers differ in their minor
 * version, which changes nothing that the page uses: it highlights code.
 */
const replaced = {
    name: "@mantine/code-highlight",
    wanted: "9.7.2",
    version: "9.6.2",
    integrity:
        "sha512-lEtpNTvLeKB0UKn/f6iH8NKwUtn++Otfg0KCTsIf9ThpSAwkexBTxuo5mDr4UwljalHRIAmFi9otdQ82l6ecYA==",
} as const;

const page = "@prometheus-io/mantine-ui";
/** Packages that the page is made of, each after those that it uses. */
const packages = ["@prometheus-io/lezer-promql", "@prometheus-io/codemirror-promql"] as const;

/** Builds Prometheus' own page from the sources in its Go module, with the npm packages that its lock file pins. */
export async function preparePrometheus({ root, directory, cache, log }: Preparation): Promise<void> {
    const module = await must("go", ["list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus"], {
        cwd: join(root, "toolchain", "pins", "prometheus"),
        environment: goEnvironment(),
        log,
    });
    const work = join(cache, "prometheus-page");
    rmSync(work, { recursive: true, force: true });
    cpSync(join(module.trim(), "web", "ui"), work, { recursive: true });
    makeWritable(work);
    replacePackage(work);
    const programs = join(root, "node_modules", ".bin");
    const pnpm = (...parameters: readonly string[]): Promise<string> =>
        must(join(programs, "pnpm"), parameters, {
            cwd: work,
            // The packages' own scripts call pnpm.
            environment: {
                CI: "true",
                npm_config_store_dir: join(cache, "pnpm"),
                PATH: `${programs}${delimiter}${process.env.PATH ?? ""}`,
            },
            log,
        });
    await pnpm("install", "--frozen-lockfile", "--ignore-scripts", "--filter", `${page}...`);
    for (const name of packages) {
        await pnpm("--filter", name, "run", "build");
    }
    // Without the type check of `pnpm run build`, which takes longer than the rest and was done upstream.
    await pnpm("--filter", page, "exec", "vite", "build");
    cpSync(join(work, "mantine-ui", "dist"), join(directory, "page"), { recursive: true });
}

/** Files of Go's module cache are read-only, and so are copies of them. */
function makeWritable(path: string): void {
    chmodSync(path, lstatSync(path).isDirectory() ? 0o755 : 0o644);
    if (lstatSync(path).isDirectory()) {
        for (const name of readdirSync(path)) {
            makeWritable(join(path, name));
        }
    }
}

/** Puts the version that can be had into the page's package.json and lock file. */
function replacePackage(work: string): void {
    const manifest = join(work, "mantine-ui", "package.json");
    rewrite(
        manifest,
        `"${replaced.name}": "^${replaced.wanted}"`,
        `"${replaced.name}": "${replaced.version}"`,
    );
    const lock = join(work, "pnpm-lock.yaml");
    rewrite(
        lock,
        new RegExp(
            `('${replaced.name}':\\n +specifier: )\\^${replaced.wanted}(\\n +version: )${replaced.wanted}`,
        ),
        `$1${replaced.version}$2${replaced.version}`,
    );
    rewrite(
        lock,
        new RegExp(`('${replaced.name}@${replaced.wanted}':\\n +resolution: \\{integrity: )[^}]+`),
        `$1${replaced.integrity}`,
    );
    rewrite(
        lock,
        new RegExp(`${replaced.name}@${replaced.wanted}`, "g"),
        `${replaced.name}@${replaced.version}`,
    );
}

function rewrite(path: string, from: string | RegExp, to: string): void {
    const before = readFileSync(path, "utf8");
    const after = before.replace(from, to);
    if (after === before) {
        fail(
            `${path} is not as expected of Prometheus' pinned version; revise ${replaced.name} in toolchain/images/preparation/prometheus.ts.`,
        );
    }
    writeFileSync(path, after);
}
