import { isDeepStrictEqual } from "node:util";
import { serviceOf } from "../../components/access/service";
import * as infrastructure from "./infrastructure";
import { contradiction, type Problem } from "./problems";
import { sizesOf } from "./profiles";
import type { GivenSettings } from "./schema";

type Server = keyof typeof infrastructure;

/** Contradictions about who makes what: this stack, another stack, or nobody in this program. */
export function ownership(settings: GivenSettings): Problem[] {
    return [
        ...layers(settings),
        ...externals(settings),
        ...onlyExternal(settings),
        ...authorities(settings),
        ...givenKeys(settings),
        ...reach(settings),
    ];
}

function layers({ layers: deployed, stacks }: GivenSettings): Problem[] {
    return deployed.includes("infrastructure") && stacks.infrastructure !== undefined
        ? [
              contradiction(
                  "stacks.infrastructure",
                  stacks.infrastructure,
                  "flts:layers has infrastructure, so this stack makes its own; remove one of the two",
              ),
          ]
        : [];
}

/** What names each external server, by what is then not deployed. */
function externalAddresses({ kafka, objectStore, postgres, mlflow }: GivenSettings) {
    return {
        kafka: { key: "kafka.external.bootstrapServers", value: kafka.external.bootstrapServers },
        objectStore: { key: "objectStore.external.endpoint", value: objectStore.external.endpoint },
        postgres: { key: "postgres.external.host", value: postgres.external.host },
        mlflow: { key: "mlflow.external.trackingUri", value: mlflow.external.trackingUri },
    } satisfies Record<Server, { key: string; value: string | undefined }>;
}

/** GivenSettings that still matter where a server is not deployed. */
const STILL_USED: Readonly<Record<Server, readonly string[]>> = {
    kafka: ["external", "partitions", "retentionHours", "retentionMegabytes"],
    // `make up` always names the chart.
    objectStore: ["external", "existingSecret", "access", "chart"],
    postgres: ["external", "version", "existingSecret", "access"],
    mlflow: ["external"],
};

function externals(settings: GivenSettings): Problem[] {
    const addresses = externalAddresses(settings);
    if (!settings.layers.includes("infrastructure")) {
        return Object.values(addresses).flatMap(({ key, value }) =>
            value === undefined
                ? []
                : [
                      contradiction(
                          key,
                          value,
                          "belongs to the stack that has the infrastructure; set it there",
                      ),
                  ],
        );
    }
    const { postgres, mlflow } = addresses;
    return [
        ...(Object.keys(addresses) as Server[]).flatMap((server) => {
            const { key, value } = addresses[server];
            return value === undefined ? [] : unused(settings, server, STILL_USED[server], key);
        }),
        ...(mlflow.value === undefined ? [] : unused(settings, "postgres", ["access"], mlflow.key)),
        ...(mlflow.value === undefined || postgres.value === undefined
            ? []
            : [
                  contradiction(
                      postgres.key,
                      postgres.value,
                      `only MLflow needs a database, and flts:${mlflow.key} names one that has its own; remove one of the two`,
                  ),
              ]),
    ];
}

/** GivenSettings of a server that is not deployed, as far as they are not their defaults or the profile's. */
function unused(
    settings: GivenSettings,
    server: Server,
    used: readonly string[],
    because: string,
): Problem[] {
    const defaults: Record<string, unknown> = infrastructure[server].parse(sizesOf(settings.profile, server));
    return Object.entries(settings[server])
        .filter(([name, value]) => !used.includes(name) && !isDeepStrictEqual(value, defaults[name]))
        .map(([name, value]) =>
            contradiction(
                `${server}.${name}`,
                value,
                `is of no use, because flts:${because} names a server that is not deployed here; remove one of the two`,
            ),
        );
}

/** GivenSettings of an external server where none is named. */
function onlyExternal({ objectStore, postgres, mlflow }: GivenSettings): Problem[] {
    const { createBuckets, endpoint } = objectStore.external;
    const { database, host } = postgres.external;
    const { trackingUri, existingSecret: login } = mlflow.external;
    return [
        ...(trackingUri === undefined && login !== undefined
            ? [
                  contradiction(
                      "mlflow.external.existingSecret",
                      login,
                      "needs flts:mlflow.external.trackingUri; an MLflow that this stack deploys has users of its own",
                  ),
              ]
            : []),
        ...(endpoint === undefined && !createBuckets
            ? [
                  contradiction(
                      "objectStore.external.createBuckets",
                      createBuckets,
                      "a MinIO that this stack deploys has no buckets yet; set it to true, or name the server with flts:objectStore.external.endpoint",
                  ),
              ]
            : []),
        ...(host === undefined && database !== infrastructure.postgres.parse({}).external.database
            ? [
                  contradiction(
                      "postgres.external.database",
                      database,
                      "is the name in an external server; remove it, or name the server with flts:postgres.external.host",
                  ),
              ]
            : []),
    ];
}

