import { z } from "zod";
import { acknowledge } from "./acknowledge";
import { backup } from "./backup";
import { cluster, overrides } from "./cluster";
import { network } from "./network";
import { boolean, choice, integer, LABEL, LABEL_SHAPE, optionalText, text } from "./fields";
import * as infrastructure from "./infrastructure";
import { ingress } from "./ingress";
import { layers, stacks } from "./layers";
import { loadTest } from "./loadTest";
import { monitoring } from "./monitoring";
import { namespace } from "./namespace";
import * as pipeline from "./pipeline";
import { PROFILES } from "./profileNames";
import * as serving from "./serving";
import { volumes } from "./volumes";

const HOST = /^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?(\/[-\w./]*)?$/;

/**
 * All settings of the program: the only place where they are defined.
 *
 * It yields the type, the defaults, the validation and the declarations in `Pulumi.yaml`. Nothing below `stacks/`
 * reads configuration.
 */
export const settingsSchema = z.strictObject({
    namespace,
    profile: choice(
        "Default sizes: for a small node, for a real cluster, or to run all of prod on a small node",
        PROFILES,
        "small",
    ),
    production: boolean(
        "Refuse insecure defaults: require a backup target, a receiver of alerts, no Service that bypasses the Ingress, and a restricted login",
        false,
    ),
    acknowledge,
    layers,
    stacks,
    identifier: text(
        "Name of the pipeline, in its topics, consumer groups, objects and runs; upstream's names when empty",
        "",
        /^(?!(?:default|global)$)([a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)?$/,
        "lower-case letters, digits and inner hyphens, at most 40 characters, not default or global",
    ),
    imageRegistry: optionalText(
        "Prefix of every image, such as a mirror; the images' own names when empty",
        HOST,
        "a host, with a port and a path where needed, without a scheme",
    ),
    chartRepository: text(
        "Chart repository of MinIO's chart, such as a mirror; the chart is pinned by version and digest",
        "https://charts.min.io/",
        /^https?:\/\/[^\s?#]+$/,
        "an address that starts with https:// or http://",
    ),
    cluster,
    overrides,
    network,
    clusterDomain: text("DNS domain of the cluster", "cluster.local", HOST, "a domain name"),
    publicHost: text(
        "Host name or address under which node ports are reached",
        "127.0.0.1",
        HOST,
        "a host name or address",
    ),
    storageClass: optionalText(
        "Storage class of all volumes; the cluster's default when empty",
        LABEL,
        LABEL_SHAPE,
    ),
    volumes,
    logLevel: choice("Log level of the services", ["DEBUG", "INFO", "WARNING", "ERROR"], "INFO"),
    credentials: z
        .strictObject({
            epoch: integer("Generation of all generated passwords; raise it to renew them", 1, 1, 1_000_000),
        })
        .prefault({}),
    dataset: pipeline.dataset,
    kafka: infrastructure.kafka,
    objectStore: infrastructure.objectStore,
    postgres: infrastructure.postgres,
    mlflow: infrastructure.mlflow,
    preprocess: pipeline.preprocess,
    training: pipeline.training,
    evaluator: pipeline.evaluator,
    inference: serving.inference,
    serving: serving.serving,
    loadBalancer: serving.loadBalancer,
    loadTest,
    ingress,
    monitoring,
    backup,
});

/** Settings by their keys, each with its default; `parsed/settings.ts` has them as the program uses them. */
export type GivenSettings = z.output<typeof settingsSchema>;
