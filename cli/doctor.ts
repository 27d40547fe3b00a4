import { createConsole, fail, runMain } from "../toolchain/console/index";
import { examine } from "./doctor/examine";
import { clusterSecrets } from "./doctor/secrets";
import { deployedStack } from "./stack/deployedStack";
import { readOptions } from "./stack/options";
import { deploymentOverrides } from "./stack/overrides";

const output = createConsole(process.stdout);

/** `make doctor`: what differs between state, program, servers and cluster; FIX=yes repairs it. Exit code 1 while something is wrong. */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const { workspace } = deployedStack(options);
    const deployed = workspace.deployedContext() ?? options.context;
    if (deployed !== options.context) {
        fail(
            `stack ${options.stack} was deployed to context ${deployed}: examine it with CONTEXT=${deployed}.`,
        );
    }
    workspace.prepare(await deploymentOverrides(options));
    if (options.embedded && workspace.environment.KUBECONFIG !== undefined) {
        // This process looks into the cluster too.
        process.env.KUBECONFIG = workspace.environment.KUBECONFIG;
    }
    const healthy = await examine(
        {
            pulumi: (...parameters) => workspace.output(parameters),
            context: options.context,
            ...clusterSecrets(options.context),
        },
        options.fix,
        output,
    );
    if (!healthy) {
        process.exitCode = 1;
    }
});
