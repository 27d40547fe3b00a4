import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import { projectDirectory } from "../support/commands";
import { commandsIn, shellCommands, pages, textOf } from "../support/documented";

/** Commands that no test can run, and why. */
const NOT_RUN: readonly { readonly page: string; readonly command: string; readonly reason: string }[] = [
    ...["make down STACK=prod CONTEXT=<old> FORGET=yes", "make up STACK=prod CONTEXT=<new> CONFIRM=prod"].map(
        (command) => ({ page: "docs/production.md", command, reason: "needs two clusters" }),
    ),
    {
        page: "docs/production.md",
        command: "make restore STACK=prod CONTEXT=<new> SNAPSHOT=latest",
        reason: "needs two clusters; backup.test.ts restores in one",
    },
    {
        page: "docs/pulumi.md",
        command: "npm ci --ignore-scripts",
        reason: "replaces what the tests run with; every clone in CI begins with it",
    },
    {
        page: "services/requirements/README.md",
        command: "make requirements",
        reason: "asks a package index for files of today",
    },
    ...[
        "make up STACK=prod ALLOW_DATA_LOSS=postgres",
        "kubectl -n flts delete statefulset postgres",
        "kubectl -n flts delete pvc data-postgres-0",
        "pulumi config rm --stack prod flts:postgres.version",
        "make refresh STACK=prod && make up STACK=prod",
        "make restore STACK=prod SNAPSHOT=latest",
    ].map((command) => ({
        page: "docs/upgrades.md",
        command,
        reason: "needs a stack with PostgreSQL 15; backup.test.ts restores a database, postgresUpgrade.test.ts one of 15",
    })),
    {
        page: "docs/clusters.md",
        command: "make up CONTEXT=my-cluster PULUMI_BACKEND_URL=s3://my-bucket",
        reason: "needs a bucket for the state; foreign.test.ts deploys by plain Pulumi to a context of another name",
    },
    {
        page: "docs/scale.md",
        command: 'make bench SERIES="1 10 100"',
        reason: "takes some minutes of a core; the page has its results",
    },
    {
        page: "tests/upgrade/README.md",
        command: "npx ts-node --transpile-only tests/upgrade/record.ts 0.2.0",
        reason: "records the program of a release, at its commit",
    },
    { page: "docs/upgrades.md", command: "git pull", reason: "changes the checkout that is tested" },
    {
        page: "docs/upgrades.md",
        command: "git checkout <commit that was deployed>",
        reason: "changes the checkout that is tested",
    },
    {
        page: "docs/growth.md",
        command:
            "aws s3 cp s3://inference-logs/default/series/PobleSec/20260131-0a1b2c3d4e5f.jsonl.gz - | zcat | head",
        reason: "needs the AWS CLI, which is not a tool of this project",
    },
];

/** More than so many exceptions are a habit. */
const MOST_NOT_RUN = 18;

/** Pages that show commands with their output, in `console` blocks, and the test that runs all of these. */
const TRANSCRIPTS: Readonly<Record<string, string>> = {
    "docs/tutorial.md": "tests/cluster/tutorial.test.ts",
};

/** Functions of tests/support/documented.ts that run one command. */
const RUNNERS: readonly string[] = ["runDocumented", "duringDocumented"];

/** What begins a line that is a command. */
const PROGRAMS = /^(?:\$ )?(?:make|pulumi|kubectl|helm|git|curl|npm|npx|aws|mc|docker|pip|python3?|for) /m;

interface Call {
    readonly name: string;
    readonly page: string;
    readonly command: string | undefined;
    readonly file: string;
}

