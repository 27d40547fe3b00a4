import assert from "node:assert/strict";
import { reasonNotReady, waitingPods } from "../../cli/progress/waitingPods";
import type { Pod } from "../../cli/stack/pods";
import { CONTAINER_STATUS } from "../support/containerStatus";

type Status = NonNullable<Pod["status"]>;

/** A pod of one container. */
function pod(status: Status): Pod {
    return { metadata: { namespace: "flts", name: "eval-1" }, status };
}

const waiting = (reason: string, message?: string): Status => ({
    phase: "Pending",
    containerStatuses: [
        {
            ...CONTAINER_STATUS,
            name: "eval",
            state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
        },
    ],
});

describe("what keeps a pod from working", () => {
    it("a pod that is ready or has succeeded has no reason to wait", () => {
        assert.equal(
            reasonNotReady(pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] })),
            undefined,
        );
        assert.equal(reasonNotReady(pod({ phase: "Succeeded" })), undefined);
    });

    it("a pod that waits has the kubelet's reason, of init containers first", () => {
        assert.equal(
            reasonNotReady(pod(waiting("ImagePullBackOff", "no such image"))),
            "eval: ImagePullBackOff, no such image",
        );
        const crashed = { terminated: { exitCode: 137, reason: "OOMKilled" } };
        assert.equal(
            reasonNotReady(
                pod({
                    ...waiting("CrashLoopBackOff"),
                    initContainerStatuses: [{ ...CONTAINER_STATUS, name: "migrate", lastState: crashed }],
                }),
            ),
            "migrate: ended with 137 (OOMKilled); eval: CrashLoopBackOff",
        );
    });

    it("a pod that no node accepts has the scheduler's reason", () => {
        const message = "0/1 nodes are available: 1 Insufficient memory.";
        assert.equal(
            reasonNotReady(
                pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", message }] }),
            ),
            message,
        );
    });

    it("a pod that was just created only needs time", () => {
        assert.equal(reasonNotReady(pod(waiting("ContainerCreating"))), "not ready yet");
    });
});

describe("the pods of a stack that do not work", () => {
    it("pods of a stack that are not ready are found in all namespaces, by the stack's name", async () => {
        const asked: string[][] = [];
        const found = await waitingPods((...parameters) => {
            asked.push([...parameters]);
            return Promise.resolve(
                JSON.stringify({ items: [pod({ phase: "Failed" }), pod({ phase: "Succeeded" })] }),
            );
        }, "dev");
        assert.deepEqual(found, [["flts/eval-1", "failed; its log says why"]]);
        assert.ok(
            asked[0]?.includes("app.kubernetes.io/instance=dev") && asked[0].includes("--all-namespaces"),
        );
    });
});
