import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedComponents, published, supportEnds, type Pinned } from "../../toolchain/support/pinned";
import { endings, supportPage } from "../../toolchain/support/report";
import { projectDirectory } from "../support/commands";

const component = (name: string, ends: string | undefined): Pinned => ({
    kind: "image",
    name,
    version: "1.0",
    source: "images/images.json",
    supportEnds: ends,
});

interface Renovate {
    readonly enabledManagers: readonly string[];
    readonly customManagers: readonly {
        readonly managerFilePatterns: readonly string[];
        readonly matchStrings: readonly string[];
    }[];
}

describe("support of pinned components", () => {
    it("docs/support.md lists what is pinned now; otherwise run `npm run settings`", () => {
        const page = readFileSync(join(projectDirectory, "docs", "support.md"), "utf8");
        assert.equal(page, supportPage(pinnedComponents(), published));
    });

    it("the page names every kind of component, each with its version and the file that pins it", () => {
        const components = pinnedComponents();
        assert.deepEqual(
            [...new Set(components.map(({ kind }) => kind))],
            ["platform", "Go program", "image", "chart", "npm", "Python", "action"],
        );
        for (const { name, version, source } of components) {
            assert.match(version, /^\S+$/, name);
            const file = join(projectDirectory, source);
            assert.ok(readFileSync(file).length > 0, source);
        }
        // Named with an extra, as mlflow[auth].
        assert.ok(components.some(({ kind, name }) => kind === "Python" && name === "mlflow"));
    });

    it("a release line without a recorded end of support is an error that names the line", () => {
        assert.equal(supportEnds("Kubernetes", "1.36.2"), "2027-06-28");
        assert.throws(() => supportEnds("Kubernetes", "1.3"), /no end of support of Kubernetes 1\.3/);
        assert.throws(() => supportEnds("Unknown", "1"), /no end of support of Unknown 1/);
    });

    it("components past their support and near its end are listed, the earliest first", () => {
        const today = new Date("2026-11-25T12:00:00Z");
        const found = endings(
            [
                component("near", "2027-04-30"),
                component("past", "2026-10-27"),
                component("far", "2029-01-01"),
                component("unpublished", undefined),
            ],
            today,
        );
        assert.deepEqual(
            found.map(({ component: { name }, days }) => [name, days]),
            [
                ["past", -29],
                ["near", 156],
            ],
        );
    });

    it("Renovate finds each image and the Pulumi release where they are pinned", () => {
        const renovate = JSON.parse(
            readFileSync(join(projectDirectory, "renovate.json"), "utf8"),
        ) as Renovate;
        const found = renovate.customManagers.map(({ managerFilePatterns, matchStrings }) => {
            const file = (managerFilePatterns[0] ?? "").replace(/^\/\^|\$\/$|\\/g, "");
            const text = readFileSync(join(projectDirectory, file), "utf8");
            return matchStrings.flatMap((pattern) => [...text.matchAll(new RegExp(pattern, "g"))]).length;
        });
        const upstream = readFileSync(join(projectDirectory, "images", "images.json"), "utf8").split(
            '"upstream"',
        );
        assert.deepEqual(found, [upstream.length - 1, 1]);
        assert.ok(renovate.enabledManagers.includes("custom.regex"));
    });
});
