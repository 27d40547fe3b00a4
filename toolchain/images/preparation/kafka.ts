import { join } from "node:path";

import { must } from "../../tools/command";
import { toolPath } from "../../tools/paths";
import type { Preparation } from "./preparation";

/** Fetches the jars that images/kafka/pom.xml pins, with all that they need at run time, into the folder libs. */
export function prepareKafka(preparation: Preparation): Promise<void> {
    return copyJars("kafka", preparation);
}

/** Copies the run-time dependencies that the pom.xml of an image pins into the folder libs of the build context. */
export async function copyJars(
    image: string,
    { root, directory, cache, log }: Omit<Preparation, "suite">,
): Promise<void> {
    await must(
        toolPath("mvn"),
        [
            "--batch-mode",
            "--no-transfer-progress",
            `--file=${join(root, "images", image, "pom.xml")}`,
            `-Dmaven.repo.local=${join(cache, "maven")}`,
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            `-DoutputDirectory=${join(directory, "libs")}`,
        ],
        { log },
    );
}
