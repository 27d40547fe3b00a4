/** What the sizes of a stack are for: a small node, a real cluster, or the whole shape of prod on a small node. */
export const PROFILES = ["small", "production", "minimal"] as const;

export type Profile = (typeof PROFILES)[number];
