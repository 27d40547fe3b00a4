import assert from "node:assert/strict";
import { one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

describe("MLflow", () => {
    // Promise: new-mlflow-migrates-database
    it("brings its database up to its own version before it starts, and never twice at a time", async () => {
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
            ],
        );
    });
});
