import assert from "node:assert/strict";
import { environmentOf } from "../support/deployedEnvironment";
import { edges } from "../support/reachability";
import type { Recorded } from "../support/mocks";
import { containers, ofType, one } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const CRON_JOB = "kubernetes:batch/v1:CronJob";

interface CronJobSpec {
    readonly schedule: string;
    readonly timeZone: string;
    readonly concurrencyPolicy: string;
    readonly jobTemplate: {
        readonly spec: {
            readonly backoffLimit: number;
            readonly template: Parameters<typeof containers>[0]["template"];
        };
    };
}

function scheduledPass(resources: readonly Recorded[]): CronJobSpec {
    return one(resources, CRON_JOB, "preprocess-schedule").inputs.spec as CronJobSpec;
}

describe("series that do not change", function () {
    this.timeout(30_000);

    let plain: readonly Recorded[];
    let scheduled: readonly Recorded[];

    before(async () => {
        plain = (await deployProgram(settings())).resources;
        scheduled = (
            await deployProgram(
                settings({
                    preprocess: { schedule: "30 3 * * 1-5", addConstant: "1.50", lags: { count: 4 } },
                }),
            )
        ).resources;
    });

    // Promise: series-trained-again-schedule
    it("with a schedule, series are trained again by a pod with the options and permissions of preprocess; without one there is no such pod", () => {
        assert.deepEqual(
            ofType(plain, CRON_JOB).filter(({ name }) => name === "preprocess-schedule"),
            [],
        );
        const { schedule, concurrencyPolicy, timeZone, jobTemplate } = scheduledPass(scheduled);
        assert.deepEqual([schedule, timeZone, concurrencyPolicy], ["30 3 * * 1-5", "UTC", "Forbid"]);
        assert.equal(
            jobTemplate.spec.backoffLimit,
            0,
            "a pass that is repeated would train everything twice",
        );
        const [pass] = containers({
            name: "preprocess-schedule",
            kind: "CronJob",
            template: jobTemplate.spec.template,
        });
        assert.deepEqual(pass?.command, ["python", "main.py", "--reprocess"]);
        const values = Object.fromEntries(pass.env.map(({ name, value }) => [name, value]));
        assert.deepEqual(values, environmentOf(scheduled, "preprocess"));
        for (const server of ["kafka:9092", "minio:9000"]) {
            assert.ok(edges(scheduled).includes(`preprocess-schedule -> ${server}`), server);
        }
    });

    it("scheduled passes do only what is left to do, or run at the same time, if the settings say so", async () => {
        const { resources } = await deployProgram(
            settings({
                preprocess: {
                    schedule: "*/10 * * * *",
                    scheduleConcurrency: "Allow",
                    scheduleReprocess: false,
                },
            }),
        );
        const { concurrencyPolicy, jobTemplate } = scheduledPass(resources);
        assert.equal(concurrencyPolicy, "Allow");
        const { template } = jobTemplate.spec;
        const [pass] = containers({ name: "preprocess-schedule", kind: "CronJob", template });
        assert.deepEqual(pass?.command, ["python", "main.py"]);
    });
});
