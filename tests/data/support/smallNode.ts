import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "../../support/commands";

/** The parameters by which the Makefile starts what handles data of any size. */
export function smallNode(): string[] {
    const makefile = readFileSync(join(projectDirectory, "Makefile"), "utf8");
    const [, parameters] =
        /^small_ts := node (.+)$/m.exec(makefile) ?? assert.fail("the Makefile has no small_ts");
    return (parameters ?? "").split(" ");
}
