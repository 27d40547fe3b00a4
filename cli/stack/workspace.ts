import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa, execaSync } from "execa";
import { parse, stringify } from "yaml";
import { ALLOWED_LOSS_VARIABLE } from "../../components/core/data/allowedLoss";
import { SKIPPED_CHECKS_VARIABLE } from "../../stacks/preflight/finding";
import { settingsFile, stackFiles } from "../../toolchain/steps/stackFiles";
import { pulumiEnvironment, toolPath } from "../../toolchain/tools/paths";
import { clusterLayout } from "../../toolchain/cluster/layout";
import { fail } from "../../toolchain/console/index";
import { requireBackend } from "./chosen";
import { areDead } from "./locks";
import type { StackOptions } from "./options";
import type { StateResource } from "./leftResources";
import { mergeSettings, readStackFile, type SettingsTree, type StackFile } from "./settings";
import { Interrupted } from "./destroy";

/** The project's root, where Pulumi.yaml stands. */
export const projectDirectory = join(__dirname, "..", "..");

/** Bytes that a command may print: more than an exported state has. */
const STATE_BYTES = 256 * 1024 * 1024;

/**
 * One stack as this machine deploys it. What belongs to the machine and not to the project (the backend's files, the
 * passphrase, the encryption salt, the context chosen on the command line) stays outside the checkout: `make up`
 * leaves a clone as clean as it found it.
 *
 * It runs the command line itself and not Pulumi's Automation API, which runs it without a terminal: progress that is
 * redrawn, the question before a destroy and Ctrl-C would be lost.
 */
export class Workspace {
    private readonly files = stackFiles();
    private readonly directory = this.files.directory;
    private readonly configFile: string;
    readonly name: string;
    /** The file that names the embedded cluster of the last update. */
    readonly clusterFile: string;
    /** Environment in which pulumi finds the stack, and pulumi and kubectl the cluster. */
    readonly environment: NodeJS.ProcessEnv;

    constructor(private readonly options: StackOptions) {
        this.configFile = settingsFile(this.files, options.stack);
        this.name = options.stack;
        this.clusterFile = join(this.directory, `${options.stack}.cluster`);
        requireBackend(options, process.env, this.files.backend);
        mkdirSync(join(this.directory, "backend"), { recursive: true, mode: 0o700 });
        this.environment = {
            ...process.env,
            ...pulumiEnvironment(),
            // Types are checked by `make test`; checking them in every run would cost ten seconds.
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            PULUMI_BACKEND_URL: process.env.PULUMI_BACKEND_URL ?? this.files.backend,
            ...this.passphrase(),
            ...(options.allowDataLoss === undefined
                ? {}
                : { [ALLOWED_LOSS_VARIABLE]: options.allowDataLoss }),
            ...(options.embedded ? { KUBECONFIG: clusterLayout().kubeconfig } : {}),
        };
    }

    /** A pulumi command with the options that name this stack and its settings. */
    parameters(command: readonly string[]): string[] {
        return [...command, "--stack", this.options.stack, "--config-file", this.configFile];
    }

    /** True once the stack was created in the backend. */
    exists(): boolean {
        return this.capture(["stack", "ls", "--json"], true).includes(`"name": "${this.options.stack}"`);
    }

    /**
     * Creates the stack where it is missing, and writes the settings that the next commands run with.
     *
     * @param base stack whose committed settings the overrides are laid over.
     */
    prepare(overrides: SettingsTree, base = this.options.stack): void {
        // The salt is made by `stack init`, which always writes it beside Pulumi.yaml; a project file of the same
        // name in our own directory keeps it out of the checkout.
        writeFileSync(join(this.directory, "Pulumi.yaml"), "name: flts\nruntime: nodejs\n");
        if (!this.exists()) {
            this.capture(["stack", "init", this.options.stack, "--no-select"], false, this.directory);
        }
        const salt = this.deployedFile().encryptionsalt;
        const settings = mergeSettings(readStackFile(projectDirectory, base).config, {
            "kubernetes:context": this.options.context,
            ...overrides,
        });
        writeFileSync(
            this.configFile,
            stringify({ ...(salt ? { encryptionsalt: salt } : {}), config: settings }),
            {
                mode: 0o600,
            },
        );
    }

    /** Context that the last command on the stack was for; undefined if this machine has not seen one. */
    deployedContext(): string | undefined {
        return this.deployedFile().config?.["kubernetes:context"] as string | undefined;
    }

    /** What `prepare` wrote last. */
    private deployedFile(): Partial<StackFile> {
        return existsSync(this.configFile)
            ? ((parse(readFileSync(this.configFile, "utf8")) as Partial<StackFile> | null) ?? {})
            : {};
    }

