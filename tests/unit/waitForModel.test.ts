import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { waitForModel, type ModelOutcome } from "../../cli/progress/model";
import type { Preprocessed } from "../../cli/progress/pipelineState";
import { createConsole } from "../../toolchain/console";

const DATA = { config_hash: "hash", generation: 1 };
const FORECAST = {
    run_id: "run",
    config_hash: "hash",
    predictions: [{ ts: "2024-01-01T00:00:00", down: 1 }],
};
const silent = createConsole({ write: () => true }, {});

describe("waiting for a model", () => {
    let server: Server;
    let answers: [status: number, body: string][];

    beforeEach(async () => {
        server = createServer((request, response) => {
            const [status, body] =
                request.url?.startsWith("/model") === true
                    ? [200, JSON.stringify(DATA)]
                    : (answers.shift() ?? [200, JSON.stringify(FORECAST)]);
            response.writeHead(status, { "content-type": "application/json" }).end(body);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });

    afterEach(() => {
        server.close();
        server.closeAllConnections();
    });

    const waited = (deferred?: string): Promise<ModelOutcome> => {
        const { port } = server.address() as AddressInfo;
        const wanted = {
            series: "site",
            processed: { data: DATA, deferred } as Preprocessed,
            observations: {},
        };
        const pipeline = {
            stage: () => assert.fail("the model is served"),
            decision: () => assert.fail("the model is served"),
        };
        return waitForModel(silent, `http://127.0.0.1:${port}`, pipeline, wanted, "kubectl");
    };

    it("make data asks again while the load balancer has no ready pod", async () => {
        answers = [[503, "No server is available to handle this request."]];
        assert.deepEqual(await waited(), { forecast: FORECAST, kept: undefined });
    });

    it("make data shows a forecast of the previous model, and why no model is trained on new rows", async () => {
        assert.deepEqual(await waited("it has not drifted"), {
            forecast: FORECAST,
            kept: "it has not drifted",
        });
    });

    it("make data ends with the error message of a service that refuses the rows", async () => {
        answers = [[400, "missing feature columns: down"]];
        await assert.rejects(waited(), /answered 400: missing feature columns: down/);
    });
});
