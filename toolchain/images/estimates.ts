import { join } from "node:path";

import { Durations } from "../tools/durations";
import type { Image } from "./catalogue";
import type { Places } from "./places";

/** Seconds of a cold build, measured on 2 cores; only the first estimate, later ones come from this machine. */
const firstEstimates: Readonly<Record<string, number>> = {
    "debian-trixie": 60,
    "base-trixie": 30,
    "debian-bookworm": 60,
    "base-bookworm": 30,
    python: 20,
    preprocess: 60,
    trainer: 100,
    "trainer-cuda": 600,
    evaluator: 30,
    inference: 40,
    locust: 20,
    mlflow: 90,
    minio: 15,
    kafka: 60,
    postgres: 40,
    "postgres-15": 40,
    haproxy: 15,
    prometheus: 25,
    alertmanager: 20,
    "postgres-exporter": 15,
    "blackbox-exporter": 15,
    "jmx-exporter": 15,
    "kube-state-metrics": 10,
    "victoria-logs": 10,
    vlagent: 10,
    "oauth2-proxy": 10,
};

/** What builds of images took on this machine. */
export function imageDurations(places: Places): Durations {
    return new Durations(join(places.images, "durations.json"));
}

/** Milliseconds that a build of the image is expected to take: as the last one on this machine, else as on 2 cores. */
export function estimate({ name }: Image, durations: Durations): number {
    return durations.get(name) ?? (firstEstimates[name] ?? 30) * 1000;
}
