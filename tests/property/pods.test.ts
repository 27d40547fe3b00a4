import assert from "node:assert/strict";
import * as fc from "fast-check";
import { quantity } from "../../components/core/quantity";
import { anySettings } from "../support/anySettings";
import type { Recorded } from "../support/mocks";
import { containers, ofType, workloads } from "../support/objects";
import { deployProgram } from "../support/program";

/** Points of the space that are tried in one run; more with `FLTS_PROPERTY_RUNS`. */
const RUNS = Math.min(Number(process.env.FLTS_PROPERTY_RUNS ?? 25), 25);
const SEED = Number(process.env.FLTS_PROPERTY_SEED ?? 20261125);

const GI = 2 ** 30;

describe(`pods for any settings (${RUNS} tried, FLTS_PROPERTY_SEED=${SEED})`, function () {
    this.timeout(RUNS * 20_000);
    const known = new Map<string, Promise<readonly Recorded[]>>();

    async function forAnySettings(check: (resources: readonly Recorded[]) => void): Promise<void> {
        await fc.assert(
            fc.asyncProperty(anySettings, async (chosen) => {
                const key = JSON.stringify(chosen);
                const resources =
                    known.get(key) ?? deployProgram(chosen).then((deployed) => deployed.resources);
                known.set(key, resources);
                check(await resources);
            }),
            { seed: SEED, numRuns: RUNS },
        );
    }

    it("busy pods are not killed: liveness is not checked like readiness, and tolerates two minutes", async () => {
        await forAnySettings((resources) => {
            for (const { name, kind, template } of workloads(resources)) {
                for (const { livenessProbe, readinessProbe } of template.spec.containers) {
                    if (["Job", "CronJob"].includes(kind)) {
                        continue;
                    }
                    const patience = livenessProbe.periodSeconds * livenessProbe.failureThreshold;
                    assert.ok(patience >= 120, `${name}: ${patience} s`);
                    assert.ok(livenessProbe.timeoutSeconds >= 10, name);
                    assert.ok(livenessProbe.timeoutSeconds > readinessProbe.timeoutSeconds, name);
                    assert.ok(
                        patience > 4 * readinessProbe.periodSeconds * readinessProbe.failureThreshold,
                        `${name} gets traffic until it is killed`,
                    );
                }
            }
        });
    });

    it("pods cannot fill their node's disk: ephemeral storage and scratch volumes are limited, and consistent", async () => {
        await forAnySettings((resources) => {
            for (const workload of workloads(resources)) {
                const sizes = workload.template.spec.volumes
                    .filter((volume) => "emptyDir" in volume)
                    .map(({ name, emptyDir }) => {
                        assert.match(emptyDir.sizeLimit, /^\d+Gi$/, `${workload.name} ${name}`);
                        return quantity(emptyDir.sizeLimit);
                    });
                const scratch = sizes.reduce((sum, size) => sum + size, 0);
                for (const { name, resources: amounts } of containers(workload)) {
                    const request = quantity(amounts.requests["ephemeral-storage"] ?? "");
                    const limit = quantity(amounts.limits["ephemeral-storage"] ?? "");
                    assert.ok(request > 0 && request <= limit, `${workload.name} ${name}`);
                    // Scratch volumes count for the pod's limit: filled to their own limits they must not evict it.
                    assert.ok(limit >= scratch + GI, `${workload.name} ${name}: ${limit} < ${scratch}`);
                }
            }
            for (const { inputs } of ofType(resources, "kubernetes:helm.sh/v3:Release")) {
                const { requests, limits } = (
                    inputs.values as { resources: Record<"requests" | "limits", Record<string, string>> }
                ).resources;
                assert.ok(quantity(requests["ephemeral-storage"] ?? "") > 0);
                assert.ok(quantity(limits["ephemeral-storage"] ?? "") > 0);
            }
        });
    });

    it("pods of CronJobs start within an hour of their time, or not at all", async () => {
        await forAnySettings((resources) => {
            for (const { name, inputs } of ofType(resources, "kubernetes:batch/v1:CronJob")) {
                const { startingDeadlineSeconds } = inputs.spec as { startingDeadlineSeconds?: number };
                assert.equal(startingDeadlineSeconds, 3600, name);
            }
        });
    });
});
