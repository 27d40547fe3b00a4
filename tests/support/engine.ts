import { contentHash } from "../../components/core/contentHash";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { toolPath } from "../../toolchain/tools/paths";
import { readOptions, type StackOptions } from "../../cli/stack/options";
import { deploymentOverrides } from "../../cli/stack/overrides";
import { mergeSettings, type SettingsTree } from "../../cli/stack/settings";
import { Workspace } from "../../cli/stack/workspace";
import { run, succeed, type Outcome } from "./commands";
import { stackChanged } from "./stack";

/** A resource as the state holds it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly parent?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A stack on the embedded cluster, driven through the real command line with settings of the test's choice. */
export class EngineStack {
    private readonly stackOptions: StackOptions;
    private readonly workspace: Workspace;

    /**
     * @param stack its name.
     * @param base stack whose committed settings its own start from.
     */
    constructor(
        stack = "dev",
        private readonly base = "dev",
    ) {
        this.stackOptions = readOptions({ STACK: stack });
        this.workspace = new Workspace(this.stackOptions);
    }

    /** Environment in which pulumi finds the backend that holds the stack. */
    get environment(): NodeJS.ProcessEnv {
        return this.workspace.environment;
    }

    /** What a documented command that changes the stack needs beside its environment, in the words of a shell. */
    get options(): string {
        stackChanged();
        const parameters = this.workspace.parameters(["--yes", "--non-interactive"]);
        return parameters.map((each) => `'${each}'`).join(" ");
    }

    /** True while the backend knows the stack. */
    exists(): boolean {
        return this.workspace.exists();
    }

    /** Settings of the next commands: those of `make up`, with `overrides` laid over them. */
    async settings(overrides: SettingsTree = {}): Promise<void> {
        this.workspace.prepare(
            mergeSettings(await deploymentOverrides(this.stackOptions), overrides),
            this.base,
        );
    }

    /** Runs a pulumi command on the stack. */
    pulumi(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
        if (command[0] !== "preview") {
            stackChanged();
        }
        return run(toolPath("pulumi"), this.workspace.parameters([...command, "--non-interactive"]), {
            environment: { ...this.workspace.environment, ...environment },
        });
    }

    /** The state as it is stored, secrets encrypted. */
    exported(): Promise<string> {
        return this.state();
    }

    /**
     * A digest of each resource's inputs, by its name. Of the decrypted ones, since an encrypted secret looks different
     * each time it is stored; a digest, so that a test that fails shows none.
     */
    async inputDigests(): Promise<Readonly<Record<string, string>>> {
        const found = resourcesOf(await this.state("--show-secrets"));
        return Object.fromEntries(found.map(({ urn, inputs }) => [urn, contentHash(inputs ?? null)]));
    }

    private async state(...options: readonly string[]): Promise<string> {
        const parameters = ["stack", "export", "--stack", this.stackOptions.stack, ...options];
        const { environment } = this.workspace;
        return (await run(toolPath("pulumi"), parameters, { environment })).output;
    }

    /** Replaces the state by an exported one, whatever is in the cluster. */
    async restore(exported: string): Promise<void> {
        const parameters = ["stack", "import", "--stack", this.stackOptions.stack];
        const { environment } = this.workspace;
        await succeed(toolPath("pulumi"), parameters, { environment, input: exported });
    }

    /** The stack's outputs. */
    outputs(): StackOutputs {
        return this.workspace.outputs() as unknown as StackOutputs;
    }

    /** Forgets the stack, which holds nothing any more. */
    remove(): void {
        this.workspace.remove();
    }

    /** All resources in the state. */
    async resources(): Promise<readonly StateResource[]> {
        return resourcesOf(await this.exported());
    }
}

function resourcesOf(state: string): readonly StateResource[] {
    const { deployment } = JSON.parse(state) as { deployment: { resources?: StateResource[] } };
    return deployment.resources ?? [];
}
