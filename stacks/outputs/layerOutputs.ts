import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import { EVALUATOR_NAME } from "../../components/contract";
import type { Infrastructure } from "../layers/providedInfrastructure";
import type { Settings } from "../settings/parsed/settings";

const server = {
    server: z.string(),
    serverLabels: z.record(z.string(), z.string()).optional(),
    ports: z.array(z.int()),
};

const connection = z.object({
    ...server,
    /** Plain values, and references to Secrets of the namespace. */
    environment: z.array(z.looseObject({ name: z.string() })),
});

/**
 * What a stack's infrastructure offers to other stacks of this program: `infrastructure` in the output `layers`.
 *
 * Fields may be added; one that is removed or renamed breaks stacks that are not updated.
 */
export const infrastructureOutputs = z.object({
    namespace: z.string(),
    /** Pipeline whose topics were declared. */
    identifier: z.string(),
    kafka: connection.extend({
        /** Whether each service signs in as a user of its own; stacks before 0.2.0 have none. */
        users: z.boolean().default(false),
    }),
    /** Absent where nothing can be made in it, so that stacks above could have no users there. */
    objectStore: z.object({ ...server, endpoint: z.string(), rootSecretName: z.string() }).optional(),
    mlflow: z.object({
        trackingUri: z.string(),
        connection,
        /** Secrets of the namespace by user; absent for an MLflow that asks nobody. */
        logins: z.object({ admin: z.string(), train: z.string(), [EVALUATOR_NAME]: z.string() }).optional(),
    }),
    metrics: z.array(
        z.object({
            server: z.string(),
            serverLabels: z.record(z.string(), z.string()),
            port: z.int(),
            paths: z.array(z.string()),
        }),
    ),
});

/** What a stack offers to others by layer, before it is packed. */
export interface LayerOutputs {
    readonly infrastructure?: InfrastructureOutputs;
}

/**
 * The layers' outputs as one short text: JSON, deflated (RFC 1951), in base64url.
 *
 * As an object they were two thirds of what `pulumi up` ends with; as JSON the command line would unfold them again.
 */
export function packLayers(layers: LayerOutputs): string {
    return deflateRawSync(JSON.stringify(layers)).toString("base64url");
}

/**
 * What a stack offers by layer, not validated; nothing where the output is of no stack of this program.
 *
 * @param output `layers`, packed, or an object as stacks before 0.2.0 have it.
 */
export function unpackLayers(output: unknown): { readonly infrastructure?: unknown } {
    if (typeof output !== "string") {
        return typeof output === "object" && output !== null ? output : {};
    }
    try {
        return JSON.parse(inflateRawSync(Buffer.from(output, "base64url")).toString()) as LayerOutputs;
    } catch {
        return {};
    }
}

export type InfrastructureOutputs = z.output<typeof infrastructureOutputs>;
export type ConnectionOutputs = z.output<typeof connection>;

/** The infrastructure as another stack needs it. */
export function offerInfrastructure(
    settings: Settings,
    infrastructure: Infrastructure,
): InfrastructureOutputs {
    const { kafka, objectStore, mlflow, metrics } = infrastructure;
    const { namespace, identifier } = settings;
    // Parsing leaves out what is not data: the resources that this stack's own consumers wait for.
    return infrastructureOutputs.parse({
        namespace: namespace.name,
        identifier,
        kafka: { ...kafka.shared, users: kafka.users },
        objectStore: objectStore.own?.server,
        mlflow,
        metrics,
    });
}
