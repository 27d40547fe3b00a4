import type * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../contentHash";

/** Files of a ConfigMap, and what a pod needs to read them. */
export interface Configuration {
    readonly files: Readonly<Record<string, string>>;
    readonly volume: { readonly name: string; readonly configMap: { readonly name: pulumi.Output<string> } };
    readonly mount: {
        readonly name: string;
        readonly mountPath: string;
        readonly readOnly: true;
    };
}

/** Annotations that roll pods when their configuration changes: no program here reads its files again. */
export function configurationAnnotations(...all: readonly Configuration[]): Record<string, string> {
    return all.length === 0 ? {} : { "flts.io/config-checksum": contentHash(all.map(({ files }) => files)) };
}
