import { fail } from "../toolchain/console";
import type { Runner } from "./support/counts";

/** One group of tests that a single command runs. */
export interface Suite {
    readonly name: string;
    /** What a reader may believe when it passes. */
    readonly proves: string;
    readonly runner: Runner;
    /** Shell command, run from the project's root. Go tests are built as the programs were, to find their packages compiled. */
    readonly command: string;
}

const mocha = "node_modules/.bin/mocha --forbid-only";
const python = "services/run-tests.sh";

/** Every suite, cheapest first: what can fail in seconds is told before anything is built. */
export const suites: readonly Suite[] = [
    { name: "types", proves: "the program type-checks", runner: "check", command: "npx tsc --noEmit" },
    { name: "lint", proves: "eslint finds nothing", runner: "check", command: "npx eslint ." },
    {
        name: "format",
        proves: "the sources are in the project's style",
        runner: "check",
        command: "npx prettier --check .",
    },
    {
        name: "unit",
        proves: "pure builders and drivers",
        runner: "mocha",
        command: `${mocha} 'tests/unit/**/*.test.ts'`,
    },
    {
        name: "component",
        proves: "what each component declares, under Pulumi's mocks",
        runner: "mocha",
        command: `${mocha} 'tests/component/**/*.test.ts'`,
    },
    {
        name: "property",
        proves: "every valid configuration is safe to deploy",
        runner: "mocha",
        command: `${mocha} 'tests/property/**/*.test.ts'`,
    },
    {
        name: "node",
        proves: "the program runs on each supported release of Node.js",
        runner: "mocha",
        command: `${mocha} 'tests/node/**/*.test.ts'`,
    },
    { name: "services", proves: "the Python workloads", runner: "pytest", command: python },
    {
        name: "tools",
        proves: "the engine and the cluster can be built here",
        runner: "check",
        command: "make --no-print-directory tools",
    },
    {
        name: "load-balancer",
        proves: "HAProxy takes the generated configuration, loses no request, and splits them by weight",
        runner: "mocha",
        command: `${mocha} 'tests/load-balancer/**/*.test.ts'`,
    },
    {
        name: "rules",
        proves: "each alert tells what it should, and says what to do",
        runner: "mocha",
        command: `${mocha} 'tests/rules/**/*.test.ts'`,
    },
    {
        name: "go",
        proves: "the toolchain's own Go packages",
        runner: "go",
        command:
            "cd toolchain/go && CGO_ENABLED=0 go test -trimpath -v ./cmd/storage-provisioner/... ./internal/...",
    },
    {
        name: "plugins",
        proves: "the built plugins behave as the official ones, on a real MinIO and PostgreSQL, with their faults",
        runner: "mocha",
        command: `${mocha} 'tests/plugins/**/*.test.ts'`,
    },
    {
        name: "kafka",
        proves: "each service's user reaches its topics in a real Kafka, nobody else does, and an update keeps the messages",
        runner: "mocha",
        command: `${mocha} 'tests/kafka/**/*.test.ts'`,
    },
    {
        name: "data",
        proves: "uploads to a real object store in constant memory, interrupted too, and nothing deleted",
        runner: "mocha",
        command: `${mocha} 'tests/data/**/*.test.ts'`,
    },
    {
        name: "registry",
        proves: "images reach a registry with TLS and a login, from a build and from a bundle, and are locked by digest",
        runner: "mocha",
        command: `${mocha} 'tests/registry/**/*.test.ts'`,
    },
    {
        name: "cluster-lifecycle",
        proves: "the embedded cluster starts, heals and leaves nothing behind",
        runner: "mocha",
        command: `${mocha} 'tests/cluster-lifecycle/**/*.test.ts'`,
    },
    {
        name: "images",
        proves: "every image can be built here",
        runner: "check",
        command: "make --no-print-directory cluster-up images",
    },
    {
        name: "cluster",
        proves: "a CSV becomes a forecast on real pods",
        runner: "mocha",
        // The pipeline first: it reports how long the first deployment takes, which the others use. Data last: it gives the
        // stack further series, and the others ask for the only one.
        command: `${mocha} tests/cluster/pipeline.test.ts 'tests/cluster/!(data|tutorial).test.ts' tests/cluster/data.test.ts tests/cluster/tutorial.test.ts`,
    },
    {
        name: "engine",
        proves: "first up, no-op up, preview, refresh, destroy, a stack cut in two, and prod on simulated nodes",
        runner: "mocha",
        command: `${mocha} 'tests/engine/**/*.test.ts'`,
    },
    {
        name: "prod",
        proves: "the prod stack, shrunk to one small node, survives the loss of pods",
        runner: "mocha",
        command: `${mocha} 'tests/prod/**/*.test.ts'`,
    },
    {
        name: "down",
        proves: "stack and cluster go when they are told to",
        runner: "check",
        command: "make --no-print-directory down",
    },
];

/** The suites that the command line names, all of them for none. */
export function chooseSuites(names: readonly string[]): readonly Suite[] {
    const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
    if (unknown.length > 0) {
        fail(
            `no suite ${unknown.join(", ")}; the suites are ${suites.map((suite) => suite.name).join(", ")}.`,
        );
    }
    return names.length === 0 ? suites : suites.filter((suite) => names.includes(suite.name));
}
