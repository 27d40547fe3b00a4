import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Document, parseDocument } from "yaml";
import { projectDeclarations } from "./declarations";

/*
 * Writes the declarations of all settings into Pulumi.yaml. Run after a change of the schema:
 * `npx ts-node stacks/settings/writeDeclarations.ts`; a unit test fails until that was done.
 */
const path = join(__dirname, "..", "..", "Pulumi.yaml");
const project = parseDocument(readFileSync(path, "utf8"));
project.set("config", new Document(projectDeclarations()).contents);
writeFileSync(path, project.toString({ lineWidth: 0 }));
