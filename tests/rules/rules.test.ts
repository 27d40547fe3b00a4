import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { ruleFiles, rulePaths } from "../../components/monitoring/files";
import { prometheusConfig } from "../../components/monitoring/prometheus/prometheusConfig";
import { toolPath } from "../../toolchain/tools/paths";
import { projectDirectory, run } from "../support/commands";
import { panelQueries } from "../support/dashboards";

const TESTS = __dirname;

interface Rule {
    readonly alert: string;
    readonly labels: { readonly severity: string };
    readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface RuleTest {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: unknown[] }[];
}

const rules = Object.values(ruleFiles()).flatMap((text) =>
    (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);
const testFiles = readdirSync(TESTS).filter((name) => name.endsWith(".test.yaml"));

async function promtool(...parameters: string[]): Promise<void> {
    const { code, everything } = await run(toolPath("promtool"), parameters);
    assert.equal(code, 0, everything);
}

/** The anchor that Markdown viewers give a heading of one word. */
function anchors(path: string): string[] {
    const headings = readFileSync(path, "utf8").matchAll(/^## (\w+)$/gm);
    return [...headings].map(([, heading]) => (heading ?? "").toLowerCase());
}

describe("alert rules", () => {
    it("alert rules are valid for Prometheus", async () => {
        assert.ok(rulePaths().length > 0);
        await promtool("check", "rules", ...rulePaths());
    });

    for (const name of testFiles) {
        it(`alerts fire when they should and not before: ${name}`, () =>
            promtool("test", "rules", join(TESTS, name)));
    }

    // Promise: alerts, backup-tried-before-needed, forecasts-compared-came, alerts-needs-someone
    it("each alert has a test in which it does not fire and one in which it fires", () => {
        const cases = testFiles.flatMap((name) =>
            (parse(readFileSync(join(TESTS, name), "utf8")) as { tests: RuleTest[] }).tests.flatMap(
                (test) => test.alert_rule_test,
            ),
        );
        // Some have more than one of either.
        const named = (firing: boolean): string[] => {
            const found = cases.filter(({ exp_alerts }) => (exp_alerts ?? []).length > 0 === firing);
            return [...new Set(found.map(({ alertname }) => alertname))].sort();
        };
        const expected = rules.map(({ alert }) => alert).sort();
        assert.deepEqual(named(true), expected);
        // It has no state in which it stays quiet.
        assert.deepEqual(
            named(false),
            expected.filter((alert) => alert !== "Watchdog"),
        );
    });

    // Promise: alerts
    it("each alert has a severity and the address of its runbook", () => {
        for (const { alert, labels, annotations } of rules) {
            assert.match(labels.severity, alert === "Watchdog" ? /^none$/ : /^(critical|warning)$/, alert);
            const [page = "", anchor] = annotations.runbook_url.split("#");
            assert.equal(anchor, alert.toLowerCase());
            assert.ok(anchors(join(projectDirectory, page)).includes(anchor), annotations.runbook_url);
        }
    });

    it("the runbooks explain each alert, and no others", () => {
        const pages = new Set(rules.map(({ annotations }) => annotations.runbook_url.split("#")[0] ?? ""));
        const explained = [...pages].flatMap((page) => anchors(join(projectDirectory, page)));
        assert.deepEqual(explained.sort(), rules.map(({ alert }) => alert.toLowerCase()).sort());
        const [first = ""] = pages;
        assert.equal(readdirSync(join(projectDirectory, dirname(first))).length, pages.size);
    });
});

describe("queries of the dashboards", () => {
    it("queries of the dashboards are valid PromQL", async () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-queries-"));
        try {
            const path = join(directory, "queries.json");
            const queries = panelQueries().map(({ expression }, index) => ({
                record: `query_${index}`,
                expr: expression,
            }));
            writeFileSync(path, JSON.stringify({ groups: [{ name: "queries", rules: queries }] }));
            await promtool("check", "rules", path);
        } finally {
            rmSync(directory, { recursive: true });
        }
    });
});

describe("Prometheus' configuration", () => {
    const endpoint = (server: string, port: number, paths = ["/metrics"]) => ({
        server,
        serverLabels: { "app.kubernetes.io/name": server, "app.kubernetes.io/instance": "dev" },
        port,
        paths,
    });
    const text = prometheusConfig({
        namespace: "flts",
        scrapeIntervalSeconds: 15,
        endpoints: [endpoint("inference", 8000), endpoint("minio", 9000, ["/a/cluster", "/a/bucket"])],
        probes: [{ name: "mlflow", url: "http://mlflow:5000/health", module: "http" }],
        prober: endpoint("blackbox-exporter", 9115),
        alertmanager: "alertmanager:9093",
        rules: Object.keys(ruleFiles()),
    });
    let directory: string;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-prometheus-"));
    });

    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    it("the configuration is valid for Prometheus", async () => {
        const path = join(directory, "prometheus.json");
        writeFileSync(path, text);
        // Only the syntax: token and rules are where the pod has them.
        await promtool("check", "config", "--syntax-only", path);
    });

    // Promise: network-both-families
    it("Prometheus scrapes pods at IPv4 and IPv6 addresses", async () => {
        const job = "inference";
        const config = JSON.parse(text) as {
            scrape_configs: { job_name: string; relabel_configs: object[] }[];
        };
        const relabeling = config.scrape_configs.find(({ job_name: name }) => name === job)?.relabel_configs;
        const path = join(directory, "prometheus.json");
        for (const [podAddress, scraped] of [
            ["10.0.0.7", "10.0.0.7:8000"],
            ["fd00::7", "[fd00::7]:8000"],
        ]) {
            const labels = { __meta_kubernetes_pod_ip: podAddress, __meta_kubernetes_pod_phase: "Running" };
            const found = { job_name: job, static_configs: [{ targets: ["unused"], labels }] };
            writeFileSync(
                path,
                JSON.stringify({ scrape_configs: [{ ...found, relabel_configs: relabeling }] }),
            );
            const { output } = await run(toolPath("promtool"), [
                "check",
                "service-discovery",
                "--timeout=300ms",
                path,
                job,
            ]);
            const [target] = JSON.parse(output) as { labels: { __address__: string } }[];
            assert.equal(target?.labels.__address__, scraped);
        }
    });
});
