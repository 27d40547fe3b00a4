import assert from "node:assert/strict";
import { createConsole, UserError } from "../../toolchain/console";
import { readOptions } from "../../cli/stack/options";
import { describeLeft, type StateResource } from "../../cli/stack/leftResources";
import { Interrupted, takeDown, type DestroyableStack } from "../../cli/stack/destroy";

const resources: StateResource[] = [
    { urn: "urn:pulumi:dev::flts::flts:infrastructure:Kafka::kafka", type: "flts:infrastructure:Kafka" },
    {
        urn: "urn:pulumi:dev::flts::kubernetes:apps/v1:StatefulSet::kafka",
        type: "kubernetes:apps/v1:StatefulSet",
        id: "flts/kafka",
        custom: true,
    },
    {
        urn: "urn:pulumi:dev::flts::minio:index/s3Bucket:S3Bucket::mlflow",
        type: "minio:index/s3Bucket:S3Bucket",
        id: "mlflow",
        custom: true,
    },
    { urn: "urn:p::p", type: "pulumi:providers:kubernetes", id: "1", custom: true },
    { urn: "urn:p::r", type: "random:index/randomPassword:RandomPassword", id: "none", custom: true },
];

describe("what a forgotten stack leaves behind", () => {
    it("what a forgotten stack leaves is listed by kind and place, without components, providers and passwords", () => {
        assert.deepEqual(describeLeft(resources), ["S3Bucket mlflow", "StatefulSet flts/kafka"]);
    });
});

describe("taking a stack down", () => {
    let done: string[];
    let output: string;

    /** Runs it on a stack of these resources, whose destroy ends with `failure`, and returns what was done. */
    async function run(
        environment: NodeJS.ProcessEnv,
        facts: { failure?: Error; context?: string; clusterThere?: boolean; empty?: boolean } = {},
    ): Promise<string[]> {
        const options = readOptions(environment);
        const stack: DestroyableStack = {
            exists: () => true,
            deployedContext: () => facts.context ?? options.context,
            resources: () => (facts.empty === true ? [] : resources),
            destroy: () => {
                done.push("destroy");
                return facts.failure === undefined ? Promise.resolve() : Promise.reject(facts.failure);
            },
            remove: () => {
                done.push("remove");
            },
        };
        const write = (text: string): void => {
            output += text;
        };
        await takeDown(stack, options, facts.clusterThere ?? true, createConsole({ write }, {}));
        return done;
    }

    beforeEach(() => {
        done = [];
        output = "";
    });

    it("make down destroys a stack and then forgets it, on either kind of cluster", async () => {
        assert.deepEqual(await run({}), ["destroy", "remove"]);
        done = [];
        assert.deepEqual(await run({ CONTEXT: "kind-flts" }), ["destroy", "remove"]);
    });

    it("make down does not run the program for a state without resources", async () => {
        assert.deepEqual(await run({}, { empty: true }), ["remove"]);
    });

    it("make down forgets a stack whose embedded cluster or servers no longer exist, and says so", async () => {
        assert.deepEqual(await run({}, { clusterThere: false }), ["remove"]);
        assert.match(output, /the embedded cluster is gone/);
        done = [];
        const failure = new UserError("MinIO is gone");
        assert.deepEqual(await run({}, { failure }), ["destroy", "remove"]);
        assert.match(output, /could not be destroyed is deleted with the embedded cluster/);
    });

    it("make down keeps the state when the user interrupts, and after an internal error", async () => {
        for (const failure of [new Interrupted("interrupted"), new TypeError("a fault")]) {
            done = [];
            await assert.rejects(run({}, { failure }), failure);
            assert.deepEqual(done, ["destroy"]);
        }
    });

    it("make down keeps the state of a stack on the user's own cluster, and lists what is left there", async () => {
        await assert.rejects(
            run({ CONTEXT: "kind-flts" }, { failure: new UserError("MinIO is gone"), clusterThere: false }),
            /MinIO is gone\n.*kind-flts.*S3Bucket mlflow\n {2}StatefulSet flts\/kafka\n.*FORGET=yes/s,
        );
        assert.deepEqual(done, ["destroy"]);
    });

    it("make down forgets a stack on the user's own cluster on request, and lists what stays", async () => {
        assert.deepEqual(await run({ CONTEXT: "kind-flts", FORGET: "yes" }), ["remove"]);
        assert.match(
            output,
            /In context kind-flts stay:\n {2}S3Bucket mlflow\n {2}StatefulSet flts\/kafka\n/,
        );
    });

    it("make down does not mistake a stack on the user's own cluster for one on the embedded cluster", async () => {
        await assert.rejects(run({}, { context: "kind-flts" }), /take it down with CONTEXT=kind-flts/);
        assert.deepEqual(done, []);
    });

    it("make down refuses a FORGET that is neither yes nor no", () => {
        assert.throws(() => readOptions({ FORGET: "1" }), /FORGET=1: say yes/);
    });
});
