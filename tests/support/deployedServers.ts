import assert from "node:assert/strict";
import type { Settings } from "../../stacks/settings/parsed/settings";

/** Settings of the servers in a stack that deploys all of them itself. */
export function deployedServers({ infrastructure }: Settings) {
    assert.ok(infrastructure.from === "deploy");
    const { kafka, objectStore, mlflow, backup } = infrastructure;
    assert.ok(kafka.from === "deploy" && objectStore.from === "deploy" && mlflow.from === "deploy");
    const { postgres } = mlflow;
    assert.ok(postgres.from === "deploy");
    return { kafka, objectStore, mlflow, postgres, backup };
}
