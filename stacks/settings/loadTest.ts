import { z } from "zod";
import { boolean, decimal, exposure, integer, resources } from "./fields";

/** Settings of the load test. */
export const loadTest = z
    .strictObject({
        enabled: boolean("Deploy Locust, and what `make load-test` runs", true),
        workers: integer("Pods that generate load for the web interface", 1, 1, 100),
        users: integer("Users at a time; each waits one to two seconds between two requests", 50, 1, 100_000),
        spawnRate: decimal("Users that start per second", 10, 0.1, 1_000),
        durationSeconds: integer("Seconds that a run takes", 60, 5, 86_400),
        limits: z
            .strictObject({
                p95Milliseconds: integer(
                    "Milliseconds within which 95 of 100 forecasts must be answered",
                    500,
                    1,
                    600_000,
                ),
                failureRatio: decimal("Share of the requests that may fail", 0.01, 0, 1),
            })
            .prefault({}),
        service: exposure("Locust's web interface, which anyone who reaches it can use,"),
        resources: resources(["locust"], ["25m", "64Mi"], ["1", "512Mi"]),
    })
    .prefault({});
