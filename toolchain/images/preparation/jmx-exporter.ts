import type { Preparation } from "./preparation";
import { copyJars } from "./kafka";

/** Fetches the agent that images/jmx-exporter/pom.xml pins into the folder libs. */
export function prepareJmxExporter(preparation: Preparation): Promise<void> {
    return copyJars("jmx-exporter", preparation);
}
