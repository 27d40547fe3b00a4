import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { architectureDiagram, DIAGRAM } from "./diagram";

/* Writes the picture of the architecture: `npm run diagram` after a change of tiers or links. */
void architectureDiagram().then((picture) => {
    mkdirSync(dirname(DIAGRAM), { recursive: true });
    writeFileSync(DIAGRAM, picture);
});
