import assert from "node:assert/strict";
import { newestResult } from "../../components/loadTest/lastLoadTest";
import type { Recorded } from "../support/mocks";
import { ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const SERVICE = "kubernetes:core/v1:Service";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

interface ServiceSpec {
    readonly type?: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly port: number }[];
}

function service(resources: readonly Recorded[], name: string): ServiceSpec {
    return one(resources, SERVICE, name).inputs.spec as ServiceSpec;
}

describe("the load test", () => {
    let resources: readonly Recorded[];

    before(async () => {
        ({ resources } = await deployProgram(
            settings({
                loadBalancer: { sourceLimits: { connections: 256 } },
                loadTest: { workers: 3, users: 200, spawnRate: 20, durationSeconds: 90 },
            }),
        ));
    });

    // Promise: locust-master-web-interface
    it("has a web interface at svc/locust, and workers that kubectl can scale", () => {
        assert.deepEqual(
            service(resources, "locust").ports.map(({ port }) => port),
            [8089],
        );
        const { replicas } = one(resources, DEPLOYMENT, "locust-worker").inputs.spec as { replicas: number };
        assert.equal(replicas, 3);
    });

    it("routes people and workers to the master", () => {
        const master = workloads(resources).find(({ name }) => name === "locust-master");
        for (const name of ["locust", "locust-master"]) {
            assert.deepEqual(service(resources, name).selector, master?.template.metadata.labels, name);
        }
        assert.equal(service(resources, "locust-master").type, undefined);
    });

    it("sends its requests to the load balancer, with the values of the settings", () => {
        for (const { name, template } of workloads(resources).filter((workload) =>
            ["locust-master", "load-test"].includes(workload.name),
        )) {
            const variables = Object.fromEntries(
                (template.spec.containers[0]?.env ?? []).map((variable) => [variable.name, variable.value]),
            );
            assert.equal(variables.LOCUST_HOST, "http://inference-lb:80", name);
            assert.equal(variables.LOCUST_USERS, "200", name);
            assert.equal(variables.LOCUST_SPAWN_RATE, "20", name);
            assert.equal(variables.LOCUST_RUN_TIME, "90s", name);
        }
    });

    it("runs a test with limits only on request, once, and with a deadline", () => {
        const { suspend, jobTemplate } = one(resources, "kubernetes:batch/v1:CronJob", "load-test").inputs
            .spec as {
            suspend: boolean;
            jobTemplate: { spec: { backoffLimit: number; activeDeadlineSeconds: number } };
        };
        assert.equal(suspend, true);
        assert.equal(jobTemplate.spec.backoffLimit, 0);
        assert.ok(jobTemplate.spec.activeDeadlineSeconds > 90);
        assert.ok(jobTemplate.spec.activeDeadlineSeconds < 90 + 300);
    });

    it("deploys nothing when it is disabled", async () => {
        const { resources: without, outputs } = await deployProgram(
            settings({ loadBalancer: { sourceLimits: { connections: 256 } }, loadTest: { enabled: false } }),
        );
        assert.deepEqual(
            without.filter(({ name }) => /locust|load-test/.test(name)),
            [],
        );
        assert.equal(outputs.urls.locust, undefined);
    });

    it("outputs the address of the web interface when it is exposed", async () => {
        const exposed = await deployProgram(
            settings({
                loadBalancer: { sourceLimits: { connections: 256 } },
                loadTest: { service: { type: "NodePort", nodePort: 30089 } },
            }),
        );
        assert.equal(exposed.outputs.urls.locust, "http://127.0.0.1:30089");
        const policies = ofType(exposed.resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy");
        assert.ok(policies.some(({ name }) => name === "locust-from-outside"));
    });
});

describe("the last load test", () => {
    const ended = (job: string, finishedAt: string, message?: string) => ({
        metadata: { labels: { "batch.kubernetes.io/job-name": job } },
        status: {
            containerStatuses: [
                {
                    state: {
                        terminated: {
                            finishedAt: new Date(finishedAt),
                            ...(message === undefined ? {} : { message }),
                        },
                    },
                },
            ],
        },
    });

    it("the output loadTest is the newest result, with its Job and its time", () => {
        const result = newestResult([
            ended("load-test-1", "2026-01-01T00:00:00Z", '{"passed":true,"requests":1}\n'),
            ended("load-test-3", "2026-01-03T00:00:00Z"),
            ended("load-test-2", "2026-01-02T00:00:00Z", '{"passed":false,"requests":2}\n'),
            { metadata: {}, status: { containerStatuses: [{ state: {} }] } },
        ]);
        assert.deepEqual(result, {
            passed: false,
            requests: 2,
            job: "load-test-2",
            finishedAt: "2026-01-02T00:00:00.000Z",
        });
    });

    it("the output loadTest is absent before the first run", () => {
        assert.equal(newestResult([]), undefined);
    });
});
