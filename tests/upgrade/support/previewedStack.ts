import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { mergeSettings, type SettingsTree } from "../../../cli/stack/settings";
import { minioChart } from "../../../toolchain/images/chart";
import { toolEnvironment, pulumiProgram } from "../../plugins/support/tools";
import { projectDirectory, succeed } from "../../support/commands";
import type { RecordedResource, Step } from "./recordedState";

/** Stack files leave to their users what prod requires. */
export const PROD_CHOICES: SettingsTree = {
    "flts:acknowledge": ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer", "anyEmailDomain"],
    "flts:imageRegistry": "registry.example",
};

/**
 * The program without what it asks the cluster before: the layers that the settings declare, in a cluster with one storage
 * class and nothing of another owner.
 */
function programOf(formerFiles: readonly string[]): string {
    return `
import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config";
import { deployLayers } from "${projectDirectory}/stacks/layers/deployLayers";
import { USUAL_NETWORK } from "${projectDirectory}/components/core/network/clusterNetwork";
import { createPlatform } from "${projectDirectory}/stacks/platform/platform";
import { sourceAmong } from "${projectDirectory}/stacks/platform/volumes";
import { readSettings } from "${projectDirectory}/stacks/settings/read";
import { CLASSES, NOTHING_EXISTS } from "${projectDirectory}/tests/support/program";

export = async () => {
    const stack = pulumi.getStack();
    const settings = readSettings(allConfig(), stack);
    const source = settings.volumes.retain ? sourceAmong(CLASSES.slice(0, 1), settings) : undefined;
    const platform = createPlatform(settings, stack, "none", {
        source,
        network: USUAL_NETWORK,
        clusterIdentity: undefined,
        existing: NOTHING_EXISTS,
        allowed: [],
        passed: Promise.resolve(),
    });
    await deployLayers(settings, platform, { chart: "./minio.tgz", formerFiles: ${JSON.stringify(formerFiles)} });
    return {};
};
`;
}

/** A cluster that nothing answers for: previews compare the program with the state, and need no other. */
const KUBECONFIG = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "none", user: { token: "none" } }],
    contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
};

/** A stack of today's program in a folder of its own, whose updates the real engine previews with the real plugins. */
export class PreviewedStack {
    private constructor(
        private readonly name: string,
        private readonly directory: string,
        private readonly environment: NodeJS.ProcessEnv,
    ) {}

    /**
     * Makes a stack without a state.
     *
     * @param name stack whose committed settings are taken, with `choices` laid over them.
     * @param formerFiles files of the dataset that release 0.1.0 kept in the stack's state.
     */
    static async create(
        name: string,
        choices: SettingsTree,
        formerFiles: readonly string[],
    ): Promise<PreviewedStack> {
        const directory = mkdtempSync(join(tmpdir(), "flts-upgrade-"));
        const file = `Pulumi.${name}.yaml`;
        const { config } = parse(readFileSync(join(projectDirectory, file), "utf8")) as {
            config: SettingsTree;
        };
        const chart = { "flts:objectStore": { chart: "./minio.tgz" } };
        const files = {
            "index.ts": programOf(formerFiles),
            "package.json": { name: "flts", main: "index.ts" },
            "tsconfig.json": { extends: join(projectDirectory, "tsconfig.json") },
            "Pulumi.yaml": { name: "flts", runtime: { name: "nodejs", options: { typescript: true } } },
            [file]: { config: mergeSettings(mergeSettings(config, chart), choices) },
            kubeconfig: KUBECONFIG,
        };
        for (const [path, content] of Object.entries(files)) {
            writeFileSync(
                join(directory, path),
                typeof content === "string" ? content : JSON.stringify(content),
            );
        }
        copyFileSync(await minioChart(), join(directory, "minio.tgz"));
        symlinkSync(join(projectDirectory, "node_modules"), join(directory, "node_modules"));
        const stack = new PreviewedStack(name, directory, {
            ...toolEnvironment(),
            KUBECONFIG: join(directory, "kubeconfig"),
            PULUMI_BACKEND_URL: `file://${directory}`,
            PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
        });
        await stack.pulumi("stack", "init", name);
        return stack;
    }

    /** Gives the stack the resources that an earlier program left. */
    async restore(resources: readonly RecordedResource[]): Promise<void> {
        const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
        const { encryptionsalt: salt } = parse(
            readFileSync(join(this.directory, `Pulumi.${this.name}.yaml`), "utf8"),
        ) as { encryptionsalt: string };
        const secrets = { type: "passphrase", state: { salt } };
        const path = join(this.directory, "state.json");
        writeFileSync(
            path,
            JSON.stringify({ version: 3, deployment: { manifest, secrets_providers: secrets, resources } }),
        );
        await this.pulumi("stack", "import", "--stack", this.name, "--file", path);
    }

    /** What an update would do to each resource. */
    async preview(): Promise<readonly Step[]> {
        const printed = await this.pulumi(
            "preview",
            "--stack",
            this.name,
            "--json",
            "--show-sames",
            "--show-secrets",
        );
        return (JSON.parse(printed) as { steps: readonly Step[] }).steps;
    }

    remove(): void {
        rmSync(this.directory, { recursive: true });
    }

    private pulumi(...parameters: readonly string[]): Promise<string> {
        return succeed(pulumiProgram(), [...parameters, "--non-interactive"], {
            directory: this.directory,
            environment: this.environment,
        });
    }
}
