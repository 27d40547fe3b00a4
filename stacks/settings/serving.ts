import { z } from "zod";
import { boolean, exposure, integer, optionalInteger, resources } from "./fields";

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
            })
            .prefault({}),
        resources: resources(["100m", "256Mi"], ["2", "1Gi"]),
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
