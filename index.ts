import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config";
import { checkCluster } from "./components/access/cluster";
import { checkInputFiles } from "./stacks/inputFiles";
import { deployInfrastructure } from "./stacks/layers/infrastructure";
import { deployPipeline } from "./stacks/layers/pipeline";
import { createPlatform, requiredContext } from "./stacks/layers/platform";
import { deployServing } from "./stacks/layers/serving";
import { stackOutputs, type StackOutputs } from "./stacks/outputs";
import { readSettings } from "./stacks/settings/read";

/** Settings, then the layers from the bottom up, then what the stack tells others. */
async function deploy(): Promise<StackOutputs> {
    const stack = pulumi.getStack();
    const settings = readSettings(allConfig(), stack);
    const files = await checkInputFiles(settings, __dirname);
    const context = requiredContext(stack);
    await checkCluster(context);

    const platform = createPlatform(settings, stack, context);
    const infrastructure = deployInfrastructure(settings, platform, files.chart);
    deployPipeline(settings, platform, infrastructure, files);
    deployServing(settings, platform, infrastructure);
    return stackOutputs(settings, infrastructure);
}

export = () =>
    deploy().catch((error: unknown) => {
        // A mistake of the user's is shown as its message, without a stack trace of this program.
        throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
    });