/** Settings of an object store in which nothing is made. */
function givenKeys({ objectStore }: GivenSettings): Problem[] {
    const { endpoint, credentials, createBuckets, bucketPrefix, region, addressing, caSecret } =
        objectStore.external;
    const say = (name: string, value: unknown, reason: string): Problem =>
        contradiction(`objectStore.external.${name}`, value, reason);
    if (credentials === "users") {
        const defaults = infrastructure.objectStore.parse({}).external;
        return Object.entries({ bucketPrefix, region, addressing, caSecret })
            .filter(([name, value]) => value !== defaults[name as keyof typeof defaults])
            .map(([name, value]) =>
                say(name, value, "needs flts:objectStore.external.credentials shared or each"),
            );
    }
    return [
        ...(endpoint === undefined
            ? [say("credentials", credentials, "needs flts:objectStore.external.endpoint")]
            : []),
        ...(createBuckets
            ? [
                  say(
                      "createBuckets",
                      createBuckets,
                      `nothing is made in a store with flts:objectStore.external.credentials ${credentials}; make the buckets and set it to false`,
                  ),
              ]
            : []),
        ...(credentials === "each" && objectStore.existingSecret !== undefined
            ? [
                  contradiction(
                      "objectStore.existingSecret",
                      objectStore.existingSecret,
                      "is of no use with flts:objectStore.external.credentials each; remove it, or set that to shared",
                  ),
              ]
            : []),
        ...(caSecret !== undefined && endpoint?.startsWith("http:") === true
            ? [say("caSecret", caSecret, "needs flts:objectStore.external.endpoint with https")]
            : []),
    ];
}

/** Certificates of authorities for connections that are not encrypted, or not made: who names them expects both. */
function authorities({ postgres, mlflow }: GivenSettings): Problem[] {
    const { trackingUri, caSecret: mlflowAuthorities } = mlflow.external;
    const { host, sslMode, caSecret: postgresAuthorities } = postgres.external;
    return [
        ...(mlflowAuthorities === undefined || trackingUri?.startsWith("https:") === true
            ? []
            : [
                  contradiction(
                      "mlflow.external.caSecret",
                      mlflowAuthorities,
                      "needs flts:mlflow.external.trackingUri with https",
                  ),
              ]),
        ...(postgresAuthorities === undefined || (host !== undefined && sslMode === "require")
            ? []
            : [
                  contradiction(
                      "postgres.external.caSecret",
                      postgresAuthorities,
                      "needs flts:postgres.external.host, and flts:postgres.external.sslMode require",
                  ),
              ]),
    ];
}

/** An external server that this machine cannot reach as configured. */
function reach({ objectStore, postgres, namespace }: GivenSettings): Problem[] {
    const endpoint = objectStore.external.endpoint;
    const store = endpoint === undefined ? undefined : new URL(endpoint);
    const hosts = { objectStore: store?.hostname, postgres: postgres.external.host };
    const modes = { objectStore: objectStore.access.mode, postgres: postgres.access.mode };
    const isGiven = objectStore.external.credentials !== "users";
    return [
        ...(isGiven ? (["postgres"] as const) : (["objectStore", "postgres"] as const)).flatMap((server) => {
            const host = hosts[server];
            return host !== undefined &&
                modes[server] === "tunnel" &&
                serviceOf(host, namespace.name) === undefined
                ? [
                      contradiction(
                          `${server}.access.mode`,
                          "tunnel",
                          `${host} is not a Service of the cluster (name.namespace.svc); set it to direct, with flts:${server}.access.host`,
                      ),
                  ]
                : [];
        }),
        ...(!isGiven && store?.protocol === "https:" && objectStore.access.mode === "tunnel"
            ? [
                  contradiction(
                      "objectStore.access.mode",
                      "tunnel",
                      "the certificate of an https endpoint is for another name than the tunnel's; set it to direct",
                  ),
              ]
            : []),
    ];
}
