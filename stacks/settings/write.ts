import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Document, parseDocument } from "yaml";
import { projectDeclarations } from "./declarations";
import { settingsPage } from "./settingsPage";

/*
 * Writes what is generated from the schema: the declarations in Pulumi.yaml, and docs/settings.md. Run `npm run settings`
 * after a change of the schema; a unit test fails until that was done.
 */
const root = join(__dirname, "..", "..");

function writeDeclarations(): void {
    const path = join(root, "Pulumi.yaml");
    const project = parseDocument(readFileSync(path, "utf8"));
    project.set("config", new Document(projectDeclarations()).contents);
    writeFileSync(path, project.toString({ lineWidth: 0 }));
}

writeDeclarations();
writeFileSync(join(root, "docs", "settings.md"), settingsPage());
