import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { toolPath } from "../../toolchain/tools/paths";
import { readOptions } from "../../cli/stack/options";
import { Workspace } from "../../cli/stack/workspace";
import { clusterEnvironment, kubectl, kubectlGet, make, run, type Outcome } from "../support/commands";
import { deployStack } from "../support/stack";

const namespace = "flts";

interface Job {
    metadata: { name: string };
    spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } };
}

/** A Job of the CronJob's pattern with other values of some variables. */
async function jobWith(name: string, values: Readonly<Record<string, string>>): Promise<string> {
    const text = await kubectl(
        ...["create", "job", name, "--from=cronjob/load-test", "--namespace", namespace],
        ...["--dry-run=client", "--output", "json"],
    );
    const job = JSON.parse(text) as Job;
    const environment = job.spec.template.spec.containers[0]?.env ?? [];
    for (const [variable, value] of Object.entries(values)) {
        const found = environment.find((candidate) => candidate.name === variable);
        assert.ok(found, variable);
        found.value = value;
    }
    return JSON.stringify(job);
}

describe("Locust in the cluster", function () {
    this.timeout(10 * 60_000);

    let outcome: Outcome;

    before(async () => {
        await deployStack();
        outcome = await make("load-test");
    });

    it("meets the limits of the settings on two cores", () => {
        assert.equal(outcome.code, 0, outcome.everything);
        assert.match(outcome.output, /^limits +all met$/m);
    });

    it("copies report and CSV files to this machine", () => {
        const directory = /^Report and CSV files: (.+)$/m.exec(outcome.output)?.[1] ?? "";
        for (const name of ["report.html", "load_test_stats.csv", "load_test_failures.csv", "result.json"]) {
            assert.ok(existsSync(join(directory, name)), `${directory}/${name}`);
        }
        const statistics = readFileSync(join(directory, "load_test_stats.csv"), "utf8");
        for (const request of ["predict", "health", "bad input"]) {
            assert.match(statistics, new RegExp(`,${request},\\d+,0,`));
        }
    });

    it("stores its result as an output of the stack", () => {
        const { loadTest: result } = new Workspace(
            readOptions({ STACK: "dev" }),
        ).outputs() as unknown as StackOutputs;
        assert.ok(result !== undefined);
        assert.equal(result.passed, true);
        assert.ok(result.requests > 500, JSON.stringify(result));
        assert.match(result.job, /^load-test-\d{14}$/);
    });

    it("fails a run that exceeds a limit, without a retry", async () => {
        const job = await jobWith("load-test-limit", {
            P95_LIMIT_MILLISECONDS: "0.001",
            LOCUST_RUN_TIME: "5s",
            HOLD_SECONDS: "0",
        });
        try {
            const applied = await run(
                toolPath("kubectl"),
                ["create", "--namespace", namespace, "--filename", "-"],
                { environment: clusterEnvironment(), input: job },
            );
            assert.equal(applied.code, 0, applied.everything);
            await kubectl(
                ...["wait", "job/load-test-limit", "--namespace", namespace],
                ...["--for=condition=Failed", "--timeout=120s"],
            );
            const log = await kubectl("logs", "job/load-test-limit", "--namespace", namespace);
            assert.match(log, /the limit is 0\.001 ms/);
            const { items } = await kubectlGet<{ items: readonly object[] }>(
                ...["pods", "--namespace", namespace],
                ...["--selector", "batch.kubernetes.io/job-name=load-test-limit"],
            );
            assert.equal(items.length, 1);
        } finally {
            await kubectl("delete", "job", "load-test-limit", "--namespace", namespace, "--ignore-not-found");
        }
    });

    // Promise: locusts-workers-scaled-hand
    it("has a web interface, and workers that kubectl can scale", async () => {
        await kubectl("scale", "deployment", "locust-worker", "--replicas=2", "--namespace", namespace);
        await kubectl(
            ...["rollout", "status", "deployment/locust-worker", "--namespace", namespace, "--timeout=120s"],
        );
        const ask =
            "import urllib.request; print(urllib.request.urlopen('http://locust:8089/stats/requests').read().decode())";
        const deadline = Date.now() + 60_000;
        let workers = 0;
        while (workers !== 2 && Date.now() < deadline) {
            const text = await kubectl(
                ...["exec", "--namespace", namespace, "deployment/locust-master", "--", "python", "-c", ask],
            );
            workers = (JSON.parse(text) as { workers?: { state: string }[] }).workers?.length ?? 0;
        }
        assert.equal(workers, 2);
        await kubectl("scale", "deployment", "locust-worker", "--replicas=1", "--namespace", namespace);
    });
});
