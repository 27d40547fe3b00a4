import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { suites } from "../suites";
import { projectDirectory } from "./commands";

/** One promise of tests/promises.yaml. */
export interface DeclaredPromise {
    /** Name by which tests declare that they prove it. */
    readonly id: string;
    readonly promise: string;
    /** What keeps it. */
    readonly how: string;
}

/** tests/promises.yaml. */
export interface PromiseList {
    readonly sections: readonly { readonly section: string; readonly promises: readonly DeclaredPromise[] }[];
    readonly notKept: readonly { readonly promise: string; readonly missing: string }[];
}

/** A test with the comment `Promise: <id>` above it. */
export interface Proof {
    readonly id: string;
    /** From the project's root. */
    readonly file: string;
    readonly title: string;
}

const INTRODUCTION = `# The promises of the chart

FLTS was first published as a Helm chart. Every promise of its README stands here, in our words, with the test that proves
it. \`make test\` runs them all; \`npx ts-node tests/run.ts <suite>\` runs the named suite alone. Written by \`npm run promises\`
from [tests/promises.yaml](../tests/promises.yaml) and from the tests that name a promise in a comment (\`Promise: <id>\`).
`;

/** The list of promises. */
export function promiseList(): PromiseList {
    return parse(readFileSync(join(projectDirectory, "tests", "promises.yaml"), "utf8")) as PromiseList;
}

/**
 * The proofs that a test file declares.
 *
 * @throws when a declaration has no test below it.
 */
export function proofsIn(file: string, text: string): Proof[] {
    return [...text.matchAll(/^ *(?:\/\/|#) Promise: (.+)$/gm)].flatMap((declaration) => {
        const below = text.slice(declaration.index);
        const title = file.endsWith(".py")
            ? /^ *(?:async )?def (test_\w+)\(/m.exec(below)?.[1]
            : /^ *it\(\s*("(?:[^"\\]|\\.)*")/m.exec(below)?.[1];
        if (title === undefined) {
            throw new Error(`${file}: no test follows "${declaration[0].trim()}"`);
        }
        return (declaration[1] ?? "").split(", ").map((id) => ({
            id,
            file,
            title: title.startsWith('"') ? (JSON.parse(title) as string) : title,
        }));
    });
}

/** All proofs, by file and place. */
export function declaredProofs(): Proof[] {
    return execFileSync("git", ["ls-files", "--", "tests/*.test.ts", "services/tests/*.py"], {
        cwd: projectDirectory,
        encoding: "utf8",
    })
        .split("\n")
        .filter((file) => file !== "")
        .flatMap((file) => proofsIn(file, readFileSync(join(projectDirectory, file), "utf8")));
}

/** Names of the suites that run a test file. */
export function suitesOf(file: string): string[] {
    const [top = "", folder = "", part = ""] = file.split("/");
    return top === "services"
        ? [part === "measurements" ? part : "services"]
        : suites.filter(({ command }) => command.includes(`tests/${folder}/`)).map(({ name }) => name);
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

const table = (...rows: readonly (readonly string[])[]): string =>
    rows.map((row) => `| ${row.join(" | ")} |\n`).join("");

/** docs/promises.md. */
export function promisesPage({ sections, notKept }: PromiseList, proofs: readonly Proof[]): string {
    const row = ({ id, promise, how }: DeclaredPromise): string[] => {
        const own = proofs.filter((proof) => proof.id === id);
        const names = own.flatMap(({ file }) => suitesOf(file));
        return [
            promise,
            how,
            own.map(({ file, title }) => `\`${file}\`: ${cell(title)}`).join("<br>"),
            [...new Set(names)].join(", "),
        ];
    };
    return [
        INTRODUCTION,
        ...sections.map(
            ({ section, promises }) =>
                `## ${section}\n\n` +
                table(
                    ["promise", "how it is kept", "proved by", "suite"],
                    ["---", "---", "---", "---"],
                    ...promises.map(row),
                ),
        ),
        "# Not yet kept\n\n" +
            table(
                ["promise", "what is missing"],
                ["---", "---"],
                ...notKept.map(({ promise, missing }) => [promise, missing]),
            ),
    ].join("\n");
}
