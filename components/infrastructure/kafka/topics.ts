import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { canonicalJson, contentHash } from "../../core/contentHash";
import { environment, plain } from "../../core/pod/environment";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import { container, podTemplate, type Resources } from "../../core/pod/pod";
import { SERVICE_USER } from "../../core/pod/podSecurity";
import { Tier } from "../../core/tier";
import { generatedLogin } from "../../core/data/credentials";
import { ownedName } from "../../core/data/ownedName";
import { KAFKA_USERS, type KafkaUser } from "../../contract";
import type { Kafka } from "./kafka";
import { KafkaClients, userSecretName } from "./kafkaClients";
import { grantsOf } from "./kafkaUsers";
import type { Topic } from "./topic";
import type { TopicOwnership } from "./topicOwnership";

export interface KafkaTopicsArgs {
    readonly platform: Platform;
    /**
     * Brokers of the stack's own, in which each service gets a user, or external ones that know their users, and in which
     * the topics may be another stack's.
     */
    readonly brokers:
        { readonly own: Kafka } | { readonly external: Connection; readonly ownership: TopicOwnership };
    readonly topics: readonly Topic[];
}

const RESOURCES: Resources = {
    requests: { cpu: "50m", memory: "96Mi" },
    limits: { cpu: "1", memory: "256Mi" },
};

/**
 * Tries after the first. Each waits up to three minutes for brokers, and Pulumi's provider up to ten for the Job: of failed
 * Jobs it knows those alone that have no tries left, so that a `podFailurePolicy` would have an update wait in vain.
 */
const RETRIES = 2;

const CONFIG_DIRECTORY = "/etc/flts";
const PASSWORD_DIRECTORY = "/etc/flts-passwords";

/**
 * Declares the topics: creates them, adds partitions and sets their configuration, as often as it runs. In brokers of the
 * stack's own it also makes the services' users, with the permissions that each needs; in others it ends before it changes
 * anything where the topics are another stack's.
 *
 * Topics are never deleted by it, since a topic holds data that nobody else may have.
 */
export class KafkaTopics extends Tier {
    /** The brokers, once every topic and user is as declared. */
    public readonly clients: KafkaClients;

    public constructor(name: string, args: KafkaTopicsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:KafkaTopics", name, args.platform, opts);
        const own = "own" in args.brokers;
        const [administration, shared] =
            "own" in args.brokers
                ? [args.brokers.own.administration, args.brokers.own.connection]
                : [args.brokers.external, args.brokers.external];
        this.link([administration]);
        const secrets = own ? this.logins(args.platform) : new Map<KafkaUser, kubernetes.core.v1.Secret>();
        const job = this.declare(args, administration, secrets);
        this.clients = new KafkaClients({ ...shared, requires: [...shared.requires, job] }, own);
        this.registerOutputs({ job: job.metadata.name });
    }

    /** A user of its own for each service: a Secret with its name and password. */
    private logins(platform: Platform): ReadonlyMap<KafkaUser, kubernetes.core.v1.Secret> {
        return new Map(
            KAFKA_USERS.map((user) => {
                const username = ownedName(platform, user);
                const login = generatedLogin(userSecretName(user), "kafka", platform, this, (password) => ({
                    username,
                    password,
                }));
                return [user, login.secret];
            }),
        );
    }

    private declare(
        { platform, topics, brokers }: KafkaTopicsArgs,
        administration: Connection,
        secrets: ReadonlyMap<KafkaUser, kubernetes.core.v1.Secret>,
    ): kubernetes.batch.v1.Job {
        const image = platform.images.reference("preprocess");
        const users = [...secrets.keys()].map((user) => ({
            name: ownedName(platform, user),
            passwordFile: `${PASSWORD_DIRECTORY}/${user}`,
            grants: grantsOf(platform.identifier, user),
        }));
        const data = {
            "topics.json": canonicalJson(topics),
            "users.json": canonicalJson(users),
            ...("external" in brokers ? { "ownership.json": canonicalJson(brokers.ownership) } : {}),
        };
        // Renewed passwords are another declaration.
        const name = `${this.tierName}-${contentHash({ image, data, epoch: platform.credentialsEpoch })}`;
        const map = new kubernetes.core.v1.ConfigMap(
            this.tierName,
            { metadata: this.metadata(name), immutable: true, data },
            this.child(),
        );
        return new kubernetes.batch.v1.Job(
            this.tierName,
            {
                metadata: this.jobMetadata(name),
                spec: {
                    backoffLimit: RETRIES,
                    template: podTemplate({
                        ...this.pods,
                        user: SERVICE_USER,
                        restartPolicy: "Never",
                        containers: [
                            {
                                ...container({
                                    name: "topics",
                                    image,
                                    command: [
                                        "python",
                                        "-m",
                                        "flts.topics",
                                        ...Object.keys(data).map((file) => `${CONFIG_DIRECTORY}/${file}`),
                                    ],
                                    environment: environment(
                                        administration.environment,
                                        plain({ HOME: "/tmp", LOG_LEVEL: platform.logLevel }),
                                    ),
                                    resources: RESOURCES,
                                    mounts: [
                                        { name: "topics", mountPath: CONFIG_DIRECTORY, readOnly: true },
                                        { name: "passwords", mountPath: PASSWORD_DIRECTORY, readOnly: true },
                                    ],
                                }),
                                // Pulumi shows it: the log ends with what is wrong.
                                terminationMessagePolicy: "FallbackToLogsOnError",
                            },
                        ],
                        volumes: [
                            { name: "topics", configMap: { name: map.metadata.name } },
                            { name: "passwords", projected: { sources: passwordFiles(secrets) } },
                        ],
                    }),
                },
            },
            this.child({ dependsOn: [...administration.requires, ...secrets.values()] }),
        );
    }
}

/** A file for each service's password, named like the service. */
function passwordFiles(
    secrets: ReadonlyMap<KafkaUser, kubernetes.core.v1.Secret>,
): kubernetes.types.input.core.v1.VolumeProjection[] {
    return [...secrets].map(([user, { metadata }]) => ({
        secret: { name: metadata.name, items: [{ key: "password", path: user }] },
    }));
}
