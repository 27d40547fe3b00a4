import { KAFKA_GRANTS, kafkaName, topicsOf, type KafkaGrants, type KafkaUser } from "../../contract";

/** One operation on one topic or group, as `services/flts/topics/users.py` reads it. */
export interface KafkaGrant {
    readonly resource: "topic" | "group";
    readonly name: string;
    readonly operation: "read" | "write" | "describe";
}

/** All that the user of a service may do in the pipeline `identifier`. */
export function grantsOf(identifier: string, user: KafkaUser): KafkaGrant[] {
    const names = topicsOf(identifier);
    const { reads, writes, describes, groups }: KafkaGrants = KAFKA_GRANTS[user];
    const topics = (operation: KafkaGrant["operation"], list: typeof reads): KafkaGrant[] =>
        (list ?? []).map((topic) => ({ resource: "topic", name: names[topic], operation }));
    return [
        ...topics("read", reads),
        ...topics("write", writes),
        ...topics("describe", describes),
        ...(groups ?? []).map((group) => ({
            resource: "group" as const,
            name: kafkaName(identifier, group),
            operation: reads === undefined ? ("describe" as const) : ("read" as const),
        })),
    ];
}
