import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readSettings } from "../../stacks/settings/read";
import { projectDirectory, succeed } from "../support/commands";
import { runDocumented, type DocumentedOptions } from "../support/documented";
import { pulumiProgram, toolEnvironment } from "./support/tools";

describe("documented settings of a stack", function () {
    this.timeout(120_000);

    let folder: string;
    let options: DocumentedOptions;

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "flts-documented-"));
        // As a clone without stack files. No program runs.
        cpSync(join(projectDirectory, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
        options = {
            directory: folder,
            environment: {
                ...toolEnvironment(),
                PULUMI_BACKEND_URL: `file://${folder}`,
                PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
            },
        };
    });

    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    /** What the stack's file holds, as the program reads it. */
    function settingsOf(stack: string): ReturnType<typeof readSettings> {
        const { config } = parse(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8")) as {
            config: Record<string, unknown>;
        };
        const given = Object.entries(config).map(([key, value]) => [
            key,
            typeof value === "string" ? value : JSON.stringify(value),
        ]);
        return readSettings(Object.fromEntries(given) as Record<string, string>, stack);
    }

    it("documented settings need only the key of the context in a new stack", async () => {
        await runDocumented("docs/pulumi.md", "pulumi stack init x", options);
        await runDocumented("docs/pulumi.md", "pulumi config set kubernetes:context kind-flts", options);
        assert.deepEqual(settingsOf("x"), readSettings({}, "x"));
    });

    it("documented settings upload the sample", async () => {
        await succeed(pulumiProgram(), ["stack", "init", "x", "--non-interactive"], options);
        await runDocumented("docs/pulumi.md", "pulumi config set --path flts:dataset.sample true", options);
        assert.equal(settingsOf("x").dataset.sample, true);
    });

    it("documented settings use an existing namespace", async () => {
        await succeed(pulumiProgram(), ["stack", "init", "prod", "--non-interactive"], options);
        await runDocumented(
            "docs/production.md",
            "pulumi config set --stack prod --path flts:namespace.name flts",
            options,
        );
        await runDocumented(
            "docs/production.md",
            "pulumi config set --stack prod --path flts:namespace.create false",
            options,
        );
        assert.deepEqual(settingsOf("prod").namespace, { name: "flts", create: false });
    });

    it("documented settings send a share of the requests to a canary", async () => {
        await succeed(pulumiProgram(), ["stack", "init", "dev", "--non-interactive"], options);
        await runDocumented(
            "components/serving/loadBalancer.md",
            "pulumi config set --path flts:serving.canary.runId <MLflow run>",
            { ...options, replace: { "<MLflow run>": "0a1b2c3d4e5f60718293a4b5c6d7e8f9" } },
        );
        await runDocumented(
            "components/serving/loadBalancer.md",
            "pulumi config set --path flts:serving.canary.weight 5",
            options,
        );
        assert.deepEqual(settingsOf("dev").canary, {
            version: { runId: "0a1b2c3d4e5f60718293a4b5c6d7e8f9", image: undefined },
            weight: 5,
        });
    });
});
