import assert from "node:assert/strict";
import { startCommand, StoppedServices } from "../../cli/jobs/stoppedServices";
import type { Kubectl } from "../../cli/stack/kubectl";

interface Deployment {
    replicas: number;
    annotations: Record<string, string>;
}

/** A cluster with these Deployments, whose pods end at once. */
class Cluster {
    readonly changes: string[] = [];
    readonly deployments: Map<string, Deployment>;

    constructor(replicas: Readonly<Record<string, number>>) {
        this.deployments = new Map(
            Object.entries(replicas).map(([name, count]) => [name, { replicas: count, annotations: {} }]),
        );
    }

    /** Replicas by name. */
    get replicas(): Record<string, number> {
        return Object.fromEntries([...this.deployments].map(([name, { replicas }]) => [name, replicas]));
    }

    readonly kubectl: Kubectl = (...parameters) => Promise.resolve(this.answer(parameters));

    private answer([command = "", ...rest]: readonly string[]): string {
        if (command === "get" && rest[0] === "deployments") {
            const items = [...this.deployments].map(([name, { replicas, annotations }]) => ({
                metadata: { name, annotations },
                spec: { replicas },
            }));
            return JSON.stringify({ items });
        }
        if (command === "get") {
            return Object.entries(this.replicas)
                .filter(([name, count]) => count > 0 && (rest[2] ?? "").includes(name))
                .map(([name]) => `pod/${name}`)
                .join("\n");
        }
        this.change(command, rest);
        return "";
    }

    private change(command: string, rest: readonly string[]): void {
        const parameters = rest.filter((word) => word !== "--overwrite" && word !== "deployment");
        const [name = "", value = ""] = parameters;
        const deployment = this.deployments.get(name);
        this.changes.push([command, ...parameters].join(" "));
        if (command === "scale" && deployment !== undefined) {
            deployment.replicas = Number(value.replace("--replicas=", ""));
        } else if (command === "annotate" && deployment !== undefined) {
            const [key = "", count] = value.split("=");
            if (count === undefined) {
                deployment.annotations = {};
            } else {
                deployment.annotations[key] = count;
            }
        }
    }
}

const quiet = (): undefined => undefined;
const BEFORE = { inference: 2, mlflow: 1, preprocess: 1, "train-gru": 3, eval: 1, minio: 1 };
const STOPPED = { ...BEFORE, mlflow: 0, preprocess: 0, "train-gru": 0, eval: 0 };

describe("the services that a restore stops", () => {
    it("a restore stops the services that write into buckets and database; forecasts continue", async () => {
        const cluster = new Cluster(BEFORE);
        const services = await StoppedServices.stop(cluster.kubectl, quiet);
        assert.deepEqual(cluster.replicas, STOPPED);
        assert.deepEqual(services.names, ["mlflow", "preprocess", "eval", "train-gru"]);
    });

    it("stopped services get as many pods as they had, and the restore waits for them", async () => {
        const cluster = new Cluster(BEFORE);
        const services = await StoppedServices.stop(cluster.kubectl, quiet);
        await services.start(quiet);
        assert.deepEqual(cluster.replicas, BEFORE);
        assert.ok(
            [...cluster.deployments.values()].every(({ annotations }) => !Object.keys(annotations).length),
        );
        assert.ok(cluster.changes.includes("rollout status deployment/train-gru --timeout=300s"));
    });

    it("stopped services get as many pods as they had before the first of several restores that were interrupted", async () => {
        const cluster = new Cluster(BEFORE);
        await StoppedServices.stop(cluster.kubectl, quiet);
        const services = await StoppedServices.stop(cluster.kubectl, quiet);
        await services.start(quiet);
        assert.deepEqual(cluster.replicas, BEFORE);
    });

    it("the error names a command that starts stopped services", () => {
        assert.equal(
            startCommand("flts", ["mlflow", "eval"]),
            "kubectl --namespace flts scale --replicas=1 deployment/mlflow deployment/eval",
        );
    });
});
