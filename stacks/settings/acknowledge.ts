import { z } from "zod";

/** Risks that a production stack may take, when its settings name them. */
export const RISKS = ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer", "anyEmailDomain"] as const;

export type Risk = (typeof RISKS)[number];

/** Risks that this stack takes knowingly. */
export const acknowledge = z
    .array(z.enum(RISKS))
    .default([])
    .describe("Risks of a production stack that you accept");
