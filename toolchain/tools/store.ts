import { createHash } from "node:crypto";
import {
    copyFileSync,
    createReadStream,
    existsSync,
    linkSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
    chmodSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";

import type { CachedToolName } from "./pins";

/** Where a tool came from. */
export type Source = "path" | "download" | "build";

/** A tool that stands. */
export interface StoredTool {
    /** What the tool was made of (`toolHash`): it is taken over by another folder of tools that needs the same. */
    readonly hash: string;
    readonly source: Source;
    readonly version: string;
    /** Relative to the folder of tools, or absolute for a tool of the machine. */
    readonly path: string;
    readonly bytes: number;
    /** Modification time in milliseconds; with the size, a check that costs nothing. */
    readonly modified: number;
    readonly sha256: string;
}

type Manifest = Partial<Record<CachedToolName, StoredTool>>;

/** sha256 of a file as 64 hexadecimal digits. */
export async function fileHash(path: string, algorithm = "sha256"): Promise<string> {
    const hash = createHash(algorithm);
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
}

/**
 * The folder of tools of one set of pins. A tool is there only once its file is complete and the manifest names it; each
 * of the two appears by a rename, so an interruption at any point leaves either the tool or nothing.
 */
export class ToolStore {
    /** @param parent the folder that holds one folder for each set of pins. @param key the hash of the pins. */
    constructor(
        readonly parent: string,
        readonly key: string,
    ) {}

    get directory(): string {
        return join(this.parent, this.key);
    }

    /** For unfinished work; on the same file system as the tools, so that a rename publishes it. */
    get staging(): string {
        return join(this.parent, ".staging");
    }

    /** The tool named `name`, or undefined if it is missing, changed on disk, or made of something else than `hash`. */
    find(name: CachedToolName, hash?: string): StoredTool | undefined {
        const tool = readManifest(this.directory)[name];
        if (tool === undefined || (hash !== undefined && tool.hash !== hash)) {
            return undefined;
        }
        const status = statSync(this.absolute(tool), { throwIfNoEntry: false });
        return status?.size === tool.bytes && status.mtimeMs === tool.modified ? tool : undefined;
    }

    absolute(tool: StoredTool): string {
        return isAbsolute(tool.path) ? tool.path : join(this.directory, tool.path);
    }

    /** True if the file's content is still what was published. */
    async verify(tool: StoredTool): Promise<boolean> {
        return (await fileHash(this.absolute(tool))) === tool.sha256;
    }

    /** Moves the finished file `staged` to `path` in the folder of tools and enters it in the manifest. */
    async publish(
        name: CachedToolName,
        staged: string,
        path: string,
        facts: Pick<StoredTool, "hash" | "source" | "version">,
    ): Promise<StoredTool> {
        const target = join(this.directory, path);
        chmodSync(staged, 0o755);
        const sha256 = await fileHash(staged);
        mkdirSync(dirname(target), { recursive: true });
        renameSync(staged, target);
        return this.#enter(name, { ...facts, path, sha256, ...fileFacts(target) });
    }

    /** Enters a tool that stays where it is, outside the folder of tools or already inside it. */
    async register(
        name: CachedToolName,
        path: string,
        facts: Pick<StoredTool, "hash" | "source" | "version">,
    ): Promise<StoredTool> {
        const absolute = isAbsolute(path) ? path : join(this.directory, path);
        const sha256 = await fileHash(absolute);
        return this.#enter(name, { ...facts, path, sha256, ...fileFacts(absolute) });
    }

    /**
     * Takes a tool made of the same `hash` over from the folder of other pins, after checking its content: a changed pin
     * costs only what depends on it.
     */
    async adopt(name: CachedToolName, hash: string): Promise<StoredTool | undefined> {
        for (const other of otherKeys(this.parent, this.key)) {
            const store = new ToolStore(this.parent, other);
            const tool = store.find(name, hash);
            if (tool === undefined || isAbsolute(tool.path) || !(await store.verify(tool))) {
                continue;
            }
            mkdirSync(this.staging, { recursive: true });
            const staged = join(this.staging, `adopted-${name}`);
            rmSync(staged, { force: true });
            try {
                linkSync(store.absolute(tool), staged);
            } catch {
                // A file system without hard links.
                copyFileSync(store.absolute(tool), staged);
            }
            return this.publish(name, staged, tool.path, tool);
        }
        return undefined;
    }

    /** Removes what an interrupted run left. Only for the holder of the lock. */
    clearStaging(): void {
        rmSync(this.staging, { recursive: true, force: true });
        mkdirSync(this.staging, { recursive: true });
    }

    #enter(name: CachedToolName, tool: StoredTool): StoredTool {
        const path = join(this.directory, "manifest.json");
        const manifest: Manifest = { ...readManifest(this.directory), [name]: tool };
        mkdirSync(this.directory, { recursive: true });
        writeFileSync(`${path}.new`, `${JSON.stringify(manifest, null, 4)}\n`);
        renameSync(`${path}.new`, path);
        return tool;
    }
}

function fileFacts(path: string): Pick<StoredTool, "bytes" | "modified"> {
    const status = statSync(path);
    return { bytes: status.size, modified: status.mtimeMs };
}

function readManifest(directory: string): Manifest {
    const path = join(directory, "manifest.json");
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : {};
}

/** Folders of other pins, the newest first. */
function otherKeys(parent: string, key: string): string[] {
    if (!existsSync(parent)) {
        return [];
    }
    return readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== key && !entry.name.startsWith("."))
        .map((entry) => ({ name: entry.name, time: statSync(join(parent, entry.name)).mtimeMs }))
        .sort((a, b) => b.time - a.time)
        .map((entry) => entry.name);
}
