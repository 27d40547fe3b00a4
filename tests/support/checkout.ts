import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectDirectory, succeed } from "./commands";

/**
 * A copy of this checkout as it is now, changes included: commands that write into the project do not disturb the suites that
 * run beside. Returns its folder, which the caller removes.
 */
export async function copyCheckout(): Promise<string> {
    const listed = await succeed("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    const folder = mkdtempSync(join(tmpdir(), "flts-checkout-"));
    for (const path of listed
        .split("\0")
        .filter((name) => name !== "" && existsSync(join(projectDirectory, name)))) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        cpSync(join(projectDirectory, path), join(folder, path));
    }
    // `make` must not take the packages for older than their list: it would install them again, in the checkout that they are of.
    utimesSync(join(folder, "package-lock.json"), 0, 0);
    symlinkSync(join(projectDirectory, "node_modules"), join(folder, "node_modules"));
    return folder;
}
