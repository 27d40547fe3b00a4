import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createConsole, fail, runMain } from "../../toolchain/console/index";
import { readPreview, type Preview } from "./changes";
import { comment } from "./comment";
import { failedDigest, parseDigest } from "./digest";

/**
 * `main.ts <folder> <stack>...`: the comment on the previews that `<folder>/<stack>.json` hold, on standard output.
 *
 * A stack without a file has no preview, which the comment says: silence would read as "no changes".
 */
void runMain(createConsole(), () => {
    const [folder, ...stacks] = process.argv.slice(2);
    if (folder === undefined || stacks.length === 0) {
        fail("usage: main.ts <folder> <stack>...");
    }
    process.stdout.write(comment(stacks.map((stack) => previewIn(folder, stack))));
    return Promise.resolve();
});

function previewIn(folder: string, stack: string): Preview {
    const path = join(folder, `${stack}.json`);
    const digest = existsSync(path)
        ? parseDigest(readFileSync(path, "utf8"), path)
        : failedDigest("No preview was made; the job's log says why.");
    return readPreview(stack, digest);
}
