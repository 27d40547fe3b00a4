import { contradictions } from "../contradictions";
import { contradiction, type Problem, type Report } from "../problems";
import type { GivenSettings } from "../schema";
import { infrastructureOf, type InfrastructureSettings } from "./infrastructure";
import { networkSettingsOf, type NetworkSettings } from "./network";
import { ingressOf, type IngressSettings } from "./ingress";
import { canaryOf, type CanarySettings } from "./canary";
import { inferenceOf, type InferenceSettings } from "./scaling";

/** Settings that are parts of a union below. */
type Parts =
    | "stacks"
    | "chartRepository"
    | "kafka"
    | "objectStore"
    | "postgres"
    | "mlflow"
    | "backup"
    | "ingress"
    | "inference"
    | "serving"
    | "network";

/** Settings as the program uses them: complete, checked, and unable to contradict each other. */
export type Settings = Omit<GivenSettings, Parts> & {
    readonly infrastructure: InfrastructureSettings;
    readonly ingress: IngressSettings;
    readonly network: NetworkSettings;
    readonly inference: InferenceSettings;
    /** Undefined without a canary. */
    readonly canary: CanarySettings | undefined;
};

/** Settings, or every mistake in them. */
export type Parsed =
    | { readonly settings: Settings; readonly problems?: never }
    | { readonly settings?: never; readonly problems: readonly Problem[] };

/** Parses settings that are each allowed into ones that are allowed together. */
export function parseSettings(given: GivenSettings): Parsed {
    const problems = contradictions(given);
    const report: Report = (path, value, reason) => {
        problems.push(contradiction(path, value, reason));
    };
    const infrastructure = infrastructureOf(given, report);
    const ingress = ingressOf(given, report);
    const network = networkSettingsOf(given, report);
    if (
        infrastructure === undefined ||
        ingress === undefined ||
        network === undefined ||
        problems.length > 0
    ) {
        return { problems };
    }
    return {
        settings: {
            ...given,
            infrastructure,
            ingress,
            network,
            inference: inferenceOf(given.inference),
            canary: canaryOf(given),
        },
    };
}
