import assert from "node:assert/strict";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { lastObservations, requestForecast } from "../../cli/progress/forecast";
import { SAMPLE_DATASET } from "../../cli/data/series";
import { GRAFANA_LEFT_OUT, onlyBuiltImages } from "../../cli/stack/pulledImages";
import { readOptions } from "../../cli/stack/options";
import { kubectl, projectDirectory, type Outcome } from "../support/commands";
import { panelQueries } from "../support/dashboards";
import { settle } from "../support/processing";
import { deployStack } from "../support/stack";

const prometheus = "http://127.0.0.1:30909";
const inference = "http://127.0.0.1:30023";

/** Seconds in which everything must have been scraped, MinIO must have counted its buckets, and pods be up. */
const PATIENCE = 5 * 60;

interface Sample {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
}

async function api<Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> {
    const response = await fetch(
        `${prometheus}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
    );
    const answer = (await response.json()) as { status: string; data: Data; error?: string };
    assert.equal(answer.status, "success", answer.error);
    return answer.data;
}

async function query(expression: string): Promise<readonly Sample[]> {
    return (await api<{ result: readonly Sample[] }>("query", { query: expression })).result;
}

describe("monitoring of a healthy stack", function () {
    this.timeout(15 * 60_000);

    let outcome: Outcome;
    let load: NodeJS.Timeout;

    before(async () => {
        outcome = await deployStack();
        // Trainers have metrics once they trained, and tests before this one gave them new pods.
        await kubectl(
            "-n",
            "flts",
            "exec",
            "deployment/preprocess",
            "--",
            "python",
            "main.py",
            "--reprocess",
        );
        // Rates and latencies need someone who asks.
        const observations = await lastObservations(join(projectDirectory, SAMPLE_DATASET), 96);
        load = setInterval(() => {
            requestForecast(inference, observations, 5).catch((error: unknown) => {
                console.log(`      a forecast failed: ${String(error)}`);
            });
        }, 500);
    });

    after(() => {
        clearInterval(load);
    });

    // Promise: prometheus-scrapes-metrics-keeps
    it("scrapes every tier without a failure", async () => {
        const wrong = await settle(PATIENCE, async () => {
            const up = await query("up");
            const found = new Set(up.map(({ metric }) => metric.job ?? ""));
            const missing = [
                ...[
                    "blackbox-exporter",
                    "eval",
                    "inference",
                    "inference-lb",
                    "kafka",
                    "kafka-lag",
                    "kubelet",
                ],
                ...[
                    "kube-state-metrics",
                    "minio",
                    "nonml-prophet",
                    "postgres-exporter",
                    "probe",
                    "prometheus",
                ],
                ...["train-gru", "train-lstm"],
            ].filter((job) => !found.has(job));
            const down = up
                .filter(({ value }) => value[1] !== "1")
                .map(({ metric }) => JSON.stringify(metric));
            return [...missing.map((job) => `nothing of ${job}`), ...down];
        });
        assert.deepEqual(wrong, []);
    });

    // Promise: grafana-shows-provisioned-dashboards
    it("has data for every panel of every dashboard", async () => {
        const queries = panelQueries();
        const wrong = await settle(PATIENCE, async () => {
            const looks = await Promise.all(
                queries.map(async ({ panel, expression }) => ({
                    panel,
                    expression,
                    found: await query(expression),
                })),
            );
            return looks
                .filter(({ found }) => !found.some(({ value }) => Number.isFinite(Number(value[1]))))
                .map(({ panel, expression }) => `${panel}: ${expression}`);
        });
        assert.deepEqual(wrong, []);
    });

    it("probes servers that export no metrics", async () => {
        // Of the last minute: hosts of an Ingress that is gone are still known from before Prometheus' restart.
        const recent = (metric: string): string => `last_over_time(${metric}[1m])`;
        const expected = ["kubernetes-api 1", "mlflow 1"];
        const wrong = await settle(PATIENCE, async () => {
            const probes = await query(recent("probe_success"));
            const found = probes.map(({ metric, value }) => `${metric.probe ?? ""} ${value[1]}`).sort();
            return isDeepStrictEqual(found, expected) ? [] : ["found:", ...found];
        });
        assert.deepEqual(wrong, []);
        assert.equal((await query(`${recent("probe_ssl_earliest_cert_expiry")} > time()`)).length, 1);
    });

    // Promise: alerts, alerts-needs-someone
    it("evaluates every rule, reaches Alertmanager, and has nothing critical to report", async () => {
        const { groups } = await api<{ groups: { rules: { name: string; health: string }[] }[] }>("rules");
        const rules = groups.flatMap((group) => group.rules);
        assert.ok(rules.length > 30);
        assert.deepEqual(
            rules.filter(({ health }) => health === "err").map(({ name }) => name),
            [],
        );
        const { activeAlertmanagers } = await api<{ activeAlertmanagers: unknown[] }>("alertmanagers");
        assert.equal(activeAlertmanagers.length, 1);
        const critical = await query('ALERTS{alertstate="firing",severity="critical"}');
        assert.deepEqual(
            critical.map(({ metric }) => metric.alertname),
            [],
        );
    });

    // Promise: grafana-shows-provisioned-dashboards
    it("reports that Grafana is left out", async () => {
        const expected = await onlyBuiltImages(readOptions({}));
        assert.equal(outcome.output.includes(GRAFANA_LEFT_OUT), expected);
        assert.equal(/^grafana +http/m.test(outcome.output), !expected);
    });
});
