/** One topic as `services/flts/topics/declaration.py` reads it. */
export interface Topic {
    readonly name: string;
    readonly partitions: number;
    readonly replicationFactor: number;
    /** Topic settings, all text: https://kafka.apache.org/documentation/#topicconfigs */
    readonly config: Readonly<Record<string, string>>;
}
