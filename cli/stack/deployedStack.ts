import type { StackOutputs } from "../../stacks/outputs/outputs";
import { fail } from "../../toolchain/console/index";
import { kubectlIn, type Kubectl } from "./kubectl";
import type { StackOptions } from "./options";
import { Workspace } from "./workspace";

/** A stack that is deployed, and the way into its namespace. */
export interface DeployedStack {
    readonly workspace: Workspace;
    readonly namespace: string;
    readonly kubectl: Kubectl;
}

/** The stack that the options name; fails when it is not deployed. */
export function deployedStack(options: StackOptions): DeployedStack {
    const workspace = new Workspace(options);
    const { namespace }: Partial<StackOutputs> = workspace.exists() ? workspace.outputs() : {};
    if (namespace === undefined) {
        fail(`stack ${options.stack} is not deployed: run \`make up\` first.`);
    }
    const kubectl = kubectlIn(workspace.environment, options.context, namespace);
    return { workspace, namespace, kubectl };
}
