// The program that the tests of the doctor and of the takeover guard deploy: what the project's own components put into
// an object store and a database server, without a cluster. Kubernetes' objects are written to a folder.
import { readFileSync } from "node:fs";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DataLossGuard } from "../../../components/core/data/dataLossGuard";
import { OwnershipGuard } from "../../../components/core/ownershipGuard";
import type { Platform } from "../../../components/core/platform";
import { ObjectStoreResources } from "../../../components/infrastructure/objectStore/objectStoreResources";
import { PostgresResources } from "../../../components/infrastructure/postgres/postgresResources";

interface Server {
    readonly port: number;
    readonly user: string;
    readonly password: string;
}

/** What a test gives the program. */
export interface ContentSettings {
    readonly minio: Server;
    readonly postgres: Server;
    /** Folder for Kubernetes' objects. */
    readonly objects: string;
    readonly namespace: string;
    readonly identifier: string;
    readonly createBuckets: boolean;
    /** Whether the servers are the stack's own, which it deletes with what is in them. */
    readonly ownServers: boolean;
    readonly database: string;
    /** Services with a user in the object store, all of which may read the first bucket. */
    readonly services: readonly string[];
    readonly buckets: readonly string[];
    readonly allowDataLoss: readonly string[];
    readonly timeoutSeconds: number;
}

/** Declares what the settings in this file ask for. */
export function declareContent(settingsFile: string): void {
    const settings = JSON.parse(readFileSync(settingsFile, "utf8")) as ContentSettings;
    const { minio, postgres, namespace, identifier, buckets, timeoutSeconds } = settings;
    const provider = new kubernetes.Provider("kubernetes", { renderYamlToDirectory: settings.objects });
    const platform = {
        instance: pulumi.getStack(),
        provider,
        context: "none",
        namespaceName: namespace,
        namespace: pulumi.output(namespace),
        namespaceResource: undefined,
        // There is no cluster that could have anything.
        ownership: new OwnershipGuard(pulumi.getStack(), () => Promise.resolve(undefined)),
        guard: new DataLossGuard(settings.allowDataLoss),
        credentialsEpoch: 1,
        identifier,
    } as unknown as Platform;
    const parent = new pulumi.ComponentResource(
        "flts:test:Servers",
        "servers",
        {},
        { providers: [provider] },
    );
    const common = { platform, parent, requires: [], deletedWith: settings.ownServers ? parent : undefined };
    const direct = (port: number) => ({ mode: "direct", host: "127.0.0.1", port, timeoutSeconds }) as const;
    const store = new ObjectStoreResources("minio", {
        ...common,
        server: {
            server: "outside",
            ports: [minio.port],
            endpoint: `http://127.0.0.1:${minio.port}`,
            rootSecretName: "store-root",
        },
        root: { user: minio.user, password: pulumi.secret(minio.password) },
        access: direct(minio.port),
        buckets: buckets.map((name) => ({ name })),
        createBuckets: settings.createBuckets,
    });
    const [bucket = ""] = buckets;
    const connections = settings.services.map((service) =>
        store.connection(service, [{ bucket, access: "read" }]),
    );
    const database = new PostgresResources("postgres", {
        ...common,
        server: {
            server: "outside",
            ports: [postgres.port],
            host: "127.0.0.1",
            port: postgres.port,
            user: postgres.user,
            superuser: postgres.user === "postgres",
            passwordSecretName: "postgres-admin",
            sslMode: "disable",
            caSecret: undefined,
        },
        password: pulumi.secret(postgres.password),
        access: direct(postgres.port),
    });
    const tracking = database.database("mlflow", settings.database);
    database.statistics("monitoring");
    // Consumers depend on all that they use, as Deployments do.
    new kubernetes.core.v1.ConfigMap(
        "consumer",
        { metadata: { name: "consumer", namespace } },
        { parent, dependsOn: [...connections, tracking].flatMap(({ requires }) => [...requires]) },
    );
}
