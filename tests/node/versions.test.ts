import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory, run } from "../support/commands";

/** The release to choose, and one of each older line that `engines` in package.json admits: npm packages of its binary. */
const releases = [
    "20.20.2",
    "22.23.3",
    readFileSync(join(projectDirectory, ".node-version"), "utf8").trim(),
] as const;

/** What a deployment runs: the settings, and all resources that the program declares, under Pulumi's mocks. */
const tests = ["tests/unit/settings.test.ts", "tests/component/program.test.ts"] as const;

const mocha = join(projectDirectory, "node_modules", "mocha", "bin", "mocha.js");

describe("Node.js releases", function () {
    this.timeout(5 * 60_000);

    for (const release of releases) {
        it(`Node.js ${release} runs the program`, async () => {
            const node = ["exec", "--yes", `--package=node-linux-${process.arch}@${release}`, "--", "node"];
            const version = await run("npm", [...node, "--version"]);
            assert.equal(version.output.trim(), `v${release}`, version.everything);
            const { code, everything } = await run("npm", [...node, mocha, "--reporter=dot", ...tests]);
            assert.equal(code, 0, everything);
            assert.match(everything, /^ +\d{2,} passing/m);
        });
    }
});
