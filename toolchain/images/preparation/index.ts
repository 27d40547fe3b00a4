import { prepareDebian } from "./debian";
import { prepareJmxExporter } from "./jmx-exporter";
import { prepareKafka } from "./kafka";
import type { Preparation } from "./preparation";
import { preparePrometheus } from "./prometheus";

/** What must be made on the host before a Containerfile can use it, by folder of images. */
export const preparations: Readonly<Record<string, (preparation: Preparation) => Promise<void>>> = {
    debian: prepareDebian,
    "jmx-exporter": prepareJmxExporter,
    kafka: prepareKafka,
    prometheus: preparePrometheus,
};
