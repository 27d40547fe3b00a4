import { z } from "zod";
import { optionalText } from "./fields";

/** What can be deployed by itself, from the bottom up. */
const LAYERS = ["infrastructure", "pipeline", "serving", "monitoring"] as const;

export type Layer = (typeof LAYERS)[number];

/** Which layers a stack deploys. */
export const layers = z
    .array(z.enum(LAYERS))
    .min(1)
    .default([...LAYERS])
    .describe("Layers that this stack deploys");

/** Stacks that have the other layers. */
export const stacks = z
    .strictObject({
        infrastructure: optionalText(
            "Stack whose infrastructure is used, when `layers` has none",
            /^[\w.-]+\/[\w.-]+\/[\w.-]+$/,
            "organization/project/stack",
        ),
    })
    .prefault({});
