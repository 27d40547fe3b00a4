import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { architectureDiagram, DIAGRAM } from "../support/diagram";

describe("the picture of the architecture", () => {
    it("shows the tiers and links that the program declares; otherwise run `npm run diagram`", async () => {
        assert.equal(readFileSync(DIAGRAM, "utf8"), await architectureDiagram());
    });
});
