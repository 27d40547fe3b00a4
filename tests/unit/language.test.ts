import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { projectDirectory } from "../support/commands";

/** Words that pages, comments, titles and messages do without, and what Kubernetes' documentation says instead. */
const WORDS: readonly { readonly word: RegExp; readonly instead: string }[] = [
    { word: /\b(?:tells?|told|telling)\b(?!\()/i, instead: "report, say, show, distinguish" },
    { word: /\bfigures\b/i, instead: "metrics, numbers" },
    { word: /\bmend(?:s|ed|ing)?\b/i, instead: "fix" },
    { word: /\b(?:is|are|was|were|be|stays?) away\b/i, instead: "unavailable, offline" },
    { word: /\bsomebody else\b/i, instead: "external, another owner" },
    { word: /\b(?:go(?:es)?|going|went) on\b/i, instead: "continue" },
    { word: /\banew\b/i, instead: "again" },
    { word: /\b(?:model|object|settings|status|password) of before\b/i, instead: "previous" },
    { word: /\b(?:in|out of) reach\b(?!\.\w)/i, instead: "reachable, unreachable" },
    { word: /\bmerely\b/i, instead: "only" },
    { word: /\bof one's own\b/i, instead: "your own" },
    {
        word: /ObjectStoreContent|PostgresContent|DoomedStack|JudgedRun|StepsRun/i,
        instead: "ObjectStoreResources, PostgresResources, DestroyableStack, LoadTestJob, JobWithSteps",
    },
    // Names that 0.1.0 had: the type in its states, and what the changelog says is renamed.
    { word: /(?<!flts:|make )loadtest/, instead: "load test, loadTest, load-test, load_test" },
    {
        word: /\bevaluation_(?!interval)|evaluation(?:worker|settings|waiting)|flts[./]evaluation\b/i,
        instead: "evaluator",
    },
];

/** Verbs and links without a subject, with which a title would need its heading. */
const WITHOUT_SUBJECT =
    /^ *it(?:\.\w+)?\(\s*["`](?:and|are|be|been|by|can|do|from|have|is|may|must|of|that|was|were)\b.*$/gm;

const KINDS = [".ts", ".py", ".go", ".md", ".yaml", ".json", ".sh", ".html", ".js", ""];

/** Texts of others: locked versions, and previews and states of an older version of the program. */
const OTHERS =
    /^(?:LICENSE|package-lock\.json|services\/requirements\/.*\.txt|tests\/unit\/fixtures\/.*|tests\/upgrade\/.*\.json)$/;

function sources(): string[] {
    return execFileSync("git", ["ls-files"], { cwd: projectDirectory, encoding: "utf8" })
        .split("\n")
        .filter((path) => path !== "" && KINDS.includes(extname(path)) && !OTHERS.test(path))
        .filter((path) => path !== "tests/unit/language.test.ts");
}

describe("the language of pages, comments and messages", () => {
    it("pages, comments, titles and messages are in the plain English of Kubernetes' documentation", () => {
        const findings = sources().flatMap((path) =>
            readFileSync(join(projectDirectory, path), "utf8")
                .split("\n")
                .flatMap((line, index) =>
                    WORDS.filter(({ word }) => word.test(line)).map(
                        ({ instead }) => `${path}:${index + 1}: ${line.trim()} (say: ${instead})`,
                    ),
                ),
        );
        assert.deepEqual(findings, []);
    });

    it("gives each title of a test its subject, since a failure is reported without the heading", () => {
        const findings = sources()
            .filter((path) => path.endsWith(".test.ts"))
            .flatMap((path) =>
                [...readFileSync(join(projectDirectory, path), "utf8").matchAll(WITHOUT_SUBJECT)].map(
                    ([title]) => `${path}: ${title.trim()}`,
                ),
            );
        assert.deepEqual(findings, []);
    });
});
