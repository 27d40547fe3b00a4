import { toolPath } from "../../toolchain/tools/paths";
import { clusterEnvironment, kubectl, kubectlGet, succeed } from "./commands";

const NAMESPACE = "flts";

/** What is promoted, as the history and the pointer hold it. */
export interface Promotion {
    readonly run_id: string;
    readonly config_hash: string;
    readonly model_type: string;
}

interface EnvironmentVariable {
    readonly name: string;
    readonly value?: string;
}

interface Deployment {
    readonly spec: {
        readonly template: {
            readonly metadata: { readonly labels: Readonly<Record<string, string>> };
            readonly spec: {
                readonly containers: readonly {
                    readonly name: string;
                    readonly image: string;
                    readonly env: readonly EnvironmentVariable[];
                    readonly resources: object;
                    readonly volumeMounts: readonly object[];
                    readonly securityContext: object;
                }[];
            };
        };
    };
}

/** Looks every half second until `look` finds something; after `seconds` it is an error that says what was missed. */
export async function eventually<T>(
    what: string,
    seconds: number,
    look: () => Promise<T | undefined>,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await look();
        if (found !== undefined) {
            return found;
        }
        if (Date.now() > end) {
            throw new Error(`${what}: not within ${seconds} s`);
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
}

/** Repeats a look until it finds nothing wrong, at most for `seconds`; the last findings are what the test shows. */
export async function settle(
    seconds: number,
    look: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const wrong = await look().catch((error: unknown) => [String(error)]);
        if (wrong.length === 0 || Date.now() > deadline) {
            return wrong;
        }
        await new Promise((wake) => setTimeout(wake, 5_000));
    }
}

/** Logs of pods, empty while there are none. */
export function logsOf(...parameters: readonly string[]): Promise<string> {
    return kubectl("logs", "--namespace", NAMESPACE, "--tail", "-1", ...parameters).catch(() => "");
}

/**
 * A pass over the data of a stack with one series, as a configuration of its own: a Job like preprocess' pod, with
 * another salt.
 */
export class Processing {
    private constructor(private readonly name: string) {}

    static async start(salt: string): Promise<Processing> {
        const { template } = (
            await kubectlGet<Deployment>("deployment", "preprocess", "--namespace", NAMESPACE)
        ).spec;
        const name = `preprocess-${salt}`;
        const labels = Object.entries(template.metadata.labels).filter(([key]) =>
            key.startsWith("app.kubernetes.io/"),
        );
        const containers = template.spec.containers.map(({ env, ...container }) => ({
            name: container.name,
            image: container.image,
            resources: container.resources,
            volumeMounts: container.volumeMounts,
            securityContext: container.securityContext,
            command: ["python", "main.py"],
            env: [
                ...env.filter((variable) => variable.name !== "EXTRA_HASH_SALT"),
                { name: "EXTRA_HASH_SALT", value: salt },
            ],
        }));
        const job = {
            apiVersion: "batch/v1",
            kind: "Job",
            metadata: { name, namespace: NAMESPACE },
            spec: {
                backoffLimit: 3,
                ttlSecondsAfterFinished: 600,
                template: {
                    metadata: { labels: Object.fromEntries(labels) },
                    spec: { ...template.spec, restartPolicy: "Never", containers },
                },
            },
        };
        await succeed(toolPath("kubectl"), ["create", "--filename", "-"], {
            environment: clusterEnvironment(),
            input: JSON.stringify(job),
        });
        return new Processing(name);
    }

    /** Label selector of the pods that do it. */
    get selector(): string {
        return `job-name=${this.name}`;
    }

    /** Waits until its log has one of the events. */
    says(...events: readonly string[]): Promise<string> {
        return eventually(`${events.join(" or ")} of ${this.name}`, 120, async () => {
            const log = await logsOf("--selector", this.selector);
            return events.some((event) => log.includes(`"${event}"`)) ? log : undefined;
        });
    }

    /**
     * Waits until the data are announced; gives their configuration's hash. A pod that takes over from one that was
     * killed after its announcement finds nothing left to do.
     */
    async announced(): Promise<string> {
        const log = await this.says("claims_published", "skip_idempotent");
        const hash = /"config_hash": "([0-9a-f]{64})"/.exec(log)?.[1];
        if (hash === undefined) {
            throw new Error(`no config_hash in the log of ${this.name}:\n${log}`);
        }
        return hash;
    }
}

/** Every promotion of a configuration in the history, read in the object store with the evaluator's own user. */
export async function promotionsOf(hash: string): Promise<readonly Promotion[]> {
    const program = [
        "import boto3, json",
        "s3 = boto3.client('s3')",
        `found = s3.list_objects_v2(Bucket='model-promotion', Prefix='global/${hash}/promotion-')`,
        "read = lambda key: json.load(s3.get_object(Bucket='model-promotion', Key=key)['Body'])",
        "print(json.dumps([read(item['Key']) for item in found.get('Contents', [])]))",
    ].join("; ");
    const text = await kubectl(
        "exec",
        "--namespace",
        NAMESPACE,
        "deployment/eval",
        "--",
        "python",
        "-c",
        program,
    );
    return JSON.parse(text) as Promotion[];
}

/** What the service at `url` answers with, once it is a model of this configuration. */
export function served(url: string, hash: string): Promise<Promotion> {
    return eventually(`a model of ${hash} at ${url}`, 240, async () => {
        try {
            const response = await fetch(`${url}/model`, { signal: AbortSignal.timeout(3000) });
            const answer = (await response.json()) as Promotion;
            return response.ok && answer.config_hash === hash ? answer : undefined;
        } catch {
            // The load balancer or its pods may be without a connection for a moment, too.
            return undefined;
        }
    });
}
