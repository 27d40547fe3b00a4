import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { canonicalJson, contentHash } from "../../core/contentHash";
import { environment, plain } from "../../core/pod/environment";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import { container, podTemplate, type Resources } from "../../core/pod/pod";
import { SERVICE_USER } from "../../core/pod/podSecurity";
import { Tier } from "../../core/tier";

/** One topic as `services/flts/topics.py` reads it. */
export interface Topic {
    readonly name: string;
    readonly partitions: number;
    readonly replicationFactor: number;
    /** Topic settings, all text: https://kafka.apache.org/documentation/#topicconfigs */
    readonly config: Readonly<Record<string, string>>;
}

export interface KafkaTopicsArgs {
    readonly platform: Platform;
    readonly kafka: Connection;
    readonly topics: readonly Topic[];
}

const RESOURCES: Resources = {
    requests: { cpu: "50m", memory: "96Mi" },
    limits: { cpu: "1", memory: "256Mi" },
};

const DECLARATION = "/etc/flts/topics.json";

/**
 * Declares the topics: creates them, adds partitions and sets their configuration, as often as it runs.
 *
 * Topics are never deleted by it, since a topic holds data that nobody else may have.
 */
export class KafkaTopics extends Tier {
    /** What a client of the broker gets, once every topic stands as declared. */
    public readonly connection: Connection;

    public constructor(name: string, args: KafkaTopicsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:KafkaTopics", name, args.platform, opts);
        this.link([args.kafka]);
        const job = this.declare(args);
        this.connection = { ...args.kafka, requires: [...args.kafka.requires, job] };
        this.registerOutputs({ job: job.metadata.name });
    }

    private declare({ platform, kafka, topics }: KafkaTopicsArgs): kubernetes.batch.v1.Job {
        const image = platform.images.reference("preprocess");
        const declaration = canonicalJson(topics);
        const name = `${this.tierName}-${contentHash({ image, declaration })}`;
        const map = new kubernetes.core.v1.ConfigMap(
            this.tierName,
            { metadata: this.metadata(name), immutable: true, data: { "topics.json": declaration } },
            this.child(),
        );
        return new kubernetes.batch.v1.Job(
            this.tierName,
            {
                metadata: this.jobMetadata(name),
                spec: {
                    backoffLimit: 4,
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        restartPolicy: "Never",
                        containers: [
                            container({
                                name: "topics",
                                image,
                                command: ["python", "-m", "flts.topics", DECLARATION],
                                environment: environment(
                                    kafka.environment,
                                    plain({ HOME: "/tmp", LOG_LEVEL: platform.logLevel }),
                                ),
                                resources: RESOURCES,
                                mounts: [{ name: "topics", mountPath: "/etc/flts", readOnly: true }],
                            }),
                        ],
                        volumes: [{ name: "topics", configMap: { name: map.metadata.name } }],
                    }),
                },
            },
            this.child({ dependsOn: [...kafka.requires] }),
        );
    }
}
