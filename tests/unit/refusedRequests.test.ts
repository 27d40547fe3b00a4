import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { clusterSecrets } from "../../cli/doctor/secrets";
import { deleteAutoscaler } from "../../components/access/autoscaler";
import { checkCluster } from "../../components/access/cluster";
import { clusterIdentity } from "../../components/access/clusterIdentity";
import { readDeployedData } from "../../components/access/deployedData";
import { existingLabels } from "../../components/access/existingObject";
import { findNetwork } from "../../components/access/foundNetwork";
import { dialService } from "../../components/access/portForward";
import { requireRolledOut } from "../../components/access/rollout";
import { scaleDown } from "../../components/access/scaleDown";
import { listStorageClasses } from "../../components/access/storageClasses";
import { lastRun } from "../../components/loadTest/lastLoadTest";
import { formerDataset } from "../../stacks/inputs/formerDataset";
import { AnsweringCluster, type Answer } from "../support/answeringCluster";

const REASON = "jane may not do this";
const KAFKA = { namespace: "flts", name: "kafka" };

/** Requests that an update cannot do without, by the beginning of the message. */
const NEEDED: Readonly<Record<string, () => Promise<unknown>>> = {
    "HorizontalPodAutoscaler flts/kafka cannot be deleted": () => deleteAutoscaler("test", KAFKA),
    "StatefulSet flts/kafka cannot be scaled to zero": () => scaleDown("test", KAFKA, "app=kafka", 1),
    "the EndpointSlices of Service flts/kafka cannot be listed": () =>
        dialService("test", KAFKA)(new PassThrough()),
    "StatefulSet flts/kafka cannot be read": () => requireRolledOut("test", KAFKA),
    'flts:namespace = "flts": the StatefulSets, ': () => readDeployedData("test", "flts", "dev"),
    'flts:namespace = "flts": its Deployments ': () => formerDataset("test", "flts", "dev"),
    "flts:volumes.retain = true: the storage classes ": () => listStorageClasses("test"),
    "whether Secret login exists ": () =>
        existingLabels("test")({ apiVersion: "v1", kind: "Secret", metadata: { name: "login" } }),
    "Secret flts/kafka cannot be read": () => clusterSecrets("test").readSecret("flts", "kafka"),
    "Secret flts/kafka cannot be deleted": () => clusterSecrets("test").deleteSecret("flts", "kafka"),
    "The cluster of ": () => checkCluster("test", 10),
};

/** Requests that an update can do without. */
const OPTIONAL: Readonly<Record<string, () => Promise<unknown>>> = {
    "the namespace kube-system cannot be read": () => clusterIdentity("test"),
    "where DNS and the API server are cannot be read": () => findNetwork("test"),
    "the pods of load tests in the namespace flts cannot be listed": () => lastRun("test", "flts", "dev"),
};

/** Kinds are looked up before their objects are. */
const DISCOVERY = { resources: [{ name: "secrets", kind: "Secret", namespaced: false }] };

describe("what the API server refuses", () => {
    let refusal: Answer = { status: 403, body: { kind: "Status", status: "Failure", message: REASON } };
    const server = new AnsweringCluster((url) =>
        url === "/api/v1" ? { status: 200, body: DISCOVERY } : refusal,
    );

    before(() => server.start());
    after(() => server.stop());

    /** Fails unless the request is rejected with a message in one line. */
    async function rejected(
        request: () => Promise<unknown>,
        beginning: string,
        reason: string,
    ): Promise<void> {
        await assert.rejects(request(), ({ message }: Error) => {
            assert.ok(message.startsWith(beginning), message);
            assert.ok(message.includes(`: ${reason}`) && !message.includes("\n"), message);
            return true;
        });
    }

    for (const [beginning, request] of Object.entries(NEEDED)) {
        it(`a refused request is reported in one line with the server's reason: ${beginning.trim()}`, () =>
            rejected(request, beginning, REASON));
    }

    for (const [beginning, request] of Object.entries(OPTIONAL)) {
        it(`a user who may not make an optional request gets no error: ${beginning}`, async () => {
            await request();
        });
    }

    describe("with an answer that is not its own", () => {
        before(() => {
            refusal = { status: 503, body: { page: "of a proxy" } };
        });

        for (const [beginning, request] of Object.entries({ ...NEEDED, ...OPTIONAL })) {
            it(`a proxy's answer is reported in one line with its status: ${beginning.trim()}`, () =>
                rejected(request, beginning, "it answers 503 Service Unavailable"));
        }
    });
});
