export interface BuildRequest {
    readonly containerfile: string;
    /** Folder that the Containerfile's COPY and mounts see. */
    readonly context: string;
    /** Reference of the result in the engine's own storage. */
    readonly reference: string;
    /** Values of the Containerfile's arguments. */
    readonly arguments: Readonly<Record<string, string>>;
    /** True to run every step again, whatever is cached. */
    readonly fresh?: boolean;
    readonly log: string;
    readonly onLine?: (line: string) => void;
}

/** A program that builds images from Containerfiles. */
export interface Engine {
    readonly name: "docker" | "podman" | "buildah";
    build(request: BuildRequest): Promise<void>;
    has(reference: string): Promise<boolean>;
    /**
     * Unpacks the image into `directory` as a docker-archive, the one format that all three write. Layers whose digest (in
     * hexadecimal) is among `known` may be left out.
     */
    unpack(reference: string, directory: string, known: readonly string[], log: string): Promise<void>;
    /** Runs a shell command in a throw-away container and returns its standard output. */
    shell(reference: string, script: string, log: string): Promise<string>;
    /** References in the engine's storage that start with `prefix`. */
    references(prefix: string): Promise<string[]>;
    remove(references: readonly string[], log: string): Promise<void>;
    /** True if the official image `reference` can be pulled from here. */
    canPull(reference: string): Promise<boolean>;
    /** Clears what an interrupted build left. */
    recover(log: string): Promise<void>;
}
