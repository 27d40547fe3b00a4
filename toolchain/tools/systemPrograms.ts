/** A program of the machine that a Debian package brings where it is missing. */
export interface SystemProgram {
    readonly debianPackage: string;
    readonly purpose: string;
    /** Folders looked at after PATH. */
    readonly directories?: readonly string[];
    /** For what is a folder of programs: one that must be in it. */
    readonly contains?: string;
}

const administration = ["/usr/sbin", "/sbin"];

/**
 * Debian keeps one version of a package a release (here 12, bookworm) and withdraws superseded ones, so that a pin to an
 * exact version would break with the next security update: what is pinned is the release.
 */
export const systemPrograms = {
    containerd: { debianPackage: "containerd", purpose: "embedded cluster: container runtime" },
    ctr: { debianPackage: "containerd", purpose: "embedded cluster: loads images" },
    "containerd-shim-runc-v2": { debianPackage: "containerd", purpose: "embedded cluster: one per pod" },
    runc: {
        debianPackage: "runc",
        purpose: "embedded cluster: starts containers",
        directories: administration,
    },
    "cni-plugins": {
        debianPackage: "containernetworking-plugins",
        purpose: "embedded cluster: pod network (a folder of plugins)",
        directories: ["/usr/lib/cni", "/opt/cni/bin"],
        contains: "ptp",
    },
    iptables: {
        debianPackage: "iptables",
        purpose: "embedded cluster: Services and network policies",
        directories: administration,
    },
    conntrack: {
        debianPackage: "conntrack",
        purpose: "embedded cluster: kube-proxy drops stale UDP entries",
        directories: administration,
    },
    skopeo: { debianPackage: "skopeo", purpose: "pushes images to a registry" },
    buildah: { debianPackage: "buildah", purpose: "builds images without Docker" },
    debootstrap: {
        debianPackage: "debootstrap",
        purpose: "base image where none can be pulled",
        directories: administration,
    },
    "postgresql-15": {
        debianPackage: "postgresql-15",
        purpose: "tests of the change to a newer PostgreSQL (a folder of programs)",
        directories: ["/usr/lib/postgresql/15/bin"],
        contains: "initdb",
    },
    chromium: { debianPackage: "chromium", purpose: "tests of the pages in a browser" },
    java: { debianPackage: "openjdk-17-jre-headless", purpose: "runs Maven" },
    mvn: { debianPackage: "maven", purpose: "gets Kafka's jars for its image" },
    flock: { debianPackage: "util-linux", purpose: "keeps two builds apart" },
} as const satisfies Record<string, SystemProgram>;

export type SystemProgramName = keyof typeof systemPrograms;
