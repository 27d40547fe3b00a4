import { join } from "node:path";
import { fail } from "../toolchain/console";
import { cacheDirectory } from "../toolchain/tools/directories";
import type { Runner } from "./support/counts";

/**
 * Suites of one lane run one after the other; lanes run side by side, since most suites wait more than they compute.
 * `sources` needs nothing but this checkout, `servers` starts real servers, and `cluster` has the machine's embedded cluster.
 */
export type Lane = "sources" | "servers" | "cluster";

/** One group of tests that a single command runs. */
export interface Suite {
    readonly name: string;
    readonly lane: Lane;
    /** Suites of other lanes that must have ended before this one starts: `all` for one that measures the machine. */
    readonly after?: readonly string[] | "all";
    /** Whether it leaves the processors to suites that wait for pods and servers. Default: no. */
    readonly yields?: boolean;
    /** What a reader may believe when it passes. */
    readonly proves: string;
    readonly runner: Runner;
    /** Shell command, run from the project's root. Go tests are built as the programs were, to find their packages compiled. */
    readonly command: string;
}

const mocha = "node_modules/.bin/mocha --forbid-only";
const python = "services/run-tests.sh";
/** Installs the packages of the Python tests, which clients of real servers use too. */
const pythonPackages = "(cd services && . ./test-environment.sh)";

/** Every suite, in the order of the closing table; within its lane a suite runs after those before it. */
export const suites: readonly Suite[] = [
    {
        name: "types",
        lane: "sources",
        yields: true,
        proves: "the program type-checks",
        runner: "check",
        command: "npx tsc --noEmit",
    },
    {
        name: "lint",
        lane: "sources",
        yields: true,
        proves: "eslint finds nothing",
        runner: "check",
        command: "npx eslint .",
    },
    {
        name: "format",
        lane: "sources",
        yields: true,
        proves: "the sources are in the project's style",
        runner: "check",
        // Knows a file that was in style by its content, and by Prettier's version and options.
        command: `npx prettier --check --cache --cache-strategy content --cache-location '${join(cacheDirectory(), "prettier")}' .`,
    },
    {
        name: "unit",
        lane: "sources",
        yields: true,
        proves: "pure builders and drivers",
        runner: "mocha",
        command: `${mocha} 'tests/unit/**/*.test.ts'`,
    },
    {
        name: "component",
        lane: "sources",
        yields: true,
        proves: "what each component declares, under Pulumi's mocks",
        runner: "mocha",
        command: `${mocha} 'tests/component/**/*.test.ts'`,
    },
    {
        name: "property",
        lane: "sources",
        yields: true,
        proves: "every valid configuration is safe to deploy",
        runner: "mocha",
        command: `${mocha} 'tests/property/**/*.test.ts'`,
    },
    {
        name: "node",
        lane: "sources",
        yields: true,
        proves: "the program runs on each supported release of Node.js",
        runner: "mocha",
        command: `${mocha} 'tests/node/**/*.test.ts'`,
    },
    {
        name: "services",
        lane: "sources",
        proves: "the Python workloads",
        runner: "pytest",
        command: `${python} --ignore=tests/measurements`,
    },
    {
        name: "tools",
        lane: "cluster",
        proves: "the engine and the cluster can be built here",
        runner: "check",
        command: "make --no-print-directory tools",
    },
    {
        name: "load-balancer",
        lane: "servers",
        after: ["tools"],
        proves: "HAProxy takes the generated configuration, loses no request, and splits them by weight",
        runner: "mocha",
        command: `${mocha} 'tests/load-balancer/**/*.test.ts'`,
    },
    {
        name: "rules",
        lane: "servers",
        proves: "each alert fires when it should, and says what to do",
        runner: "mocha",
        command: `${mocha} 'tests/rules/**/*.test.ts'`,
    },
    {
        name: "go",
        lane: "servers",
        proves: "the toolchain's own Go packages",
        runner: "go",
        command:
            "export CGO_ENABLED=0; cd toolchain/go && go test -trimpath -v ./cmd/storage-provisioner/... ./internal/... && " +
            "cd ../pins/pulumi-kubernetes && go test -trimpath -v ./internal/...",
    },
    {
        name: "plugins",
        lane: "servers",
        yields: true,
        proves: "the built plugins behave as the official ones, on a real MinIO and PostgreSQL, with their faults",
        runner: "mocha",
        command: `${pythonPackages} && ${mocha} 'tests/plugins/**/*.test.ts'`,
    },
    {
        name: "upgrade",
        lane: "servers",
        proves: "an update of a stack of an earlier release replaces nothing that holds data",
        runner: "mocha",
        command: `${mocha} 'tests/upgrade/**/*.test.ts'`,
    },
    {
        name: "kafka",
        lane: "servers",
        proves: "each service's user reaches its topics in a real Kafka, nobody else does, and an update keeps the messages",
        runner: "mocha",
        command: `${pythonPackages} && ${mocha} 'tests/kafka/**/*.test.ts'`,
    },
    {
        name: "data",
        lane: "servers",
        proves: "uploads to a real object store in constant memory, interrupted too, and nothing deleted",
        runner: "mocha",
        command: `${mocha} 'tests/data/**/*.test.ts'`,
    },
    {
        name: "registry",
        lane: "servers",
        proves: "images reach a registry with TLS and a login, from a build and from a bundle, and are locked by digest",
        runner: "mocha",
        command: `${pythonPackages} && ${mocha} 'tests/registry/**/*.test.ts'`,
    },
    {
        name: "cluster-lifecycle",
        lane: "cluster",
        proves: "the embedded cluster starts, heals and leaves nothing behind",
        runner: "mocha",
        command: `${mocha} 'tests/cluster-lifecycle/**/*.test.ts'`,
    },
    {
        // Before images are loaded into the cluster: here it pulls them.
        name: "foreign",
        lane: "cluster",
        proves: "an external cluster with a registry that asks for a login, online and from a bundle, and what it leaves",
        runner: "mocha",
        command: `${mocha} 'tests/foreign/**/*.test.ts'`,
    },
    {
        name: "images",
        lane: "cluster",
        proves: "every image can be built here",
        runner: "check",
        command: "make --no-print-directory cluster-up images",
    },
    {
        name: "engine",
        lane: "cluster",
        proves: "first up, no-op up, preview, refresh, destroy, a stack cut in two, and prod on simulated nodes",
        runner: "mocha",
        command: `${mocha} 'tests/engine/**/*.test.ts'`,
    },
    {
        name: "prod",
        lane: "cluster",
        proves: "the prod stack, shrunk to one small node, survives the loss of pods",
        runner: "mocha",
        command: `${mocha} 'tests/prod/**/*.test.ts'`,
    },
    {
        name: "cluster",
        lane: "cluster",
        // It measures answers under load, and some of its tests race the clock of a controller.
        after: "all",
        proves: "a CSV becomes a forecast on real pods",
        runner: "mocha",
        // The pipeline first: it reports how long the first deployment takes, which the others use. Data last: it gives the
        // stack further series, and the others ask for the only one.
        command: `${mocha} tests/cluster/pipeline.test.ts 'tests/cluster/!(data|tutorial).test.ts' tests/cluster/data.test.ts tests/cluster/tutorial.test.ts`,
    },
    {
        name: "measurements",
        lane: "cluster",
        after: "all",
        proves: "no client ends an inference process or keeps another one waiting, and a forecast costs little",
        runner: "pytest",
        command: `${python} tests/measurements`,
    },
    {
        name: "down",
        lane: "cluster",
        proves: "stack and cluster are removed by one command each",
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
