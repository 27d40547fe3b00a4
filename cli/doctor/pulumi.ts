import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportedState, StoredResource } from "./state";
import { withoutResource } from "./state";

/**
 * Runs a pulumi command on the stack and gives what it printed; fails with its messages.
 *
 * The Automation API cannot import single resources, so everything here uses the command line.
 */
export type Pulumi = (...parameters: readonly string[]) => Promise<string>;

/** A resource that the program declares and the state lacks, or that leaves the state in the next update. */
export interface PlannedResource {
    readonly op: string;
    readonly resource: StoredResource;
}

/** The parts of `pulumi preview --json` that are read. */
interface PreviewDigest {
    readonly steps?: readonly {
        readonly op: string;
        readonly newState?: StoredResource;
        readonly oldState?: StoredResource;
    }[];
}

/** The state, secrets in clear. It never leaves this process. */
export async function readState(pulumi: Pulumi): Promise<readonly StoredResource[]> {
    const text = await pulumi("stack", "export", "--show-secrets");
    return (JSON.parse(text) as ExportedState).deployment.resources ?? [];
}

/** What the next update creates and deletes. */
export async function readPlan(pulumi: Pulumi): Promise<readonly PlannedResource[]> {
    const { steps = [] } = JSON.parse(await pulumi("preview", "--json")) as PreviewDigest;
    return steps.flatMap(({ op, newState, oldState }) => {
        const resource = op === "delete" ? oldState : newState;
        return resource !== undefined && (op === "create" || op === "delete") ? [{ op, resource }] : [];
    });
}

/** Takes a resource out of the state and leaves everything else, servers included, as it is. */
export async function forget(pulumi: Pulumi, urn: string): Promise<void> {
    // Secrets stay encrypted on their way through the file.
    const state = JSON.parse(await pulumi("stack", "export")) as ExportedState;
    const directory = mkdtempSync(join(tmpdir(), "flts-doctor-"));
    try {
        const path = join(directory, "state.json");
        writeFileSync(path, JSON.stringify(withoutResource(state, urn)), { mode: 0o600 });
        await pulumi("stack", "import", "--file", path);
    } finally {
        rmSync(directory, { recursive: true });
    }
}

/** Puts what exists in a server into the state. The server must be reachable as the stack's provider reaches it. */
export async function adopt(
    pulumi: Pulumi,
    { type, urn, parent, provider }: StoredResource,
    id: string,
): Promise<void> {
    await pulumi(
        "import",
        type,
        urn.split("::").pop() ?? "",
        id,
        ...(parent === undefined ? [] : ["--parent", `parent=${parent}`]),
        // A reference to a provider ends with its id, which the option does not take.
        ...(provider === undefined ? [] : ["--provider", `provider=${provider.replace(/::[^:]*$/, "")}`]),
        "--protect=false",
        "--generate-code=false",
        "--skip-preview",
        "--yes",
    );
}

/** Runs the program for some resources alone. */
export async function update(pulumi: Pulumi, urns: readonly string[]): Promise<void> {
    await pulumi("up", "--yes", "--skip-preview", ...urns.flatMap((urn) => ["--target", urn]));
}
