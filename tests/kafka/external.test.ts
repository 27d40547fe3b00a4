import assert from "node:assert/strict";
import { externalKafka, type ExternalKafka } from "../../components/infrastructure/external";
import { Brokers } from "./support/brokers";
import { certificateFor, type Certificate } from "./support/certificate";
import {
    NOT_ADMITTED,
    attempt,
    declare,
    declareRefused,
    signedIn,
    type Environment,
} from "./support/services";
import { freePort } from "../support/freePort";

/** The second listener, as operators of Kafka set one up: TLS, and SCRAM over it. */
function withTls(properties: string, port: number, { certificate, key }: Certificate): string {
    const pem = (text: string): string => text.trim().replaceAll("\n", "\\n");
    const name = "listener.name.encrypted";
    return [
        properties
            .replace(/^listeners=.*/m, `$&,ENCRYPTED://127.0.0.1:${port}`)
            .replace(/^advertised\.listeners=.*/m, `$&,ENCRYPTED://127.0.0.1:${port}`)
            .replace(/^listener\.security\.protocol\.map=.*/m, "$&,ENCRYPTED:SASL_SSL"),
        `${name}.sasl.enabled.mechanisms=SCRAM-SHA-512`,
        `${name}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
        `${name}.ssl.keystore.type=PEM`,
        `${name}.ssl.keystore.certificate.chain=${pem(certificate)}`,
        `${name}.ssl.keystore.key=${pem(key)}`,
        "",
    ].join("\n");
}

describe("external brokers with TLS and a login", function () {
    this.timeout(180_000);

    const brokers = new Brokers(1);
    const { authority, ...certificate } = certificateFor("127.0.0.1");
    const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        login: { username: "preprocess", password: "preprocess-1" },
        ca: { "ca.crt": authority },
    };
    let port = 0;

    /** Environment of a pod that has the connection, with values of Secrets as the kubelet fills them in. */
    const environmentOf = (settings: Partial<ExternalKafka>): Environment => {
        const { environment } = externalKafka({
            bootstrapServers: `127.0.0.1:${port}`,
            login: { mechanism: "SCRAM-SHA-512", secretName: "login" },
            tls: { caSecret: "ca", certificateSecret: undefined },
            ...settings,
        });
        return Object.fromEntries(
            environment.map(({ name, value, valueFrom }) => {
                const { name: secret, key } = (
                    valueFrom as { secretKeyRef?: { name: string; key: string } } | undefined
                )?.secretKeyRef ?? { name: "", key: "" };
                return [name as string, (value as string | undefined) ?? secrets[secret]?.[key] ?? ""];
            }),
        );
    };

    before(async () => {
        await brokers.prepare();
        port = await freePort();
        await brokers.start({ broker: "broker-1", admin: "admin-1" }, (text) =>
            withTls(text, port, certificate),
        );
        declare(
            brokers.directory,
            signedIn(brokers.bootstrapServers, "admin", "admin-1", "PLAIN"),
            1,
            (user) => `${user}-1`,
        );
    });

    after(() => {
        brokers.remove();
    });

    // Promise: external-kafka-tls-login
    it("services use external brokers with TLS and a login as the settings say", () => {
        assert.equal(attempt(environmentOf({}), "publish", "training-data"), "sent");
    });

    it("services refuse brokers whose certificate another CA signed", () => {
        const strange = certificateFor("127.0.0.1").authority;
        const environment = { ...environmentOf({}), KAFKA_SSL_CA_PEM: strange };
        assert.match(attempt(environment, "follow", "training-data"), NOT_ADMITTED);
        assert.equal(attempt(environmentOf({}), "publish", "training-data"), "sent");
    });

    it("an error names the setting if TLS is configured for a port without TLS", () => {
        const output = declareRefused(
            brokers.directory,
            environmentOf({ bootstrapServers: brokers.bootstrapServers }),
        );
        assert.match(
            output,
            /the port must be one of a listener with TLS \(flts:kafka\.external\.protocol\)/,
        );
    });
});
