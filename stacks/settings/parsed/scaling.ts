import type { Scaling } from "../../../components/serving/autoscaling";
import type { GivenSettings } from "../schema";

type Given = GivenSettings["inference"];

/** Settings of the forecast API, whose number of pods is fixed or the autoscaler's. */
export type InferenceSettings = Omit<Given, "replicas" | "autoscaling"> & { readonly scaling: Scaling };

export function inferenceOf({ replicas = 1, autoscaling, ...inference }: Given): InferenceSettings {
    const { enabled, ...autoscaler } = autoscaling;
    return {
        ...inference,
        scaling: enabled ? { mode: "auto", ...autoscaler } : { mode: "fixed", replicas },
    };
}
