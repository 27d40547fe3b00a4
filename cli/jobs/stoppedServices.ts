import pWaitFor from "p-wait-for";
import { EVALUATOR_NAME, TRAINER_NAMES } from "../../components/contract";
import { fail, type Report } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { POLL_INTERVAL } from "./job";

/** Annotation of a Deployment that is stopped: how many pods it had. */
const REPLICAS_BEFORE = "flts.io/replicas-before-restore";
/** Deployments that write into the buckets or the database; those that are deployed are stopped. MLflow starts first. */
const WRITERS = ["mlflow", "preprocess", EVALUATOR_NAME, ...Object.values(TRAINER_NAMES)];
/** Milliseconds in which pods have to end; a trainer may take a minute for what it has at hand. */
const END_TIMEOUT = 300_000;
const START_TIMEOUT = "--timeout=300s";

interface Deployment {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: { readonly replicas?: number };
}

/** The command that starts services that a restore left stopped. */
export function startCommand(namespace: string, names: readonly string[]): string {
    return `kubectl --namespace ${namespace} scale --replicas=1 ${names.map((name) => `deployment/${name}`).join(" ")}`;
}

/**
 * The services that write what a restore puts back, while they have no pods.
 *
 * How many pods each had is written on its Deployment, so that a second restore after an interrupted one starts as many.
 */
export class StoppedServices {
    private constructor(
        private readonly kubectl: Kubectl,
        private readonly replicas: ReadonlyMap<string, number>,
    ) {}

    /** Names of the services. */
    get names(): string[] {
        return [...this.replicas.keys()];
    }

    /** Stops the services that are deployed, and waits until their pods are gone. */
    static async stop(kubectl: Kubectl, report: Report): Promise<StoppedServices> {
        const text = await kubectl("get", "deployments", "--output", "json");
        const { items } = JSON.parse(text) as { items: readonly Deployment[] };
        const replicas = new Map(
            WRITERS.flatMap((name) => items.filter(({ metadata }) => metadata.name === name)).map(
                ({ metadata: { name, annotations }, spec }) => [
                    name,
                    Number(annotations?.[REPLICAS_BEFORE] ?? spec.replicas ?? 1),
                ],
            ),
        );
        for (const [name, before] of replicas) {
            await kubectl("annotate", "--overwrite", "deployment", name, `${REPLICAS_BEFORE}=${before}`);
            await kubectl("scale", "deployment", name, "--replicas=0");
        }
        const stopped = new StoppedServices(kubectl, replicas);
        if (replicas.size > 0) {
            await stopped.untilGone(report);
        }
        return stopped;
    }

    /** Starts them with as many pods as they had, and waits until these work. */
    async start(report: Report): Promise<void> {
        for (const [name, before] of this.replicas) {
            await this.kubectl("scale", "deployment", name, `--replicas=${before}`);
            await this.kubectl("annotate", "deployment", name, `${REPLICAS_BEFORE}-`);
        }
        for (const name of this.names) {
            report(undefined, name);
            await this.kubectl("rollout", "status", `deployment/${name}`, START_TIMEOUT);
        }
    }

    private async untilGone(report: Report): Promise<void> {
        const selector = `app.kubernetes.io/name in (${this.names.join(",")})`;
        let left: readonly string[] = [];
        const gone = async (): Promise<boolean> => {
            const text = await this.kubectl("get", "pods", "--selector", selector, "--output", "name");
            left = text.split("\n").filter((line) => line !== "");
            report(undefined, `${left.length} pods left`);
            return left.length === 0;
        };
        await pWaitFor(gone, {
            interval: POLL_INTERVAL,
            timeout: {
                milliseconds: END_TIMEOUT,
                fallback: () =>
                    fail(`these pods did not end within ${END_TIMEOUT / 60_000} minutes: ${left.join(", ")}`),
            },
        });
    }
}
