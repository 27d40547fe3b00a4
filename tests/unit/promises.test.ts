import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chooseSuites } from "../suites";
import { projectDirectory } from "../support/commands";

/** A row of docs/promises.md above "Not yet kept". */
interface Promise {
    readonly promise: string;
    readonly tests: readonly { readonly file: string; readonly title: string }[];
    readonly suites: readonly string[];
}

const page = readFileSync(join(projectDirectory, "docs", "promises.md"), "utf8");
const [kept = "", notKept = ""] = page.split("\n# Not yet kept\n");

/** Cells of the rows of every table in `text`, without headings and rules. */
function rows(text: string): string[][] {
    return [...text.matchAll(/^\| (.*) \|$/gm)]
        .map(([, row]) => (row ?? "").split(/ +\| +/).map((cell) => cell.trim()))
        .filter(([first = ""]) => first !== "promise" && !/^-+$/.test(first));
}

const promises: Promise[] = rows(kept).map(([promise = "", , tests = "", suites = ""]) => ({
    promise,
    tests: tests.split("<br>").map((entry) => {
        const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(entry) ?? [];
        return { file, title };
    }),
    suites: suites.split(", "),
}));

/** True when a test file declares a test of this title: a pytest function, or a text given to `it`. */
function declares(file: string, title: string): boolean {
    const source = readFileSync(join(projectDirectory, file), "utf8");
    return source.includes(file.endsWith(".py") ? `def ${title}(` : `it(${JSON.stringify(title)},`);
}

describe("docs/promises.md", () => {
    it("has rows for every part of the chart's README", () => {
        assert.deepEqual(
            [...kept.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
            [
                "Overview",
                "Values",
                "Components",
                "Scaling",
                "Troubleshooting",
                "Upgrading and uninstalling",
                "Production checklist",
                "Development tips",
                "Architecture decisions",
            ],
        );
        assert.ok(promises.length > 40, String(promises.length));
    });

    for (const { promise, tests, suites } of promises) {
        it(`names a test that is there: ${promise}`, () => {
            for (const { file, title } of tests) {
                assert.ok(file !== "" && title !== "", "the row names no test");
                assert.ok(existsSync(join(projectDirectory, file)), `there is no ${file}`);
                assert.ok(declares(file, title), `${file} has no test "${title}"`);
            }
            const folders = tests.map(({ file }) => (file.startsWith("services/") ? "services/" : file));
            for (const suite of chooseSuites(suites)) {
                assert.ok(
                    folders.some((file) => suite.command.includes(file.split("/").slice(0, 2).join("/"))),
                    `suite ${suite.name} runs none of them`,
                );
            }
        });
    }

    it("lists a promise once, and says what is missing where it is not kept", () => {
        const open = rows(notKept);
        assert.ok(open.every(([promise, missing]) => promise && missing));
        const all = [...promises.map(({ promise }) => promise), ...open.map(([promise]) => promise)];
        assert.equal(new Set(all).size, all.length);
    });
});
