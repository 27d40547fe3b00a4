import { z } from "zod";
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
 * What a stack's infrastructure offers to other stacks of this program: the output `layers.infrastructure`.
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
    objectStore: z.object({ ...server, endpoint: z.string(), rootSecretName: z.string() }),
    mlflow: z.object({ trackingUri: z.string(), connection }),
    metrics: z.array(
        z.object({
            server: z.string(),
            serverLabels: z.record(z.string(), z.string()),
            port: z.int(),
            paths: z.array(z.string()),
        }),
    ),
});

export type InfrastructureOutputs = z.output<typeof infrastructureOutputs>;
export type ConnectionOutputs = z.output<typeof connection>;

/** The infrastructure as another stack needs it. */
export function offerInfrastructure(
    settings: Settings,
    infrastructure: Infrastructure,
): InfrastructureOutputs {
    const { kafka, objectStore, mlflow, metrics } = infrastructure;
    const { namespace, identifier } = settings;
    // Parsing leaves out what is no data: the resources that this stack's own consumers wait for.
    return infrastructureOutputs.parse({
        namespace: namespace.name,
        identifier,
        kafka: { ...kafka.shared, users: kafka.users },
        objectStore: objectStore.server,
        mlflow,
        metrics,
    });
}
