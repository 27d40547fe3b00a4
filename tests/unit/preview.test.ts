import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createConsole } from "../../toolchain/console";
import { readPreview, type Preview } from "../../cli/preview/changes";
import { comment, COMMENT_LENGTH, COMMENT_MARKER } from "../../cli/preview/comment";
import { failedDigest, parseDigest, type Digest } from "../../cli/preview/digest";
import { counts } from "../../cli/preview/report";
import { terminalReport } from "../../cli/preview/terminal";

function recorded(name: string): Digest {
    const path = join(__dirname, "fixtures", "previews", `${name}.json`);
    return parseDigest(readFileSync(path, "utf8"), path);
}

function preview(name: string, stack = "dev"): Preview {
    return readPreview(stack, recorded(name));
}

/** What a reader sees of a comment before unfolding anything; a table's rule is not a line. */
function visible(text: string): string[] {
    const [above = ""] = text.split("<details>");
    const lines = above.split("\n").filter((line) => line !== "" && !/^(<!--|\| ---)/.test(line));
    return [...lines, "Full report"];
}

describe("a recorded preview", () => {
    it("a preview is counted as the engine counts, without components and providers", () => {
        assert.deepEqual(counts(preview("ordinary")), { create: 8, update: 7, replace: 3, delete: 0 });
        assert.deepEqual(counts(preview("unchanged")), { create: 0, update: 0, replace: 0, delete: 0 });
        const first = recorded("first");
        const real = first.steps.filter(
            ({ newState }) => newState?.custom && !newState.type.startsWith("pulumi:"),
        );
        assert.equal(counts(readPreview("dev", first)).create, real.length);
        assert.ok(real.length > 80);
    });

    it("a preview names the property that causes a replacement, by name in lists of named elements", () => {
        const job = preview("ordinary").changes.find(({ resource }) => resource === "Job preprocess");
        assert.deepEqual(job?.properties[1], {
            path: "spec.template.spec.containers[preprocess].image",
            before: "flts/preprocess:eafeb9776ec8",
            after: "flts/preprocess:0123456789ab",
            replaces: true,
        });
    });

    it("a preview reports a loss of data for what has the data-loss guard, and for nothing else", () => {
        const lost = (name: string): string[] =>
            preview(name)
                .changes.filter(({ losesData }) => losesData)
                .map(({ operation, resource }) => `${operation} ${resource}`);
        assert.deepEqual(lost("moved"), [
            "delete Namespace flts",
            "replace Release minio",
            "replace StatefulSet kafka",
            "replace StatefulSet postgres",
        ]);
        assert.deepEqual(lost("allowed"), ["replace StatefulSet kafka"]);
        assert.deepEqual(lost("ordinary"), []);
        assert.deepEqual(lost("first"), []);
    });

    it("a preview reports that what leaves only the state stays, such as the dataset of a stack of 0.1.0", () => {
        const urn = "urn:pulumi:dev::flts::flts:pipeline:Dataset$minio:index/s3Object:S3Object::PobleSec.csv";
        const oldState = { type: "minio:index/s3Object:S3Object", custom: true, retainOnDelete: true };
        const digest = parseDigest(JSON.stringify({ steps: [{ op: "delete", urn, oldState }] }), "here");
        const found = readPreview("dev", digest);
        assert.match(
            comment([found]),
            /^- dev: delete `S3Object PobleSec\.csv` from the state; the object stays$/m,
        );
        assert.match(
            terminalReport(found, createConsole(process.stdout)),
            /^delete S3Object PobleSec\.csv from the state; the object stays$/m,
        );
        assert.match(terminalReport(found, createConsole(process.stdout)), /1 changes, no data at risk/);
    });

    it("a preview shows no content of a Secret, even of one that a program forgot to mark", () => {
        const digest = recorded("allowed");
        const secrets = digest.steps.filter(({ newState }) => newState?.type.endsWith(":Secret"));
        assert.equal(secrets.length, 5);
        for (const { newState } of secrets) {
            assert.ok(newState);
            newState.inputs.stringData = { password: "in-clear" };
        }
        const text = comment([readPreview("dev", digest)]);
        assert.match(text, /`stringData` \(none → `\[secret\]`\)/);
        assert.doesNotMatch(text, /in-clear/);
    });
});

