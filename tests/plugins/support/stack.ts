import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ts from "typescript";
import type { CommandOptions } from "../../support/commands";
import { serveProgram, type Program } from "./programHost";
import { pulumiProgram, toolEnvironment } from "./tools";

/** A resource of the test's program. */
export interface Declared {
    /** Package and class, such as "minio.S3Bucket". */
    readonly type: string;
    readonly name: string;
    /** `{ $secret: value }` stands for a secret value. */
    readonly properties?: Readonly<Record<string, unknown>>;
    /** Resource options that are plain data, such as `import`. */
    readonly options?: Readonly<Record<string, unknown>>;
}

/** A resource as the state holds it. */
export interface Stored {
    readonly type: string;
    readonly urn: string;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What a command of the command line did. */
export interface Result {
    readonly ok: boolean;
    readonly text: string;
    /** Resources by what was done to them: created, updated, replaced, deleted, imported. */
    readonly changes: Readonly<Record<string, number>>;
}

type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** support/program.ts as JavaScript, which starts faster, for documented commands: they run it as a user's program. */
function dataProgram(): string {
    const text = readFileSync(join(__dirname, "program.ts"), "utf8");
    const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.CommonJS },
    });
    return `${outputText}\nexports.declareResources(process.cwd());\n`;
}

/** A stack in a folder of its own, run with the real command line and a local state. */
export class TestStack {
    private readonly directory = mkdtempSync(join(tmpdir(), "flts-plugins-"));
    private readonly environment: NodeJS.ProcessEnv;
    /** Parameters with which a command runs the program. */
    private programOptions: (command: string) => readonly string[] = () => [];

    private constructor(
        private providers: Settings,
        program: Program | string | undefined,
        environment: NodeJS.ProcessEnv,
    ) {
        this.environment = {
            ...toolEnvironment(),
            PULUMI_BACKEND_URL: `file://${this.directory}`,
            PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            NO_COLOR: "true",
            ...environment,
        };
        const [main, text, typescript] =
            typeof program === "string" ? ["index.ts", program, true] : ["index.js", dataProgram(), false];
        const runtime = { name: "nodejs", options: { typescript } };
        const files = {
            [main]: text,
            "package.json": JSON.stringify({ name: "plugins", main }),
            "Pulumi.yaml": JSON.stringify({ name: "plugins", runtime }),
            // A program in TypeScript may import the project's own code, which is compiled as it is there.
            "tsconfig.json": JSON.stringify({ extends: join(__dirname, "..", "..", "..", "tsconfig.json") }),
        };
        for (const [name, content] of Object.entries(files)) {
            writeFileSync(join(this.directory, name), content);
        }
        symlinkSync(join(__dirname, "..", "..", "..", "node_modules"), join(this.directory, "node_modules"));
    }

    /**
     * Makes an empty stack; `providers` are the inputs of a provider resource each, by package. `program` takes the place of
     * the one that declares resources from data: a function of the test's own, or the text of a TypeScript program, which
     * the language host runs. `environment` is laid over that of this process.
     */
    static async create(
        providers: Settings = {},
        program?: Program | string,
        environment: NodeJS.ProcessEnv = {},
    ): Promise<TestStack> {
        const stack = new TestStack(providers, program, environment);
        if (typeof program !== "string") {
            stack.programOptions = await serveProgram(
                program ?? {
                    module: join(__dirname, "program"),
                    entry: "declareResources",
                    argument: stack.directory,
                },
            );
        }
        await stack.must("stack", "init", "test");
        return stack;
    }

    /** Whether the plugins have the faults of the official ones from now on. They have at first. */
    setStrict(strict: boolean): void {
        this.environment.FLTS_PLUGIN_STRICT = strict ? "1" : "0";
    }

    /** Gives the provider resources other inputs. */
    setProviders(providers: Settings): void {
        this.providers = providers;
    }

    /** What a documented command needs, to be one on this stack. */
    get commandOptions(): CommandOptions {
        return { directory: this.directory, environment: this.environment };
    }

    /** Runs the command line in the stack's folder. The test's own servers continue answering meanwhile. */
    run(...parameters: readonly string[]): Promise<Result> {
        return this.start(parameters).result;
    }

