import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectDirectory, run, type Outcome } from "./commands";

/**
 * Runs tests in a process of mocha's own, without the settings of this project.
 *
 * @param test content of the test file, in JavaScript.
 * @param hooks content of a file that is loaded before it, and may load TypeScript.
 */
export async function runMocha(test: string, hooks = ""): Promise<Outcome> {
    const directory = mkdtempSync(join(tmpdir(), "flts-mocha-"));
    try {
        const testFile = join(directory, "one.test.js");
        const hooksFile = join(directory, "hooks.js");
        writeFileSync(testFile, test);
        writeFileSync(hooksFile, hooks);
        return await run(join(projectDirectory, "node_modules/.bin/mocha"), [
            "--no-config",
            ...["--require", "ts-node/register/transpile-only"],
            ...["--require", hooksFile],
            testFile,
        ]);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}
