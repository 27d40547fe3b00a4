import assert from "node:assert/strict";
import { documentedCommands, missingLine } from "../support/documentedCommands";

describe("commands of a page", () => {
    it("commands of a page are read with their continuation lines and their output", () => {
        const page =
            "Text\n\n```console\n$ echo 'a\n> b'\na\nb\n$ true\n```\n\n```\n$ no console block\n```\n";
        assert.deepEqual(documentedCommands(page), [
            { command: "echo 'a\nb'", output: ["a", "b"] },
            { command: "true", output: [] },
        ]);
    });

    it("a block that begins with output is refused", () => {
        assert.throws(() => documentedCommands("```console\noutput\n```\n"), /begins with output: output/);
    });

    const documented = ["✓ Data of x  1.7s", "", 'Run 00112233445566778899aabbccddeeff: {"a":1,…}'];
    const real = '✓ Data of x  21s\n\nRun ffeeddccbbaa99887766554433221100: {"a":2.5e-3,"b":[1]}\n';

    it("commands must print what the page shows, apart from numbers, times and identifiers", () => {
        assert.equal(missingLine(documented, real), undefined);
    });

    it("a page fails where a word differs, a line is missing, or one is not documented", () => {
        assert.equal(missingLine(documented, real.replace("of x", "of y")), documented[0]);
        assert.equal(missingLine(documented, real.replace(/^Run .*$/m, "")), documented[1]);
        assert.match(missingLine(documented, `${real}more`) ?? "", /end of output.*more/);
        assert.equal(missingLine(documented, `more\n${real}`), documented[0]);
    });

    it("an ellipsis within a line of a page stands for any text", () => {
        const line = "Forecast of … by run 4f3c2b1a00112233445566778899aabb, after …:";
        const output =
            "Forecast of sample by run 8e1b4e4ccc3441eb8ff95496a9d97a54, after 2024-01-04 06:18:00:";
        assert.equal(missingLine([line], output), undefined);
        assert.equal(missingLine([line], output.replace(":00:", ":00")), line);
    });

    it("commands may print more lines if the page says so", () => {
        assert.equal(missingLine(["…", ...documented, "…"], `more\n${real}more`), undefined);
        assert.equal(missingLine(["…"], ""), undefined);
    });
});
