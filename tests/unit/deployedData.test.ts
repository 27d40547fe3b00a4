import assert from "node:assert/strict";
import { readDeployedData } from "../../components/access/deployedData";
import { AnsweringCluster } from "../support/answeringCluster";

const STATEFUL_SETS = "/apis/apps/v1/namespaces/flts/statefulsets";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/flts/deployments";
const CLAIMS = "/api/v1/namespaces/flts/persistentvolumeclaims";
const labels = { "app.kubernetes.io/instance": "prod", "app.kubernetes.io/name": "kafka" };

/** Reads from a cluster with these lists, whose user may list nothing else. */
async function read(lists: Readonly<Record<string, readonly object[]>>) {
    const server = new AnsweringCluster((url) => {
        const items = lists[url];
        return items === undefined
            ? {
                  status: 403,
                  body: { kind: "Status", status: "Failure", reason: "Forbidden", message: "cannot list" },
              }
            : { status: 200, body: { kind: "List", apiVersion: "v1", metadata: {}, items } };
    });
    await server.start();
    try {
        return await readDeployedData("test", "flts", "prod");
    } finally {
        await server.stop();
    }
}

describe("the data that a cluster has", () => {
    it("the data of a cluster is read from its StatefulSets, claims and Deployments", async () => {
        const claim = {
            metadata: { name: "data" },
            spec: { storageClassName: "fast", resources: { requests: { storage: "50Gi" } } },
        };
        const kafka = {
            metadata: { name: "kafka" },
            spec: {
                replicas: 3,
                selector: { matchLabels: labels },
                template: { metadata: { labels } },
                volumeClaimTemplates: [claim],
            },
        };
        const trainer = {
            metadata: { name: "train-gru" },
            spec: {
                template: {
                    metadata: { labels },
                    spec: { containers: [{ name: "main", env: [{ name: "IDENTIFIER", value: "team" }] }] },
                },
            },
        };
        assert.deepEqual(await read({ [STATEFUL_SETS]: [kafka], [DEPLOYMENTS]: [trainer], [CLAIMS]: [] }), {
            volumes: [
                {
                    name: "kafka",
                    claimedBy: "StatefulSet",
                    pods: 3,
                    volumesPerPod: 1,
                    size: "50Gi",
                    storageClass: "fast",
                    format: undefined,
                },
            ],
            identifier: "team",
        });
    });

    it("a namespace that does not exist has no data", async () => {
        const empty = { [STATEFUL_SETS]: [], [DEPLOYMENTS]: [], [CLAIMS]: [] };
        assert.deepEqual(await read(empty), { volumes: [], identifier: undefined });
    });

    it("an update is refused if the user may not list the data", async () => {
        await assert.rejects(
            read({ [STATEFUL_SETS]: [], [DEPLOYMENTS]: [] }),
            /flts:namespace = "flts".*PersistentVolumeClaims.*cannot be listed.*Nothing was changed/s,
        );
    });
});
