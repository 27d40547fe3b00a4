import type { Connection } from "../../core/links";
import type { KafkaUser } from "../../contract";
import { signIn } from "./kafkaSecurity";

/** Secret with the keys `username` and `password` of a service's user in the stack's own Kafka. */
export function userSecretName(user: KafkaUser): string {
    return `${user}-kafka`;
}

/** The brokers, with topics and users, as the stack's services reach them. */
export class KafkaClients {
    /**
     * @param shared what all services get.
     * @param users whether each service signs in as a user of its own, with the Secret {@link userSecretName}.
     */
    public constructor(
        public readonly shared: Connection,
        public readonly users: boolean,
    ) {}

    /** What one service gets. */
    public connection(user: KafkaUser): Connection {
        const own = this.users ? signIn(userSecretName(user), "SCRAM-SHA-512") : [];
        return { ...this.shared, environment: [...this.shared.environment, ...own] };
    }
}
