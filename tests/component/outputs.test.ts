import assert from "node:assert/strict";
import { BALANCED_HOST } from "../support/mocks";
import { one } from "../support/objects";
import { deployProgram, settings } from "../support/program";

describe("the stack's outputs", () => {
    // Promise: interfaces-api-can-opened
    it("outputs have the exposed addresses", async () => {
        const { outputs, resources } = await deployProgram(
            settings({ loadBalancer: { service: { type: "NodePort", nodePort: 30023 } } }),
        );
        assert.deepEqual(outputs.urls, { inference: "http://127.0.0.1:30023" });
        one(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "inference-lb-from-outside");
    });

    it("outputs have the addresses that a cloud gives its load balancers", async () => {
        const { outputs } = await deployProgram(
            settings({
                loadBalancer: { service: { type: "LoadBalancer" } },
                mlflow: { service: { type: "LoadBalancer" } },
            }),
        );
        assert.deepEqual(outputs.urls, {
            inference: `http://${BALANCED_HOST}`,
            mlflow: `http://${BALANCED_HOST}:5000`,
        });
    });
});
