import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingDescriptions } from "../../stacks/settings/catalogue";
import { projectDirectory } from "../support/commands";
import type { Recorded } from "../support/mocks";
import { deployProgram, settings } from "../support/program";

/** Variables that each workload of services/ reads, by image for `python main.py`, else by module; values of some. */
const { variables: read, choices } = JSON.parse(
    readFileSync(join(projectDirectory, "services", "environment.json"), "utf8"),
) as Readonly<Record<"variables" | "choices", Readonly<Record<string, readonly string[]>>>>;

/** Settings that a variable's value is, where it is one of a few. */
const CHOSEN_BY: Readonly<Record<string, string>> = {
    CLIP_METHOD: "preprocess.clip.method",
    CSV_DECIMAL: "dataset.decimal",
    CSV_ENCODING: "dataset.encoding",
    CSV_SEPARATOR: "dataset.separator",
    CSV_THOUSANDS: "dataset.thousands",
    CSV_TIME_FORMAT: "dataset.timeFormat",
    KAFKA_SASL_MECHANISM: "kafka.external.mechanism",
    KAFKA_SECURITY_PROTOCOL: "kafka.external.protocol",
    MODEL_TYPE: "training.models",
    PREDICT_IRREGULAR_ROWS: "inference.irregularRows",
    PROMOTION_FLOOR: "evaluator.floor",
    RETRAIN: "preprocess.retrain",
    SAMPLE_STRATEGY: "preprocess.sampleStrategy",
    SCALER: "preprocess.scaler",
};

/** Variables that libraries in the images read themselves: boto3, MLflow, libpq, Locust, Python. */
const ofLibraries = /^(AWS_|MLFLOW_|PG|LOCUST_|HOME$)/;

interface Container {
    readonly name: string;
    readonly image: string;
    readonly command?: readonly string[];
    readonly env?: readonly { readonly name: string }[];
}

interface PodSpec {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
}

/** Pod specs anywhere in a value. */
function podSpecs(value: unknown): PodSpec[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const own = "containers" in value && Array.isArray(value.containers) ? [value as PodSpec] : [];
    return [...own, ...Object.values(value).flatMap(podSpecs)];
}

/** The workload that a container runs, or undefined where it is none of services/. */
function workloadOf({ image, command = [] }: Container): string | undefined {
    const module = command[1] === "-m" ? (command[2] ?? "") : undefined;
    if (module !== undefined) {
        return module.startsWith("flts.") ? module : undefined;
    }
    return command[1] === "main.py" ? /(?:^|\/)flts\/([a-z]+):/.exec(image)?.[1] : undefined;
}

/** What the program sets of each workload, and which of it the workload does not read. */
function unreadVariables(resources: readonly Recorded[]): Map<string, string[]> {
    const unread = new Map<string, string[]>();
    for (const { containers, initContainers = [] } of resources.flatMap(({ inputs }) => podSpecs(inputs))) {
        for (const container of [...containers, ...initContainers]) {
            const workload = workloadOf(container);
            if (workload !== undefined) {
                const known = new Set(read[workload] ?? assert.fail(`environment.json has no ${workload}`));
                const names = (container.env ?? []).map(({ name }) => name);
                const wrong = names.filter((name) => !known.has(name) && !ofLibraries.test(name));
                unread.set(workload, [...(unread.get(workload) ?? []), ...wrong]);
            }
        }
    }
    return unread;
}

describe("the environment of the workloads", () => {
    for (const [which, overrides] of [
        ["the defaults", {}],
        [
            "an identifier, a default series and a canary",
            {
                identifier: "team-a",
                inference: { defaultSeries: "a" },
                serving: { canary: { runId: "0123456789abcdef0123456789abcdef", weight: 10 } },
            },
        ],
    ] as const) {
        it(`pods get only variables that the services read, with ${which}`, async () => {
            const { resources } = await deployProgram(settings(overrides));
            const unread = unreadVariables(resources);
            assert.deepEqual([...unread.keys()].sort(), Object.keys(read).sort());
            assert.deepEqual(
                [...unread].filter(([, names]) => names.length > 0),
                [],
            );
        });
    }

    it("settings and services offer the same values of a choice", () => {
        const allowed = new Map(settingDescriptions().map((setting) => [setting.path, setting.allowed]));
        assert.deepEqual(Object.keys(choices).sort(), Object.keys(CHOSEN_BY).sort());
        for (const [variable, values] of Object.entries(choices)) {
            const path = CHOSEN_BY[variable] ?? assert.fail(variable);
            const named = values.map((value) => (value === "" ? "none" : value)).join(", ");
            assert.match(allowed.get(path) ?? "", new RegExp(`^(one|a list) of ${named}$`), path);
        }
    });
});
