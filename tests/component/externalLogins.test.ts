import assert from "node:assert/strict";
import type { Recorded } from "../support/mocks";
import { containers, ofType, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

/** Secrets that a workload's container sees as folders, by path. */
function mountedSecrets(resources: readonly Recorded[], name: string): Record<string, string> {
    const workload = workloads(resources).find((candidate) => candidate.name === name);
    assert.ok(workload, name);
    const { volumes } = workload.template.spec;
    return Object.fromEntries(
        (workload.template.spec.containers[0]?.volumeMounts ?? []).flatMap(({ name: volume, mountPath }) => {
            const mounted = volumes.find((candidate) => candidate.name === volume) as
                { secret?: { secretName: string } } | undefined;
            return mounted?.secret === undefined ? [] : [[mountPath, mounted.secret.secretName]];
        }),
    );
}

/** Values of a workload's variables; of one from a Secret, `name/key`. */
function variablesOf(resources: readonly Recorded[], name: string): Record<string, unknown> {
    const workload = workloads(resources).find((candidate) => candidate.name === name);
    assert.ok(workload, name);
    return Object.fromEntries(
        (workload.template.spec.containers[0]?.env ?? []).map(({ name: key, value, valueFrom }) => {
            const secret = (valueFrom as { secretKeyRef?: { name: string; key: string } } | undefined)
                ?.secretKeyRef;
            return [key, secret === undefined ? value : `${secret.name}/${secret.key}`];
        }),
    );
}

describe("external Kafka and MLflow", function () {
    this.timeout(30_000);

    // Promise: external-kafka-tls-login
    // Promise: external-mlflow-login
    // Promise: external-mlflow-ca
    it("every client logs in to external Kafka and MLflow over TLS, with Secrets that are not copied", async () => {
        const { resources: secured } = await deployProgram(
            settings({
                kafka: {
                    external: {
                        bootstrapServers: "kafka-1.example:9094,kafka-2.example:9094",
                        protocol: "SASL_SSL",
                        mechanism: "SCRAM-SHA-256",
                        existingSecret: "kafka-login",
                        caSecret: "kafka-ca",
                        certificateSecret: "kafka-client",
                    },
                },
                mlflow: {
                    external: {
                        trackingUri: "https://mlflow.example",
                        existingSecret: "mlflow-login",
                        caSecret: "mlflow-ca",
                    },
                },
            }),
        );
        const kafka = {
            KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
            KAFKA_SASL_MECHANISM: "SCRAM-SHA-256",
            KAFKA_SASL_USERNAME: "kafka-login/username",
            KAFKA_SASL_PASSWORD: "kafka-login/password",
            KAFKA_SSL_CA_PEM: "kafka-ca/ca.crt",
            KAFKA_SSL_CERTIFICATE_PEM: "kafka-client/tls.crt",
            KAFKA_SSL_KEY_PEM: "kafka-client/tls.key",
        };
        const mlflow = {
            MLFLOW_TRACKING_USERNAME: "mlflow-login/username",
            MLFLOW_TRACKING_PASSWORD: "mlflow-login/password",
            MLFLOW_TRACKING_SERVER_CERT_PATH: "/etc/flts-secrets/mlflow-ca/ca.crt",
        };
        for (const [name, expected] of Object.entries({
            "kafka-topics": kafka,
            preprocess: kafka,
            inference: kafka,
            "train-gru": { ...kafka, ...mlflow },
            eval: { ...kafka, ...mlflow },
        })) {
            const given = variablesOf(secured, name);
            const names = Object.keys(expected);
            assert.deepEqual(Object.fromEntries(names.map((key) => [key, given[key]])), expected, name);
        }
        for (const name of ["train-gru", "eval"]) {
            assert.deepEqual(
                mountedSecrets(secured, name),
                { "/etc/flts-secrets/mlflow-ca": "mlflow-ca" },
                name,
            );
        }
        const own = ofType(secured, "kubernetes:core/v1:Secret").map(
            ({ inputs }) => (inputs.metadata as { name: string }).name,
        );
        for (const name of ["kafka-login", "kafka-ca", "kafka-client", "mlflow-login", "mlflow-ca"]) {
            assert.ok(!own.includes(name), name);
        }
    });

    // Promise: external-postgres-ca
    it("MLflow and backups verify the certificate of an external PostgreSQL whose CA is given", async () => {
        const { resources } = await deployProgram(
            settings({
                postgres: {
                    external: { host: "db.example", caSecret: "db-ca" },
                    existingSecret: "db-admin",
                    access: { mode: "direct", host: "db.example" },
                },
                backup: { enabled: true },
            }),
        );
        const { PGSSLMODE, PGSSLROOTCERT } = variablesOf(resources, "mlflow");
        assert.equal(PGSSLMODE, "verify-full");
        assert.equal(PGSSLROOTCERT, "/etc/flts-secrets/db-ca/ca.crt");
        for (const workload of workloads(resources)) {
            for (const { name, env, volumeMounts } of containers(workload)) {
                const asks = env.some((variable) => variable.name === "PGHOST");
                const mounted = volumeMounts.some(({ mountPath }) => mountPath === "/etc/flts-secrets/db-ca");
                assert.equal(mounted, asks, `${workload.name}: ${name}`);
            }
        }
    });
});
