import type { ExternalKafka, KafkaLogin, KafkaTls } from "../../../components/infrastructure/external";
import type { Report } from "../problems";
import type { GivenSettings } from "../schema";

type Given<Keys extends keyof GivenSettings["kafka"]> = Pick<GivenSettings["kafka"], Keys>;

/** The message broker: deployed, or external. */
export type KafkaSettings = Given<"partitions" | "retentionHours" | "retentionMegabytes"> &
    (
        | ({ readonly from: "deploy" } & Given<"brokers" | "storage" | "heapMegabytes" | "resources">)
        | ({
              readonly from: "external";
              readonly replicationFactor: number;
              /** Stack whose topics this one takes over; undefined for none. */
              readonly formerOwner: string | undefined;
          } & ExternalKafka)
    );

type GivenExternal = GivenSettings["kafka"]["external"];

const SASL = ["SASL_PLAINTEXT", "SASL_SSL"];
const TLS = ["SSL", "SASL_SSL"];

export function kafkaOf(
    { external, partitions, retentionHours, retentionMegabytes, ...broker }: GivenSettings["kafka"],
    report: Report,
): KafkaSettings | undefined {
    const { bootstrapServers, replicationFactor, protocol, formerOwner } = external;
    const topics = { partitions, retentionHours, retentionMegabytes };
    reportUnused(external, report);
    if (bootstrapServers === undefined) {
        return { from: "deploy", ...topics, ...broker };
    }
    const login = loginOf(external);
    if (SASL.includes(protocol) && login === undefined) {
        report(
            "kafka.external.protocol",
            protocol,
            "needs flts:kafka.external.existingSecret, a Secret with the username and password of a user there",
        );
        return undefined;
    }
    return {
        from: "external",
        ...topics,
        bootstrapServers,
        replicationFactor,
        formerOwner,
        login,
        tls: tlsOf(external),
    };
}

function loginOf({ protocol, mechanism, existingSecret }: GivenExternal): KafkaLogin | undefined {
    return SASL.includes(protocol) && existingSecret !== undefined
        ? { mechanism, secretName: existingSecret }
        : undefined;
}

function tlsOf({ protocol, caSecret, certificateSecret }: GivenExternal): KafkaTls | undefined {
    return TLS.includes(protocol) ? { caSecret, certificateSecret } : undefined;
}

/**
 * What is for no brokers, and Secrets that the protocol does not use: whoever names one expects encryption, or a login,
 * that would be missing.
 */
function reportUnused(external: GivenExternal, report: Report): void {
    const { bootstrapServers, formerOwner } = external;
    if (formerOwner !== undefined && bootstrapServers === undefined) {
        report("kafka.external.formerOwner", formerOwner, "needs flts:kafka.external.bootstrapServers");
    }
    const uses = { existingSecret: SASL, caSecret: TLS, certificateSecret: TLS } as const;
    for (const name of ["existingSecret", "caSecret", "certificateSecret"] as const) {
        const value = external[name];
        if (value !== undefined && bootstrapServers === undefined) {
            report(`kafka.external.${name}`, value, "needs flts:kafka.external.bootstrapServers");
        } else if (value !== undefined && !uses[name].includes(external.protocol)) {
            report(
                `kafka.external.${name}`,
                value,
                `is not used with protocol ${external.protocol}; set flts:kafka.external.protocol to ${uses[name].join(" or ")}`,
            );
        }
    }
}
