import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { parse } from "yaml";
import { COMMENT_MARKER } from "../../cli/preview/comment";

const directory = join(__dirname, "..", "..", ".github", "workflows");

interface Workflow {
    readonly permissions: Readonly<Record<string, string>>;
    readonly jobs: Readonly<
        Record<
            string,
            {
                readonly permissions?: Readonly<Record<string, string>>;
                readonly container?: { readonly image: string };
                readonly steps: readonly {
                    readonly uses?: string;
                    readonly with?: Readonly<Record<string, unknown>>;
                }[];
            }
        >
    >;
}

const workflows = readdirSync(directory).map((name) => {
    const text = readFileSync(join(directory, name), "utf8");
    return { name, text, content: parse(text) as Workflow };
});

describe("GitHub workflows", () => {
    it("workflows match GitHub's schema", () => {
        assert.deepEqual(workflows.map(({ name }) => name).sort(), ["preview.yml", "test.yml"]);
        for (const { name, text } of workflows) {
            assert.deepEqual(validateWorkflow(text).errors, [], name);
        }
        assert.notDeepEqual(validateWorkflow("on: push\njobs: {a: {steps: 1}}").errors, []);
    });

    it("workflows use each action by its commit, with the version in a comment", () => {
        for (const { name, text } of workflows) {
            const uses = text.split("\n").filter((line) => line.includes("uses:"));
            assert.ok(uses.length > 0, name);
            for (const line of uses) {
                assert.match(line, /uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
            }
        }
    });

    it("workflows run on the Node.js release of .node-version", () => {
        const release = readFileSync(join(directory, "..", "..", ".node-version"), "utf8").trim();
        for (const { name, content } of workflows) {
            const jobs = Object.values(content.jobs);
            for (const step of jobs.flatMap(({ steps }) => steps)) {
                if (step.uses?.startsWith("actions/setup-node@") === true) {
                    assert.equal(step.with?.["node-version-file"], ".node-version", name);
                }
            }
            for (const { image } of jobs.flatMap(({ container }) => container ?? [])) {
                assert.match(image, new RegExp(`^node:${release}-`), name);
            }
        }
    });

    it("workflows may write only the comment, in the job without credentials", () => {
        for (const { name, content } of workflows) {
            assert.deepEqual(content.permissions, { contents: "read" }, name);
            const writing = Object.entries(content.jobs).filter(([, { permissions }]) => permissions);
            assert.deepEqual(
                writing.map(([job, { permissions }]) => [job, permissions]),
                name === "preview.yml" ? [["comment", { contents: "read", "pull-requests": "write" }]] : [],
            );
            assert.doesNotMatch(JSON.stringify(content.jobs.comment ?? {}), /secrets\./);
            assert.doesNotMatch(text(name), /pull_request_target/);
        }
    });

    it("workflows look for the comment by the marker with which it is made", () => {
        assert.ok(text("preview.yml").includes(`startswith("${COMMENT_MARKER}")`));
    });
});

function text(name: string): string {
    return workflows.find((workflow) => workflow.name === name)?.text ?? "";
}
