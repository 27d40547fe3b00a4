import type { Platform } from "../../components/core/platform";
import type { Locust } from "../../components/loadTest/locust";
import type { Inputs } from "../inputs/inputs";
import type { Settings } from "../settings/parsed/settings";
import { deployGateway, type Ingress } from "./gateway";
import { provideInfrastructure } from "./infrastructure";
import { deployLoadTest } from "./loadTest";
import { deployMonitoring, type Monitoring } from "./monitoring";
import { deployOperations } from "./operations";
import type { Infrastructure } from "./providedInfrastructure";
import { deployPipeline, type Pipeline } from "./pipeline";
import { deployServing, type Serving } from "./serving";

/** What the layers made, as far as others need it; each undefined where this stack does not have it. */
export interface Layers {
    readonly infrastructure: Infrastructure;
    readonly pipeline: Pipeline | undefined;
    readonly serving: Serving | undefined;
    readonly locust: Locust | undefined;
    readonly monitoring: Monitoring | undefined;
    readonly ingress: Ingress | undefined;
}

/** All layers from the bottom up. */
export async function deployLayers(settings: Settings, platform: Platform, inputs: Inputs): Promise<Layers> {
    const infrastructure = await provideInfrastructure(settings, platform, inputs.chart);
    deployOperations(settings, platform, infrastructure);
    const pipeline = deployPipeline(settings, platform, infrastructure, inputs.formerFiles);
    const serving = deployServing(settings, platform, infrastructure);
    const locust = deployLoadTest(settings, platform, serving);
    const endpoints = [...(pipeline?.metrics ?? []), ...(serving?.metrics ?? [])];
    const monitoring = deployMonitoring(settings, platform, infrastructure, endpoints);
    const ingress = deployGateway(settings, platform, infrastructure, serving, monitoring?.grafana);
    return { infrastructure, pipeline, serving, locust, monitoring, ingress };
}
