import { z } from "zod";
import { SERIES_NAME } from "../../components/contract";
import { boolean, choice, exposure, integer, optionalInteger, optionalText, resources } from "./fields";
import { NETWORK_RANGES, networkRange } from "./networkRange";

/** How much one request of the forecast API, and all of them together, may ask for. */
const requestLimits = z
    .strictObject({
        bodyBytes: integer("Largest body of a request, in bytes", 1_048_576, 1024, 67_108_864),
        bodySeconds: integer(
            "Seconds that a request's headers, and then its body, may take to arrive",
            10,
            1,
            600,
        ),
        largeBodies: integer("Bodies over 64 KiB that a pod reads at a time", 64, 1, 10_000),
        columns: integer("Columns of a request", 256, 1, 100_000),
        cells: integer("Values of all columns of a request together", 100_000, 1, 10_000_000),
        steps: integer("Rows of a forecast", 10_000, 1, 10_000),
        calls: integer(
            "Model calls of a forecast: its rows divided by those that the model forecasts at once",
            1_000,
            1,
            10_000,
        ),
        waiting: integer("Forecasts that run or wait in a pod at a time", 256, 1, 100_000),
        waitingCalls: integer(
            "Model calls of all running forecasts of a pod that need several",
            4_000,
            1,
            100_000_000,
        ),
    })
    .prefault({});

/** Settings of the forecast API. */
export const inference = z
    .strictObject({
        replicas: optionalInteger("Pods, when they are not autoscaled; 1 when empty", 1, 50),
        autoscaling: z
            .strictObject({
                enabled: boolean("Let the number of pods follow the load; needs a metrics server", false),
                minReplicas: integer("Pods at least", 1, 1, 50),
                maxReplicas: integer("Pods at most", 20, 1, 50),
                targetCpuPercent: integer(
                    "Average CPU use of the pods, in percent of their request",
                    70,
                    10,
                    95,
                ),
                scaleDownWindowSeconds: integer(
                    "Seconds that the load must be low before pods are removed",
                    300,
                    0,
                    3600,
                ),
            })
            .prefault({}),
        defaultSeries: optionalText(
            "Series of requests that name none, if there are several; the only series when empty",
            SERIES_NAME,
            "the name of a series: letters, digits, dots, hyphens, underscores",
        ),
        modelsInMemory: integer(
            "Models that a pod holds at a time, 0.2 MiB each; the least recently used is removed first",
            1_000,
            1,
            100_000,
        ),
        page: boolean(
            "Show forecasts at `/` of the API, and each series' last rows at `/rows`, to everyone who reaches it",
            true,
        ),
        limits: requestLimits,
        irregularRows: choice(
            "Whether rows with gaps, at another rate than the model's, or without a known value of the target are refused",
            ["reject", "warn"],
            "reject",
        ),
        // One process, whose model calls are too small to share: it could not use a second core.
        resources: resources(["inference"], ["100m", "256Mi"], ["1", "1Gi"]),
    })
    .prefault({});

/** Settings of the load balancer. */
export const loadBalancer = z
    .strictObject({
        replicas: integer("Pods of the load balancer", 1, 1, 10),
        maximumConnections: integer("Connections accepted at a time", 4096, 64, 100_000),
        requestTimeoutSeconds: integer("Seconds a request may take", 30, 1, 600),
        sourceLimits: z
            .strictObject({
                requestsPerSecond: integer("Requests of one source in a second", 5_000, 1, 1_000_000),
                connections: integer("Connections, and concurrent requests, of one source", 128, 1, 100_000),
            })
            .prefault({}),
        trustedProxies: z
            .array(networkRange)
            .optional()
            .meta({
                description:
                    "Networks of proxies whose X-Forwarded-For header is trusted; when empty, with an Ingress before a " +
                    "ClusterIP Service all sources that the network policies admit, otherwise none",
                allowed: NETWORK_RANGES,
            }),
        service: exposure("the forecast API"),
        resources: resources(["inference-lb"], ["50m", "64Mi"], ["1", "256Mi"]),
    })
    .prefault({});

/** Settings of how versions of the forecast API share requests. */
export const serving = z
    .strictObject({
        canary: z
            .strictObject({
                runId: optionalText(
                    "MLflow run that the canary serves; it follows promotions when empty",
                    /^[0-9a-f]{32}$/,
                    "a run id: 32 hexadecimal digits",
                ),
                image: optionalText(
                    "Image of the canary, without the mirror's prefix; that of the stable version when empty",
                    /^[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})$/,
                    "a repository with a tag or a digest, such as flts/inference:1a2b3c",
                ),
                weight: integer("Requests that the canary gets, in percent", 0, 0, 100),
            })
            .prefault({}),
    })
    .prefault({});
