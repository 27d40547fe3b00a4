import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./commands";
import { declaredProofs, promiseList, promisesPage } from "./promises";

writeFileSync(join(projectDirectory, "docs", "promises.md"), promisesPage(promiseList(), declaredProofs()));
