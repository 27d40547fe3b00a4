import assert from "node:assert/strict";
import { dumpScript } from "../../components/operations/backupDatabase";
import { GENERATED_SECRET } from "../support/mocks";
import { one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

describe("MLflow", () => {
    // Promise: new-mlflow-migrates-database
    it("migrates its database before it starts, and never twice at a time", async () => {
        const { resources } = await deployProgram(settings());
        const { inputs } = one(resources, "kubernetes:apps/v1:Deployment", "mlflow");
        assert.deepEqual((inputs.spec as { strategy: object }).strategy, { type: "Recreate" });
        const mlflow = workloads(resources).find(({ name }) => name === "mlflow");
        const { initContainers, containers } = mlflow?.template.spec ?? assert.fail("no pods");
        assert.deepEqual(
            initContainers.map(({ name, command, image }) => ({ name, command, image })),
            [
                {
                    name: "migrate",
                    command: ["mlflow", "db", "upgrade", "postgresql+psycopg2://"],
                    image: containers[0]?.image,
                },
                {
                    name: "users",
                    command: ["python", "-m", "flts.mlflowauth"],
                    image: containers[0]?.image,
                },
            ],
        );
    });

    // Promise: mlflow-asks-for-login
    it("requires a generated password from every client, with a user for each tier and one for people", async () => {
        const { resources, outputs } = await deployProgram(settings());
        const pods = workloads(resources);
        const { containers } =
            pods.find(({ name }) => name === "mlflow")?.template.spec ?? assert.fail("no pods");
        assert.deepEqual(containers[0]?.command.slice(2, 4), ["--app-name", "basic-auth"]);
        assert.equal(outputs.secrets.mlflowAdmin, "mlflow-admin");
        const userOf = (tier: string): unknown =>
            pods
                .find(({ name }) => name === tier)
                ?.template.spec.containers[0]?.env.find(({ name }) => name === "MLFLOW_TRACKING_PASSWORD")
                ?.valueFrom.secretKeyRef.name;
        assert.deepEqual(
            ["train-gru", "train-lstm", "nonml-prophet", "eval", "preprocess", "inference"].map(userOf),
            ["mlflow-train", "mlflow-train", "mlflow-train", "mlflow-eval", undefined, undefined],
        );
        for (const user of ["admin", "train", "eval"]) {
            const holders = resources.filter(({ inputs }) =>
                JSON.stringify(inputs).includes(`${GENERATED_SECRET}mlflow-${user}`),
            );
            assert.deepEqual(
                holders.map(({ type, name }) => `${type} ${name}`),
                [`kubernetes:core/v1:Secret mlflow-${user}`],
            );
        }
    });

    it("leaves its users out of backups, because a restore would bring back old passwords", async () => {
        const { resources } = await deployProgram(settings());
        const { inputs } = one(resources, "kubernetes:core/v1:ConfigMap", "mlflow");
        const [, schema] =
            /search_path%%3D(\w+)/.exec((inputs.data as Record<string, string>)["auth.ini"] ?? "") ?? [];
        assert.ok(dumpScript("17").includes(`--exclude-schema=${schema} `), schema);
    });

    // Promise: mlflow-asks-for-login
    it("MLflow is updated after Kafka, so that a trainer without a login cannot turn its claim into a dead letter", async () => {
        const { resources } = await deployProgram(settings());
        const { dependencies } = one(resources, "kubernetes:apps/v1:Deployment", "mlflow");
        const broker = one(resources, "kubernetes:apps/v1:StatefulSet", "kafka");
        assert.ok(dependencies.includes(broker.urn), dependencies.join("\n"));
    });
});