describe("the comment on a pull request", () => {
    const everything = ["first", "unchanged", "ordinary", "refused", "allowed", "moved", "mistaken"];

    it("a comment is found by its marker, which is its first line", () => {
        for (const name of everything) {
            assert.equal(comment([preview(name)]).split("\n")[0], COMMENT_MARKER);
        }
    });

    it("a comment has ten lines for two stacks, whatever was previewed", () => {
        for (const dev of everything) {
            for (const prod of everything) {
                const lines = visible(comment([preview(dev), preview(prod, "prod")]));
                assert.ok(lines.length <= 10, lines.join("\n"));
            }
        }
    });

    // Promise: upgrade-would-do-seen
    it("a comment begins with what would lose data, with the property that causes it", () => {
        const [title, , , first] = visible(comment([preview("moved")]));
        assert.equal(title, "### Preview: 4 of 13 changes lose data");
        assert.equal(first, "- dev: **loses data**: delete `Namespace flts`");
        assert.match(
            comment([preview("moved")]),
            /loses data\*\*: replace `StatefulSet kafka`: `metadata\.namespace` \(`flts` → `flts-two`\)\n/,
        );
    });

    it("a comment counts for each stack", () => {
        const text = comment([preview("ordinary"), preview("unchanged", "prod")]);
        assert.match(text, /\n\| stack \| create \| update \| replace \| delete \|\n/);
        assert.match(text, /\n\| dev \| 8 \| 7 \| 3 \| 0 \|\n\| prod \| 0 \| 0 \| 0 \| 0 \|\n/);
        assert.match(text, /### Preview: 18 changes, no data at risk/);
    });

    it("a comment says why a preview failed, and shows those of other stacks", () => {
        const text = comment([preview("refused"), preview("ordinary", "prod")]);
        assert.match(text, /### Preview: dev failed/);
        assert.match(
            visible(text).join("\n"),
            /dev \*\*failed\*\*: .*"kafka" holds data .* FLTS_ALLOW_DATA_LOSS=kafka/,
        );
        assert.match(text, /\| prod \| 8 \| 7 \| 3 \| 0 \|/);
        assert.match(comment([preview("mistaken")]), /did you mean flts:inference\?/);
    });

    it("a comment says that a stack has no preview", () => {
        const text = comment([readPreview("prod", failedDigest("No preview was made."))]);
        assert.match(text, /prod \*\*failed\*\*: `No preview was made\.`/);
    });

    it("a comment names every change in the folded report", () => {
        const { changes } = preview("ordinary");
        const [, folded = ""] = comment([preview("ordinary")]).split("<details>");
        for (const { operation, resource } of changes) {
            assert.ok(folded.includes(`- ${operation} \`${resource}\``), resource);
        }
    });

    it("a comment stays within GitHub's length, says what is left out, and closes what it opened", () => {
        const one = recorded("moved");
        const many: Digest = { ...one, steps: Array.from({ length: 60 }, () => one.steps).flat() };
        const long = failedDigest("a reason ".repeat(20_000));
        for (const digest of [many, long, { ...many, diagnostics: long.diagnostics }]) {
            const text = comment([readPreview("dev", digest), readPreview("prod", digest)]);
            assert.ok(text.length <= COMMENT_LENGTH, String(text.length));
            assert.match(text, /\n\d+ more lines are left out/);
            assert.match(text, /\n<\/details>\n$/);
        }
    });

    it("a comment keeps a value with backticks inside its code", () => {
        const text = comment([readPreview("dev", failedDigest("run `make up`"))]);
        assert.match(text, /`` run `make up` ``/);
    });
});

describe("the report in the terminal", () => {
    const plain = createConsole({ write: () => true }, {});

    it("the report in the terminal counts what is created and gives every other change a line", () => {
        const lines = terminalReport(preview("ordinary"), plain).split("\n");
        assert.deepEqual(lines.slice(0, 3), [
            "Preview: 18 changes, no data at risk",
            "stack  create  update  replace  delete",
            "dev    8       7       3        0",
        ]);
        assert.equal(lines.length, 3 + 7 + 3);
        assert.ok(
            lines.includes(
                "update Deployment inference: spec.replicas (1 → none), " +
                    "spec.template.spec.containers[inference].image (flts/inference:eafeb9776ec8 → flts/inference:0123456789ab)",
            ),
        );
    });

    it("the report in the terminal ends with the complete reason of a failure", () => {
        assert.match(
            terminalReport(preview("mistaken"), plain),
            /must be odd: .*\nSettings are in Pulumi\.dev\.yaml/,
        );
    });
});

describe("the output of pulumi preview --json", () => {
    it("output of another program than pulumi preview --json is refused, naming its source", () => {
        assert.throws(
            () => parseDigest("error: no stack", "dev.json"),
            /dev\.json is not what `pulumi preview/,
        );
        assert.throws(() => parseDigest('{"steps": [{}]}', "dev.json"), /dev\.json is not .*steps\[0\]/s);
    });
});
