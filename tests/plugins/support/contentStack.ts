import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { forget } from "../../../cli/doctor/pulumi";
import type { ContentSettings } from "./contentProgram";
import type { Program } from "./programHost";
import type { MinioServer, PostgresServer } from "./servers";
import { TestStack, type Result } from "./stack";

/** A stack with the project's own users, buckets, roles and databases in real servers. */
export class ContentStack {
    private readonly directory = mkdtempSync(join(tmpdir(), "flts-content-"));
    private readonly settingsFile = join(this.directory, "settings.json");
    private stack!: TestStack;

    private constructor(private settings: ContentSettings) {}

    /**
     * Makes an empty stack for these servers; `settings` are those that differ from the defaults here.
     *
     * @param languageHost whether the language host runs the program, for programs that fail: it ends them at once.
     */
    static async create(
        minio: MinioServer,
        postgres: PostgresServer,
        settings: Partial<ContentSettings> = {},
        languageHost = false,
    ): Promise<ContentStack> {
        const content = new ContentStack({
            minio: { port: minio.port, user: minio.user, password: minio.password },
            postgres: { port: postgres.port, user: "postgres", password: postgres.password },
            objects: "",
            namespace: "flts",
            identifier: "",
            createBuckets: true,
            ownServers: false,
            database: "mlflow",
            services: ["train", "eval"],
            buckets: ["dataset", "processed-data"],
            allowDataLoss: ["all"],
            timeoutSeconds: 5,
            ...settings,
        });
        content.change({ objects: join(content.directory, "objects") });
        const program = {
            module: join(__dirname, "contentProgram"),
            entry: "declareContent",
            argument: content.settingsFile,
        };
        content.stack = await TestStack.create({}, languageHost ? textOf(program) : program);
        return content;
    }

    /** Gives the program other settings. */
    change(settings: Partial<ContentSettings>): void {
        this.settings = { ...this.settings, ...settings };
        writeFileSync(this.settingsFile, JSON.stringify(this.settings));
    }

    /** Runs a pulumi command, whatever comes of it. */
    run(...parameters: readonly string[]): Promise<Result> {
        return this.stack.run(...parameters);
    }

    /** Runs a pulumi command that must work. */
    async must(...parameters: readonly string[]): Promise<Result> {
        const result = await this.run(...parameters);
        assert.ok(result.ok, `pulumi ${parameters.join(" ")} failed:\n${result.text}`);
        return result;
    }

    up(): Promise<Result> {
        return this.must("up", "--yes", "--skip-preview");
    }

    /** Runs a pulumi command and gives its standard output alone; fails with its messages. */
    readonly pulumi = (...parameters: readonly string[]): Promise<string> => this.stack.output(...parameters);

    /** URNs of the state's resources, sorted. */
    async urns(): Promise<readonly string[]> {
        return (await this.stack.resources()).map(({ urn }) => urn).sort();
    }

    /** A Secret as the program wrote it; undefined when there is none. */
    secret(name: string): Record<string, string> | undefined {
        const path = this.secretFile(name);
        if (!existsSync(path)) {
            return undefined;
        }
        const { data = {} } = parse(readFileSync(path, "utf8")) as { data?: Record<string, string> };
        return Object.fromEntries(
            Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
        );
    }

    /** Where the program writes a Secret. */
    secretFile(name: string): string {
        const { objects, namespace } = this.settings;
        return join(objects, "1-manifest", `v1-secret-${namespace}-${name}.yaml`);
    }

    /** Makes the state forget a resource that others depend on. */
    forget(urn: string): Promise<void> {
        return forget(this.pulumi, urn);
    }

    remove(): void {
        this.stack.remove();
        rmSync(this.directory, { recursive: true, force: true });
    }
}

/** A program of TypeScript that does the same. */
function textOf({ module, entry, argument }: Program): string {
    return `import { ${entry} } from ${JSON.stringify(module)};\n${entry}(${JSON.stringify(argument)});\n`;
}
