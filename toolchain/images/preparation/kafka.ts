import { join } from "node:path";

import { must } from "../../build/command";
import { toolPath } from "../../build/paths";
import type { Preparation } from "./index";

/** Fetches the jars that images/kafka/pom.xml pins, with all that they need at run time, into the folder libs. */
export async function prepareKafka({ root, directory, cache, log }: Preparation): Promise<void> {
    await must(
        toolPath("mvn"),
        [
            "--batch-mode",
            "--no-transfer-progress",
            `--file=${join(root, "images", "kafka", "pom.xml")}`,
            `-Dmaven.repo.local=${join(cache, "maven")}`,
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            `-DoutputDirectory=${join(directory, "libs")}`,
        ],
        { log },
    );
}
