/** Ended runs of a CronJob that are kept, each way, with their logs and results. */
export const KEPT_RUNS = 3;

/** Schedule of a CronJob from which Jobs are made by hand alone: one must be given, and a suspended one is not looked at. */
export const ON_REQUEST = { schedule: "0 0 1 1 *", suspend: true } as const;
