import { toolPath } from "../../toolchain/build/paths";
import { readOptions } from "../../toolchain/stack/options";
import { deploymentOverrides } from "../../toolchain/stack/overrides";
import type { SettingsTree } from "../../toolchain/stack/settings";
import { Workspace } from "../../toolchain/stack/workspace";
import { run, type Outcome } from "./commands";

/** A resource as the state holds it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The dev stack on the embedded cluster, driven through the real command line with settings of the test's choice. */
export class EngineStack {
    private readonly options = readOptions({ STACK: "dev" });
    private readonly workspace = new Workspace(this.options);

    /** Settings of the next commands: those of `make up`, with `overrides` laid over them. */
    async settings(overrides: SettingsTree = {}): Promise<void> {
        this.workspace.prepare({ ...(await deploymentOverrides(this.options)), ...overrides });
    }

    /** Runs a pulumi command on the stack. */
    pulumi(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
        return run(toolPath("pulumi"), this.workspace.parameters([...command, "--non-interactive"]), {
            environment: { ...this.workspace.environment, ...environment },
        });
    }

    /** The state as it is stored, secrets encrypted. */
    async exported(): Promise<string> {
        return (
            await run(toolPath("pulumi"), ["stack", "export", "--stack", this.options.stack], {
                environment: this.workspace.environment,
            })
        ).output;
    }

    /** All resources in the state. */
    async resources(): Promise<readonly StateResource[]> {
        const state = JSON.parse(await this.exported()) as {
            deployment: { resources?: StateResource[] };
        };
        return state.deployment.resources ?? [];
    }
}