    /**
     * Runs a pulumi command on the stack with the terminal attached; fails with its exit code, or throws an
     * `Interrupted` when Ctrl-C ended it.
     */
    async run(command: readonly string[]): Promise<void> {
        this.releaseDeadLocks();
        // Progress of each resource is useful only on a terminal, where lines are redrawn.
        const quiet = process.stdout.isTTY ? [] : ["--suppress-progress"];
        // Ctrl-C reaches pulumi too, which then finishes its present step; this process only waits for it.
        const interruption = new AbortController();
        const wait = (): void => {
            interruption.abort();
        };
        process.on("SIGINT", wait);
        const { exitCode, signal, message } = await execa(
            toolPath("pulumi"),
            [...this.parameters(command), ...quiet],
            {
                cwd: projectDirectory,
                // A destroy or a refresh must not fail because the stack does not fit the cluster.
                env: ["destroy", "refresh"].includes(command[0] ?? "")
                    ? { ...this.environment, [SKIPPED_CHECKS_VARIABLE]: "all" }
                    : this.environment,
                stdio: "inherit",
                reject: false,
                // A second Ctrl-C ends this process; pulumi gets it as well, and decides for itself.
                cleanup: false,
            },
        );
        process.off("SIGINT", wait);
        const title = `pulumi ${command[0] ?? ""} --stack ${this.options.stack}`;
        if (interruption.signal.aborted) {
            throw new Interrupted(`${title} was interrupted. Run the same make target again: it continues.`);
        }
        if (exitCode === undefined && signal === undefined) {
            fail(String(message));
        }
        if (exitCode !== 0) {
            fail(
                `${title} ended with ${exitCode ?? "a signal"}; its messages are above. ` +
                    "Fix the cause and run the same make target again: it continues.",
            );
        }
    }

    /** Runs a pulumi command on the stack and gives what it printed; fails with its messages. */
    async output(command: readonly string[]): Promise<string> {
        this.releaseDeadLocks();
        // Commands that run no program take no settings.
        const parameters =
            command[0] === "stack"
                ? [...command, "--stack", this.options.stack]
                : this.parameters([...command, "--non-interactive"]);
        const { stdout, stderr, failed } = await execa(toolPath("pulumi"), parameters, {
            cwd: projectDirectory,
            env: this.environment,
            stdin: "ignore",
            reject: false,
            stripFinalNewline: false,
            maxBuffer: STATE_BYTES,
        });
        if (failed) {
            fail(`pulumi ${command.slice(0, 2).join(" ")} failed:\n${`${stdout}\n${stderr}`.trim()}`);
        }
        return stdout;
    }

    /** The stack's outputs. None is a secret. */
    outputs(): SettingsTree {
        return JSON.parse(
            this.capture(["stack", "output", "--json", "--stack", this.options.stack]),
        ) as SettingsTree;
    }

    /** All resources in the stack's state; none after a destroy. */
    resources(): readonly StateResource[] {
        const state = JSON.parse(this.capture(["stack", "export", "--stack", this.options.stack])) as {
            deployment: { resources?: readonly StateResource[] };
        };
        return state.deployment.resources ?? [];
    }

    /** Forgets the stack, even if its state still holds something. */
    remove(): void {
        this.capture(["stack", "rm", "--yes", "--force", "--preserve-config", "--stack", this.options.stack]);
    }

    private capture(command: readonly string[], tolerant = false, directory = projectDirectory): string {
        const { stdout, stderr, failed } = execaSync(toolPath("pulumi"), [...command, "--non-interactive"], {
            cwd: directory,
            env: this.environment,
            reject: false,
            stripFinalNewline: false,
            maxBuffer: STATE_BYTES,
        });
        if (failed && !tolerant) {
            fail(`pulumi ${command.join(" ")} failed: ${stderr.trim()}`);
        }
        return stdout;
    }

    /** Secrets in the state are encrypted with the caller's passphrase, else with one made for this machine. */
    private passphrase(): NodeJS.ProcessEnv {
        if (process.env.PULUMI_CONFIG_PASSPHRASE !== undefined || process.env.PULUMI_CONFIG_PASSPHRASE_FILE) {
            return {};
        }
        const path = join(this.directory, "passphrase");
        if (!existsSync(path)) {
            writeFileSync(path, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
        }
        return { PULUMI_CONFIG_PASSPHRASE_FILE: path };
    }

    /** A pulumi that was killed leaves its lock in the local backend. Releases locks whose processes have ended. */
    private releaseDeadLocks(): void {
        const directory = join(
            this.directory,
            "backend",
            ".pulumi",
            "locks",
            "organization",
            "flts",
            this.options.stack,
        );
        if (!process.env.PULUMI_BACKEND_URL && areDead(directory)) {
            this.capture(["cancel", this.options.stack, "--yes"]);
        }
    }
}
