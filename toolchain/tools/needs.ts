import catalogue from "../../images/images.json";
import { pulumiSet, type CachedToolName, type GoProgramName } from "./pins";
import type { SystemProgramName } from "./systemPrograms";

/** Programs of the toolchain that the embedded cluster runs, on the machine or in images of its own. */
export const clusterPrograms = [
    "kubernetes",
    "coredns",
    "metrics-server",
    "storage-provisioner",
    "pause",
] as const satisfies readonly GoProgramName[];

/** What a part of the work takes. */
interface Requirements {
    readonly tools: readonly CachedToolName[];
    readonly programs: readonly SystemProgramName[];
    /** Why root is required; absent where it is not. */
    readonly root?: string;
}

/** Facts of a machine that decide what its image build takes. */
export interface ImageFacts {
    /** True if official images are made here: false only where it is known that they can be pulled. */
    readonly makesOfficial: boolean;
    /** True if docker or podman builds images here. */
    readonly hasEngine: boolean;
    /** True if images are taken from a bundle (FROM), so that none is built. */
    readonly fromBundle: boolean;
    /** True if a registry is asked or written to (TO, LOCK). */
    readonly usesRegistry: boolean;
    /** Images that STACK's settings ask for, of those that are made only on request. */
    readonly requested: ReadonlySet<string>;
}

/** An entry of images/images.json. */
interface CatalogueImage {
    readonly role: string;
    readonly program?: string;
    readonly upstream?: string;
    readonly onRequest?: string;
}

function imageRequirements(facts: ImageFacts): Requirements {
    const { makesOfficial, hasEngine, fromBundle, usesRegistry, requested } = facts;
    const copying = usesRegistry ? (["skopeo"] as const) : [];
    if (fromBundle) {
        return { tools: [], programs: copying };
    }
    const made = Object.entries(catalogue.images as Readonly<Record<string, CatalogueImage>>).filter(
        ([name, { upstream, onRequest }]) =>
            (makesOfficial || upstream === undefined) && (onRequest === undefined || requested.has(name)),
    );
    return {
        tools: made.flatMap(([, { program }]) => (program === undefined ? [] : [program as GoProgramName])),
        programs: [
            ...(hasEngine ? [] : (["buildah"] as const)),
            ...(makesOfficial ? (["debootstrap"] as const) : []),
            ...copying,
            "java",
            "mvn",
        ],
        ...(makesOfficial ? { root: "debootstrap makes the images' file system" } : {}),
    };
}

const parts = {
    /** Works on a stack, wherever its cluster is. */
    stack: { tools: ["kubectl", ...pulumiSet], programs: [] },
    cluster: {
        tools: ["kubectl", ...clusterPrograms],
        programs: [
            "containerd",
            "ctr",
            "containerd-shim-runc-v2",
            "runc",
            "cni-plugins",
            "iptables",
            "conntrack",
        ],
        root: "the embedded cluster starts containers and sets up their network",
    },
    tests: {
        tools: ["promtool", "kwok", "oauth2-proxy"],
        programs: ["postgresql-15", "skopeo", "chromium"],
    },
} as const satisfies Readonly<Record<string, Requirements>>;

type Part = keyof typeof parts | "images";

/** By make target, the parts that it takes: in the embedded cluster, and in a cluster of the user's own. */
const targets = {
    up: { embedded: ["stack", "cluster", "images"], own: ["stack"] },
    preview: { embedded: ["stack", "cluster"], own: ["stack"] },
    data: { embedded: ["stack"], own: ["stack"] },
    refresh: { embedded: ["stack"], own: ["stack"] },
    doctor: { embedded: ["stack"], own: ["stack"] },
    "load-test": { embedded: ["stack"], own: ["stack"] },
    backup: { embedded: ["stack"], own: ["stack"] },
    restore: { embedded: ["stack"], own: ["stack"] },
    bench: { embedded: ["stack"], own: ["stack"] },
    "cluster-up": { embedded: ["cluster"], own: ["cluster"] },
    images: { embedded: ["images"], own: ["images"] },
    bundle: { embedded: ["images"], own: ["images"] },
    sbom: { embedded: ["images"], own: ["images"] },
    tools: {
        embedded: ["stack", "cluster", "images", "tests"],
        own: ["stack", "cluster", "images", "tests"],
    },
} as const satisfies Readonly<Record<string, { embedded: readonly Part[]; own: readonly Part[] }>>;

/** A make target that uses tools. */
export type Target = keyof typeof targets;

export const targetNames = Object.keys(targets) as Target[];

/** All that a target uses. */
export interface Needs {
    readonly tools: readonly CachedToolName[];
    readonly programs: readonly SystemProgramName[];
    /** Reasons why root is required; none where it is not. */
    readonly root: readonly string[];
}

/** True if the target builds images. */
export function buildsImages(target: Target, embedded: boolean): boolean {
    return (targets[target][embedded ? "embedded" : "own"] as readonly Part[]).includes("images");
}

/**
 * What `target` uses, each once.
 *
 * @param embedded true for the embedded cluster, false for a cluster that CONTEXT names.
 */
export function needsOf(target: Target, embedded: boolean, images: ImageFacts): Needs {
    const requirements = targets[target][embedded ? "embedded" : "own"].map((part): Requirements =>
        part === "images" ? imageRequirements(images) : parts[part],
    );
    return {
        tools: [...new Set(requirements.flatMap(({ tools }) => tools))],
        // flock keeps two runs apart.
        programs: [...new Set(["flock" as const, ...requirements.flatMap(({ programs }) => programs)])],
        root: requirements.flatMap(({ root }) => root ?? []),
    };
}
