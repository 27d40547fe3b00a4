import { formatDuration, table } from "../console";

/** The steps of `make up`, in their order. */
export type StepName = "tools" | "images" | "cluster" | "load" | "update" | "forecast";

/** What there is to do for `make up`, as found before it begins. Times are in milliseconds. */
export interface Situation {
    /** True for the embedded cluster, false for a cluster that CONTEXT names. */
    readonly embedded: boolean;
    readonly tools: { readonly count: number; readonly expected: number };
    /** Images to build: time for those without a program of the toolchain, and for those that wait for one. */
    readonly images: {
        readonly count: number;
        readonly withoutProgram: number;
        readonly withProgram: number;
    };
    /** True if the embedded cluster runs, with the images of an earlier run. */
    readonly clusterIsUp: boolean;
    /** True if an earlier update of the stack succeeded. */
    readonly stackIsDeployed: boolean;
    /** Images that pods of the stack use. */
    readonly imageCount: number;
}

export interface PlannedStep {
    readonly name: StepName;
    /** What the step is about, in a few words. */
    readonly detail: string;
    /** Milliseconds that it is expected to take. */
    readonly expected: number;
    /** Name by which its duration is kept; absent where the parts' durations are. */
    readonly record?: string;
}

export interface Plan {
    readonly steps: readonly PlannedStep[];
    /** Milliseconds until the forecast. */
    readonly total: number;
}

/** Milliseconds measured on 2 cores, for a machine that keeps none yet. */
const pinned = {
    "cluster-start": 30_000,
    "load-per-image": 3_700,
    "first-update": 60_000,
    "later-update": 30_000,
    "first-forecast": 60_000,
    "later-forecast": 10_000,
} as const;

/**
 * The steps that `make up` has to do.
 *
 * @param known milliseconds that work took on this machine, by name; undefined where nothing is known.
 */
export function planUp(situation: Situation, known: (name: string) => number | undefined): Plan {
    const { embedded, tools, images, clusterIsUp, stackIsDeployed, imageCount } = situation;
    const usual = (record: keyof typeof pinned): number => known(record) ?? pinned[record];
    const step = (name: StepName, detail: string, record: keyof typeof pinned): PlannedStep => ({
        name,
        detail,
        expected: usual(record),
        record,
    });
    const startsCluster = embedded && !clusterIsUp;
    // A cluster that starts has no pods, even where the state still lists them.
    const isFirst = startsCluster || !stackIsDeployed;
    const loaded = startsCluster ? imageCount : images.count;
    const beside = tools.count > 0 && embedded ? images.withoutProgram : 0;
    const steps: PlannedStep[] = [
        ...(tools.count === 0
            ? []
            : [
                  {
                      name: "tools" as const,
                      detail: `${tools.count} to get or build${beside > 0 ? ", and images meanwhile" : ""}`,
                      expected: Math.max(tools.expected, beside),
                  },
              ]),
        ...(!embedded || images.count === 0
            ? []
            : [
                  {
                      name: "images" as const,
                      detail:
                          beside > 0
                              ? `those of ${images.count} that wait for a tool`
                              : `${images.count} to build`,
                      expected: images.withoutProgram + images.withProgram - beside,
                  },
              ]),
        ...(startsCluster ? [step("cluster", "start the embedded cluster", "cluster-start")] : []),
        ...(embedded && loaded > 0
            ? [
                  {
                      name: "load" as const,
                      detail: `${loaded} images into the cluster`,
                      expected: loaded * usual("load-per-image"),
                  },
              ]
            : []),
        isFirst
            ? step("update", "create the stack", "first-update")
            : step("update", "update the stack", "later-update"),
        isFirst
            ? step("forecast", "train the models", "first-forecast")
            : step("forecast", "read the forecast", "later-forecast"),
    ];
    return { steps, total: steps.reduce((sum, { expected }) => sum + expected, 0) };
}

/** The plan as `make up` announces it. */
export function announcement({ steps, total }: Plan): string {
    const rows = steps.map(({ name, expected, detail }) => [
        `  ${name}`,
        formatDuration(expected).padStart(6),
        detail,
    ]);
    return `About ${formatDuration(total)} until the forecast:\n${table(rows)}`;
}

/** What the steps of a run took beside what was expected, in the order of the plan; steps that did not run are left out. */
export function closing({ steps, total }: Plan, took: ReadonlyMap<string, number>, elapsed: number): string {
    const rows = steps.flatMap(({ name, expected }) => {
        const milliseconds = took.get(name);
        return milliseconds === undefined
            ? []
            : [
                  [
                      `  ${name}`,
                      formatDuration(milliseconds).padStart(6),
                      `expected ${formatDuration(expected)}`,
                  ],
              ];
    });
    return table([
        ...rows,
        ["  in all", formatDuration(elapsed).padStart(6), `expected ${formatDuration(total)}`],
    ]);
}