    private start(parameters: readonly string[]): { child: ChildProcess; result: Promise<Result> } {
        const all = [...parameters, ...this.programOptions(parameters[0] ?? ""), "--non-interactive"];
        const child = spawn(pulumiProgram(), all, {
            cwd: this.directory,
            env: this.environment,
            stdio: ["ignore", "pipe", "pipe"],
        });
        let text = "";
        child.stdout.on("data", (data: Buffer) => (text += data.toString()));
        child.stderr.on("data", (data: Buffer) => (text += data.toString()));
        const result = new Promise<Result>((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (code) => {
                resolve({ ok: code === 0, text, changes: changesIn(text) });
            });
        });
        return { child, result };
    }

    /** Runs a command that must work, and gives its standard output without its messages. */
    async output(...parameters: readonly string[]): Promise<string> {
        const { child, result } = this.start(parameters);
        let printed = "";
        child.stdout?.on("data", (data: Buffer) => (printed += data.toString()));
        const { ok, text } = await result;
        assert.ok(ok, `pulumi ${parameters.join(" ")} failed:\n${text}`);
        return printed;
    }

    private async must(...parameters: readonly string[]): Promise<Result> {
        const result = await this.run(...parameters);
        assert.ok(result.ok, `pulumi ${parameters.join(" ")} failed:\n${result.text}`);
        return result;
    }

    private declare(resources: readonly Declared[]): void {
        writeFileSync(
            join(this.directory, "resources.json"),
            JSON.stringify({ providers: this.providers, resources }),
        );
    }

    /** Deploys the resources and returns what changed. */
    async up(resources: readonly Declared[]): Promise<Result["changes"]> {
        this.declare(resources);
        return (await this.must("up", "--yes", "--skip-preview")).changes;
    }

    /** Deploys resources that cannot be deployed, and returns the output. */
    async upFails(resources: readonly Declared[]): Promise<string> {
        this.declare(resources);
        const result = await this.run("up", "--yes", "--skip-preview");
        assert.ok(!result.ok, `pulumi up succeeded:\n${result.text}`);
        return result.text;
    }

    /** Starts to deploy or destroy the resources, and interrupts the command line once `stuck` has returned. */
    async interrupted(
        command: "up" | "destroy",
        resources: readonly Declared[],
        stuck: () => Promise<void>,
    ): Promise<Result> {
        this.declare(resources);
        const { child, result } = this.start([command, "--yes", "--skip-preview"]);
        try {
            await stuck();
        } finally {
            child.kill("SIGINT");
            await result;
        }
        return result;
    }

    /** Refreshes a state that cannot be refreshed, and returns the output. */
    async refreshFails(): Promise<string> {
        const result = await this.run("refresh", "--yes", "--skip-preview");
        assert.ok(!result.ok, `pulumi refresh succeeded:\n${result.text}`);
        return result.text;
    }

    /** Makes the state forget a resource, by its name in the program. */
    async forget(name: string): Promise<void> {
        await this.must("state", "delete", "--yes", (await this.resource(name)).urn);
    }

    async preview(resources: readonly Declared[]): Promise<Result["changes"]> {
        this.declare(resources);
        return (await this.must("preview")).changes;
    }

    async refresh(): Promise<Result["changes"]> {
        return (await this.must("refresh", "--yes", "--skip-preview")).changes;
    }

    async destroy(): Promise<Result["changes"]> {
        return (await this.must("destroy", "--yes", "--skip-preview")).changes;
    }

    /** The schema that a plugin reports. */
    async schema(plugin: string): Promise<string> {
        return (await this.must("package", "get-schema", plugin)).text;
    }

    /** The state as it is on disk, in which secrets are encrypted. */
    async rawState(): Promise<string> {
        return (await this.must("stack", "export")).text;
    }

    private async state(): Promise<readonly Stored[]> {
        const exported = JSON.parse((await this.must("stack", "export", "--show-secrets")).text) as {
            deployment: { resources?: readonly Stored[] };
        };
        return exported.deployment.resources ?? [];
    }

    /** All resources of the state except the stack and its providers, secrets in clear. */
    async resources(): Promise<readonly Stored[]> {
        return (await this.state()).filter((one) => !one.type.startsWith("pulumi:"));
    }

    /** The URN of a package's provider resource. */
    async providerUrn(packageName: string): Promise<string> {
        const found = (await this.state()).find((one) => one.type === `pulumi:providers:${packageName}`);
        assert.ok(found, `the state has no provider of ${packageName}`);
        return found.urn;
    }

    /** One resource of the state, by its name in the program. */
    async resource(name: string): Promise<Stored> {
        const found = (await this.resources()).find((one) => one.urn.endsWith(`::${name}`));
        assert.ok(found, `the state has no resource ${name}`);
        return found;
    }

    /** Outputs of a resource, with secret ones in clear. */
    async outputs(name: string): Promise<Readonly<Record<string, unknown>>> {
        return Object.fromEntries(
            Object.entries((await this.resource(name)).outputs ?? {}).map(([key, value]) => [
                key,
                clear(value),
            ]),
        );
    }

    /** Takes the folder with the state away; the resources are the caller's to delete. */
    remove(): void {
        rmSync(this.directory, { recursive: true, force: true });
    }
}

function changesIn(text: string): Record<string, number> {
    const changes: Record<string, number> = {};
    for (const [, count, what] of text.matchAll(/^\s+(?:\+-|[+~=-])\s*(\d+) (?:to )?(\w+)$/gm)) {
        if (what !== undefined) {
            changes[what] = Number(count);
        }
    }
    return changes;
}

function clear(value: unknown): unknown {
    return value !== null && typeof value === "object" && "plaintext" in value
        ? JSON.parse(String(value.plaintext))
        : value;
}
