import { createHash } from "node:crypto";
import { ExecaError } from "execa";
import { run } from "./commands";
import { clusterLayout, type Layout } from "./layout";
import { systemTool } from "./tools";

/** An image that the cluster's containers can be started from. */
export interface LoadedImage {
    /** Full reference, with registry and tag. */
    readonly reference: string;
    readonly digest: string;
    readonly labels: Readonly<Record<string, string>>;
}

/** Called before each archive: how many are done, and which comes next. */
export type LoadReport = (done: number, total: number, archive: string) => void;

/** Label by which an image says of which archive it was loaded. */
const archiveLabel = "flts.dev/archive";

async function control(layout: Layout, ...commandArguments: string[]): Promise<string> {
    return await run(systemTool("ctr"), [
        ...["--address", layout.containerdSocket, "--namespace", "k8s.io"],
        ...commandArguments,
    ]);
}

/**
 * Images in the output of `ctr images list` (containerd 1.x): reference, type, digest, size, platforms, labels. The
 * nameless entry by digest that the CRI plugin adds for each image is left out.
 */
export function parseImages(text: string): LoadedImage[] {
    return text.split("\n").flatMap((line) => {
        const match = /^(\S+)\s+\S+\s+(sha256:[0-9a-f]{64})\s.*\s(\S+)\s*$/.exec(line);
        if (match === null) {
            return [];
        }
        const [, reference = "", digest = "", labels = ""] = match;
        if (reference.startsWith("sha256:")) {
            return [];
        }
        const pairs = labels.split(",").map((pair) => pair.split("="));
        return [
            {
                reference,
                digest,
                labels: Object.fromEntries(pairs.map(([key = "", ...value]) => [key, value.join("=")])),
            },
        ];
    });
}

/** All images of the running embedded cluster. Throws if containerd does not answer. */
export async function listImages(layout: Layout = clusterLayout()): Promise<LoadedImage[]> {
    return parseImages(await control(layout, "images", "list"));
}

/**
 * The table of contents of an image archive, which names all content by digest: two archives with the same one hold
 * the same images.
 */
async function tableOfContents(archive: string): Promise<string> {
    for (const member of ["./index.json", "index.json", "manifest.json"]) {
        try {
            return await run(systemTool("tar"), ["--occurrence=1", "-xOf", archive, member]);
        } catch (error) {
            if (!(error instanceof ExecaError && error.exitCode !== undefined)) {
                throw error;
            }
        }
    }
    throw new Error(
        `${archive} is not an image archive: it has neither index.json (OCI) nor manifest.json (Docker)`,
    );
}

/**
 * Loads OCI or Docker image archives into the running embedded cluster, those left out whose content is loaded already.
 * Returns the references that were loaded. Throws if an archive is unreadable or containerd does not answer.
 */
export async function loadImages(
    archives: readonly string[],
    report: LoadReport = () => undefined,
    layout: Layout = clusterLayout(),
): Promise<string[]> {
    const present = new Set((await listImages(layout)).map((image) => image.labels[archiveLabel]));
    const loaded: string[] = [];
    for (const [index, archive] of archives.entries()) {
        report(index, archives.length, archive);
        const identity = createHash("sha256")
            .update(await tableOfContents(archive))
            .digest("hex");
        if (present.has(identity)) {
            continue;
        }
        const output = await control(layout, "images", "import", archive);
        const references = [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map(
            (match) => match[1] ?? "",
        );
        for (const reference of references) {
            await control(layout, "images", "label", reference, `${archiveLabel}=${identity}`);
        }
        loaded.push(...references);
    }
    return loaded;
}
