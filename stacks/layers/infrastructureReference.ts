import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { ExistingObjectStore } from "../../components/infrastructure/objectStore/externalObjectStore";
import { KafkaClients } from "../../components/infrastructure/kafka/kafkaClients";
import { BUCKETS } from "../../components/contract";
import {
    infrastructureOutputs,
    unpackLayers,
    type ConnectionOutputs,
    type InfrastructureOutputs,
} from "../outputs/layerOutputs";
import { keyOf } from "../settings/problems";
import type { InfrastructureSettings } from "../settings/parsed/infrastructure";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";

/**
 * The infrastructure of another stack, with users of this stack's own in its servers.
 *
 * The outputs are read before anything is declared, so that a preview can show everything that is made of them.
 *
 * @throws when that stack offers no infrastructure, or one for another namespace or identifier.
 */
export async function referencedInfrastructure(
    { stack, objectStoreAccess: access }: Extract<InfrastructureSettings, { from: "stack" }>,
    settings: Settings,
    platform: Platform,
): Promise<Infrastructure> {
    const reference = new pulumi.StackReference("infrastructure", { name: stack });
    const layers: { value?: unknown } = await reference.getOutputDetails("layers");
    const offered = checked(stack, unpackLayers(layers.value).infrastructure, settings);
    if (offered.objectStore === undefined) {
        throw new Error(
            `${keyOf(["stacks", "infrastructure"])} = "${stack}": its object store has given keys ` +
                "(flts:objectStore.external.credentials), with which another stack can make no users; deploy all " +
                "layers in one stack. Nothing was changed.",
        );
    }
    const { content: objectStore } = new ExistingObjectStore("minio", {
        platform,
        server: offered.objectStore,
        access,
        buckets: Object.values(BUCKETS).map((name) => ({ name })),
        createBuckets: false,
    });
    return {
        kafka: new KafkaClients(connectionOf(offered.kafka), offered.kafka.users),
        objectStore,
        // A provider for which nothing is made yet would be of no use.
        postgres: undefined,
        mlflowDatabase: undefined,
        mlflow: {
            trackingUri: offered.mlflow.trackingUri,
            connection: connectionOf(offered.mlflow.connection),
            logins: offered.mlflow.logins,
        },
        metrics: offered.metrics,
    };
}

function checked(stack: string, offered: unknown, settings: Settings): InfrastructureOutputs {
    const prefix = `${keyOf(["stacks", "infrastructure"])} = "${stack}"`;
    const { success, data, error } = infrastructureOutputs.safeParse(offered);
    if (!success) {
        const reason =
            offered === undefined
                ? "its output layers has no infrastructure"
                : error.issues
                      .map(({ path, message }) => `layers.infrastructure.${path.join(".")}: ${message}`)
                      .join("; ");
        throw new Error(
            `${prefix}: ${reason}. Name a stack of this program that was deployed with infrastructure in ` +
                "flts:layers, or update that stack first. Nothing was changed.",
        );
    }
    const own = { namespace: settings.namespace.name, identifier: settings.identifier };
    for (const name of ["namespace", "identifier"] as const) {
        if (data[name] !== own[name]) {
            throw new Error(
                `${keyOf([name])} = "${own[name]}": stack ${stack}, whose infrastructure is used, has ` +
                    `"${data[name]}"; set it to that. Nothing was changed.`,
            );
        }
    }
    return data;
}

/** What another stack made exists by the time this one runs. */
function connectionOf(offered: ConnectionOutputs): Connection {
    return { ...offered, requires: [] };
}
