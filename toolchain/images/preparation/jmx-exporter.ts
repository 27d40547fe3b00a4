import type { Preparation } from "./index";
import { copyJars } from "./kafka";

/** Fetches the agent that images/jmx-exporter/pom.xml pins into the folder libs. */
export function prepareJmxExporter(preparation: Preparation): Promise<void> {
    return copyJars("jmx-exporter", preparation);
}
