import { prepareDebian } from "./debian";
import { prepareJmxExporter } from "./jmx-exporter";
import { prepareKafka } from "./kafka";

/** Where a preparation works. */
export interface Preparation {
    /** The project's root. */
    readonly root: string;
    /** The build context, which gets what is prepared. */
    readonly directory: string;
    /** Kept between runs, for downloads and intermediate work. */
    readonly cache: string;
    readonly log: string;
}

/** What must be made on the host before a Containerfile can use it, by image name. */
export const preparations: Readonly<Record<string, (preparation: Preparation) => Promise<void>>> = {
    debian: prepareDebian,
    "jmx-exporter": prepareJmxExporter,
    kafka: prepareKafka,
};
