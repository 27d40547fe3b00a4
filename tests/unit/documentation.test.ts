import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectDirectory } from "../support/commands";
import { pages, textOf } from "../support/documented";

/** Anchors that Markdown viewers give to the headings of a page. */
function anchors(text: string): Set<string> {
    return new Set(
        [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
            heading
                .toLowerCase()
                .replace(/[^\p{L}\p{N} _-]/gu, "")
                .replaceAll(" ", "-"),
        ),
    );
}

describe("documentation", () => {
    it("the documentation has pages", () => {
        assert.ok(pages().includes("README.md"));
    });

    for (const page of pages()) {
        it(`${page} links only to files and headings that exist`, () => {
            const text = textOf(page);
            const broken = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
                .map(([, target = ""]) => target)
                .filter((target) => {
                    const [path = "", anchor] = target.split("#");
                    const file =
                        path === ""
                            ? join(projectDirectory, page)
                            : join(projectDirectory, dirname(page), path);
                    if (!existsSync(file)) {
                        return true;
                    }
                    return anchor !== undefined && !anchors(readFileSync(file, "utf8")).has(anchor);
                });
            assert.deepEqual(broken, []);
        });
    }
});
