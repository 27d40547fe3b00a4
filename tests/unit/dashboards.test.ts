import assert from "node:assert/strict";
import { join } from "node:path";
import * as ts from "typescript";
import { dashboardFiles } from "../../components/monitoring/files";
import { DATA_SOURCE_UID } from "../../components/monitoring/grafana/grafanaConfig";
import { panelAlerts, panelQueries } from "../support/dashboards";

const projectDirectory = join(__dirname, "..", "..");

/** What the compiler says of dashboards as constants of Grafana's type: JSON that is imported has no exact types. */
function typeErrors(dashboards: Readonly<Record<string, string>>): string[] {
    const path = join(projectDirectory, "dashboards-as-constants.ts");
    const source = [
        'import type { Dashboard } from "@grafana/schema";',
        ...Object.values(dashboards).map((text, index) => `export const d${index}: Dashboard = ${text};`),
    ].join("\n");
    const options: ts.CompilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
    };
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, ...rest) =>
        name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : read(name, ...rest);
    const program = ts.createProgram([path], options, host);
    return ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

describe("dashboards", function () {
    this.timeout(60_000);

    // Promise: grafana-shows-provisioned-dashboards
    it("dashboards match Grafana's own types", () => {
        assert.deepEqual(typeErrors(dashboardFiles()), []);
    });

    it("a dashboard with a field that Grafana does not know is refused", () => {
        assert.notDeepEqual(typeErrors({ "wrong.json": '{ "schemaVersion": 41, "panles": [] }' }), []);
    });

    it("there are six dashboards, each with its own name", () => {
        assert.deepEqual(Object.keys(dashboardFiles()), [
            "infrastructure.json",
            "kafka.json",
            "loadTest.json",
            "monitoring.json",
            "pipeline.json",
            "serving.json",
        ]);
        const names = Object.values(dashboardFiles()).map(
            (text) => (JSON.parse(text) as { uid: string }).uid,
        );
        assert.equal(new Set(names).size, names.length);
    });

    it("each panel names the alerts that evaluate its metrics, so that a search for an alert finds it", () => {
        for (const { panel, described, alerts } of panelAlerts()) {
            const named = /Alerts?: (.*)$/.exec(described ?? "")?.[1]?.split(", ") ?? [];
            assert.deepEqual(named, alerts, panel);
        }
    });

    it("dashboards use the provisioned data source", () => {
        for (const text of Object.values(dashboardFiles())) {
            for (const { datasource } of (JSON.parse(text) as { panels: { datasource: { uid: string } }[] })
                .panels) {
                assert.equal(datasource.uid, DATA_SOURCE_UID);
            }
        }
        assert.ok(panelQueries().length > 40);
    });
});
