import { z } from "zod";
import { boolean, exposure, integer, optionalInteger, optionalText, resources } from "./fields";

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
                    "CPU that pods are to use on average, in percent of what they request",
                    70,
                    10,
                    95,
                ),
                scaleDownWindowSeconds: integer(
                    "Seconds that the load must have been low before pods are taken away",
                    300,
                    0,
                    3600,
                ),
            })
            .prefault({}),
        defaultSeries: optionalText(
            "Series that answers requests without one where there are several; the only series when empty",
            /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
            "the name of a series: letters, digits, dots, hyphens, underscores",
        ),
        modelsInMemory: integer(
            "Models that a pod holds at a time, 0.2 MiB each; the least recently used makes room for the next",
            1_000,
            1,
            100_000,
        ),
        // One process, whose model calls are too small to share: it could not use a second core.
        resources: resources(["100m", "256Mi"], ["1", "1Gi"]),
    })
    .prefault({});

/** Settings of the load balancer. */
export const loadBalancer = z
    .strictObject({
        replicas: integer("Pods of the load balancer", 1, 1, 10),
        maximumConnections: integer("Connections accepted at a time", 4096, 64, 100_000),
        requestTimeoutSeconds: integer("Seconds a request may take", 30, 1, 600),
        service: exposure("the forecast API"),
        resources: resources(["50m", "64Mi"], ["1", "256Mi"]),
    })
    .prefault({});

/** Settings of how versions of the forecast API share requests. */
export const serving = z
    .strictObject({
        canary: z
            .strictObject({
                runId: optionalText(
                    "MLflow run to serve beside the promoted one; the canary follows promotions when empty",
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
