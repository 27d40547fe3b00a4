import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "../support/commands";
import { declaredProofs, promiseList, promisesPage, proofsIn, suitesOf } from "../support/promises";

describe("docs/promises.md", () => {
    const list = promiseList();
    const promises = list.sections.flatMap((section) => section.promises);
    const proofs = declaredProofs();

    it("the page is what `npm run promises` writes from tests/promises.yaml and the tests", () => {
        const page = readFileSync(join(projectDirectory, "docs", "promises.md"), "utf8");
        assert.equal(page, promisesPage(list, proofs), "run `npm run promises`");
    });

    it("has rows for every part of the chart's README", () => {
        assert.deepEqual(
            list.sections.map(({ section }) => section),
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

    it("has a test for each promise, and a promise for each declaration in a test", () => {
        const proved = new Set(proofs.map(({ id }) => id));
        const known = new Set(promises.map(({ id }) => id));
        assert.deepEqual(
            promises.filter(({ id }) => !proved.has(id)).map(({ id }) => id),
            [],
        );
        assert.deepEqual(
            proofs.filter(({ id }) => !known.has(id)),
            [],
        );
    });

    it("names tests that a suite runs", () => {
        assert.deepEqual(
            proofs.filter(({ file }) => suitesOf(file).length === 0),
            [],
        );
    });

    it("lists a promise once, and says what is missing where it is not kept", () => {
        assert.ok(list.notKept.every(({ promise, missing }) => promise && missing));
        assert.equal(new Set(promises.map(({ id }) => id)).size, promises.length);
        const all = [...promises, ...list.notKept].map(({ promise }) => promise);
        assert.equal(new Set(all).size, all.length);
    });

    it("takes the title from the test below a declaration, and rejects a declaration without one", () => {
        const declaration = "// Promise: ";
        assert.deepEqual(proofsIn("a.test.ts", `${declaration}a, b\n    it("is \\"so\\"", () => {});\n`), [
            { id: "a", file: "a.test.ts", title: 'is "so"' },
            { id: "b", file: "a.test.ts", title: 'is "so"' },
        ]);
        assert.deepEqual(proofsIn("test_a.py", "# Promise: a\n@mark\ndef test_so() -> None:\n"), [
            { id: "a", file: "test_a.py", title: "test_so" },
        ]);
        assert.throws(() => proofsIn("a.test.ts", `${declaration}a\n`), /no test follows/);
    });
});
