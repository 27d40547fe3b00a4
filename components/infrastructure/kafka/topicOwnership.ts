import { KAFKA_GRANTS, kafkaName, ownerTopic } from "../../contract";
import type { Platform } from "../../core/platform";
import type { Topic } from "./topic";

/** Whose the topics are in brokers that other stacks may use, as `services/flts/topics/ownership.py` reads it. */
export interface TopicOwnership {
    /** Topic in which it is written down. */
    readonly topic: Topic;
    readonly identifier: string;
    readonly owner: {
        /** `organization/project/stack` */
        readonly stack: string;
        readonly namespace: string;
        /** Empty where it cannot be read. */
        readonly cluster: string;
    };
    /** Owner whose topics the stack takes over, as the refusal names it; empty for none. */
    readonly formerOwner: string;
    /** Consumer groups of the stack's services. */
    readonly groups: readonly string[];
}

export interface TopicOwnershipOptions {
    readonly replicationFactor: number;
    readonly formerOwner: string | undefined;
}

/** The stack as the owner of its topics. */
export function topicOwnership(
    {
        identifier,
        qualifiedName,
        namespaceName,
        clusterIdentity,
    }: Pick<Platform, "identifier" | "qualifiedName" | "namespaceName" | "clusterIdentity">,
    { replicationFactor, formerOwner = "" }: TopicOwnershipOptions,
): TopicOwnership {
    return {
        topic: ownerTopic(identifier, replicationFactor),
        identifier,
        owner: { stack: qualifiedName, namespace: namespaceName, cluster: clusterIdentity ?? "" },
        formerOwner,
        groups: KAFKA_GRANTS["kafka-lag"].groups.map((group) => kafkaName(identifier, group)),
    };
}