/** Every call of the functions in tests/support/documented.ts with literals as arguments, in all tests. */
function calls(): Call[] {
    const folder = join(projectDirectory, "tests");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
        (file) => file.endsWith(".ts") && !file.startsWith("unit/") && file !== "support/documented.ts",
    );
    return files.flatMap((file) => {
        const text = readFileSync(join(folder, file), "utf8");
        const found: Call[] = [];
        const visit = (node: ts.Node): void => {
            if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
                const [page, command] = node.arguments;
                if (page !== undefined && ts.isStringLiteralLike(page)) {
                    const text = command && ts.isStringLiteralLike(command) ? command.text : undefined;
                    found.push({ name: node.expression.text, page: page.text, command: text, file });
                }
            }
            ts.forEachChild(node, visit);
        };
        visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
        return found.filter(({ name }) => RUNNERS.includes(name) || name === "shellCommands");
    });
}

describe("every command of a page", () => {
    const found = calls();
    /** Where a command is run: by name, or with all of its page. */
    const runBy = (page: string, command: string): string[] =>
        found
            .filter((call) => call.page === page)
            .filter((call) => call.name === "shellCommands" || call.command === command)
            .map(({ file }) => file);

    for (const page of pages()) {
        const commands = shellCommands(page);
        if (commands.length > 0) {
            it(`${page}: every command is run by a test, or has a reason why none can`, () => {
                const excused = NOT_RUN.filter((each) => each.page === page).map(({ command }) => command);
                const missing = commands.filter(
                    (command) => runBy(page, command).length === 0 && !excused.includes(command),
                );
                assert.deepEqual(missing, []);
            });
        }
    }

    it("every command is in a block marked as sh, where this test finds it", () => {
        const unmarked = pages().filter((page) =>
            [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].some(
                ([, language, block = ""]) =>
                    language !== "sh" && language !== "console" && PROGRAMS.test(block),
            ),
        );
        assert.deepEqual(unmarked, []);
    });

    it("a command with its output is on a page that a test runs completely", () => {
        const shown = pages().filter((page) => /^```console$/m.test(textOf(page)));
        assert.deepEqual(shown, Object.keys(TRANSCRIPTS));
        for (const [page, test] of Object.entries(TRANSCRIPTS)) {
            const text = textOf(test);
            assert.ok(text.includes(`"${page.split("/").pop() ?? ""}"`), test);
            assert.match(text, /documentedCommands\(page\)/, test);
        }
    });

    it("the commands that no test runs are few, still on their page, and run by none", () => {
        assert.ok(NOT_RUN.length <= MOST_NOT_RUN);
        for (const { page, command, reason } of NOT_RUN) {
            assert.ok(shellCommands(page).includes(command), `${page} has no command ${command}`);
            assert.deepEqual(runBy(page, command), [], command);
            assert.ok(reason.length > 10);
        }
    });

    it("a command that a test runs is on its page", () => {
        const gone = found.filter(
            ({ name, page, command }) =>
                RUNNERS.includes(name) && (command === undefined || !shellCommands(page).includes(command)),
        );
        assert.deepEqual(gone, []);
    });

    it("commands are read with their continuation and without their comment", () => {
        const text =
            "```sh\nmake up   # all\n\n# only a comment\nkubectl get x |\n  jq '.a |\n    .b'\nfor a in b; do\n  c\ndone\n```\n";
        assert.deepEqual(commandsIn(text), [
            "make up",
            "kubectl get x |\n  jq '.a |\n    .b'",
            "for a in b; do\n  c\ndone",
        ]);
    });

    it("commands name targets of make that exist", () => {
        const targets = new Set(
            [...readFileSync(join(projectDirectory, "Makefile"), "utf8").matchAll(/^([a-z-]+):/gm)].map(
                ([, target]) => target,
            ),
        );
        const unknown = pages()
            .filter((page) => page !== "CHANGELOG.md")
            .flatMap((page) =>
                [...textOf(page).matchAll(/`make ([a-z-]+)/g)]
                    .filter(([, target]) => !targets.has(target))
                    .map(([text]) => `${page}: ${text}`),
            );
        assert.deepEqual(unknown, []);
    });
});
