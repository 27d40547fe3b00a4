import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Folder of the Go modules (`go`, `pins`) and of this code. */
export const toolchainDirectory = resolve(__dirname, "..");

/**
 * What can be made again: tools, images, downloads, logs. FLTS_CACHE, else `flts` in the user's cache folder
 * (XDG_CACHE_HOME, else ~/.cache).
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
    const fallback = join(notEmpty(environment.XDG_CACHE_HOME) ?? join(homedir(), ".cache"), "flts");
    return resolve(notEmpty(environment.FLTS_CACHE) ?? fallback);
}

/**
 * What must last: the embedded cluster's data. FLTS_STATE, else /var/lib/flts for root and `flts` in the user's state
 * folder (XDG_STATE_HOME, else ~/.local/state) for others.
 */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
    const personal = join(notEmpty(environment.XDG_STATE_HOME) ?? join(homedir(), ".local", "state"), "flts");
    const fallback = process.getuid?.() === 0 ? "/var/lib/flts" : personal;
    return resolve(notEmpty(environment.FLTS_STATE) ?? fallback);
}

/** make exports unset variables as empty ones. */
function notEmpty(value: string | undefined): string | undefined {
    return value === undefined || value.trim() === "" ? undefined : value;
}
