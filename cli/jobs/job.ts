import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { podsIn, type Pod } from "../stack/pods";

/** Milliseconds between two polls of the cluster; polling must not keep a core busy. */
export const POLL_INTERVAL = 1_000;

interface Container {
    name?: string;
    env?: { name: string; value?: string }[];
}

interface Job {
    spec: { template: { spec: { containers: Container[]; initContainers?: Container[] } } };
}

/** A Job in which every container that has one of these variables gets this value of it. */
export function withValues<Pattern extends Job>(
    pattern: Pattern,
    values: Readonly<Record<string, string>>,
): Pattern {
    const { containers, initContainers = [] } = pattern.spec.template.spec;
    for (const variable of [...initContainers, ...containers].flatMap(({ env = [] }) => env)) {
        const value = values[variable.name];
        if (value !== undefined) {
            variable.value = value;
        }
    }
    return pattern;
}

/** A Job of one of the pattern's steps alone. Fails where there is none of this name, as in a stack of an earlier version. */
export function onlyStepOf<Pattern extends Job>(pattern: Pattern, name: string): Pattern {
    const { spec } = pattern.spec.template;
    const step = [...(spec.initContainers ?? []), ...spec.containers].find((each) => each.name === name);
    spec.containers = [step ?? fail(`the CronJob has no step ${name}: run \`make up\`, which updates it.`)];
    delete spec.initContainers;
    return pattern;
}

/** How a Job differs from its CronJob's pattern. */
export interface JobChanges {
    /** Values of variables, by name. */
    readonly values?: Readonly<Record<string, string>>;
    /** The only step to run; all of them by default. */
    readonly onlyStep?: string;
}

/**
 * Makes a Job of a CronJob's pattern; returns its name.
 *
 * @param setting that must be true for the CronJob to be there.
 */
export async function createJob(
    kubectl: Kubectl,
    namespace: string,
    cronJob: string,
    setting: string,
    { values = {}, onlyStep }: JobChanges = {},
): Promise<string> {
    try {
        await kubectl("get", "cronjob", cronJob);
    } catch {
        fail(
            `there is no CronJob ${cronJob} in namespace ${namespace}: set ${setting} to true and run \`make up\`.`,
        );
    }
    const name = `${cronJob}-${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}`;
    const from = ["create", "job", name, `--from=cronjob/${cronJob}`];
    const pattern = await kubectl(...from, "--dry-run=client", "--output", "json");
    const directory = mkdtempSync(join(tmpdir(), "flts-job-"));
    try {
        const path = join(directory, "job.json");
        const job = withValues(JSON.parse(pattern) as Job, values);
        writeFileSync(path, JSON.stringify(onlyStep === undefined ? job : onlyStepOf(job, onlyStep)));
        await kubectl("create", "--filename", path);
    } finally {
        rmSync(directory, { recursive: true });
    }
    return name;
}

/** The pod that a Job made last; undefined before the first, and after the Job took it away. */
export async function newestPod(kubectl: Kubectl, job: string): Promise<Pod | undefined> {
    const selector = `batch.kubernetes.io/job-name=${job}`;
    const text = await kubectl("get", "pods", "--selector", selector, "--output", "json");
    const created = ({ metadata }: Pod): string => metadata?.creationTimestamp ?? "";
    return podsIn(text)
        .toSorted((a, b) => created(a).localeCompare(created(b)))
        .at(-1);
}
