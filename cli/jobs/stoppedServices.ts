import { EVALUATOR_NAME, TRAINER_NAMES } from "../../components/contract";
import type { Report } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { untilNoPods } from "./untilNoPods";

/** Annotation of a Deployment that is stopped: how many pods it had. */
const REPLICAS_BEFORE = "flts.io/replicas-before-restore";
/** Deployments that write into the buckets or the database; those that are deployed are stopped. MLflow starts first. */
const WRITERS = ["mlflow", "preprocess", EVALUATOR_NAME, ...Object.values(TRAINER_NAMES)];
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
        await untilNoPods(kubectl, report, { tiers: stopped.names, called: "pods" });
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
}
