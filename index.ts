import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config";
import { checkCluster } from "./components/access/cluster";
import { allowedLoss } from "./components/core/data/allowedLoss";
import { lastRun } from "./components/loadTest/lastLoadTest";
import { formerDataset } from "./stacks/inputs/formerDataset";
import { provideChart } from "./stacks/inputs/chart";
import { deployLayers } from "./stacks/layers/deployLayers";
import { checkData } from "./stacks/platform/dataCheck";
import { checkNamespace } from "./stacks/platform/namespaceCheck";
import { clusterNetwork } from "./stacks/platform/clusterNetwork";
import { createPlatform, requiredContext } from "./stacks/platform/platform";
import { sourceClass } from "./stacks/platform/volumes";
import { stackOutputs, type ProvidedOutputs } from "./stacks/outputs/outputs";
import { readSettings } from "./stacks/settings/read";

/** Settings, then the layers from the bottom up, then the stack's outputs. */
async function deploy(): Promise<ProvidedOutputs> {
    const stack = pulumi.getStack();
    const settings = readSettings(allConfig(), stack);
    const allowed = allowedLoss(process.env);
    const chart = await provideChart(settings, __dirname);
    const context = requiredContext(stack);
    await checkCluster(context, settings.cluster.timeouts.api);
    await checkNamespace(settings, context);
    await checkData(settings, context, stack, allowed);

    const platform = createPlatform(
        settings,
        stack,
        context,
        await sourceClass(settings, context),
        await clusterNetwork(settings, context),
        allowed,
    );
    const formerFiles = await formerDataset(context, settings.namespace.name, stack);
    const layers = await deployLayers(settings, platform, { chart, formerFiles });
    const loadTest = layers.locust && (await lastRun(context, settings.namespace.name, stack));
    return stackOutputs(settings, layers, loadTest);
}

export = () =>
    deploy().catch((error: unknown) => {
        // A mistake of the user's is shown as its message, without a stack trace of this program. Pulumi formats the
        // trace all the same, and Node 20 needs twenty seconds for one that leads through node_modules/@pulumi.
        const failure = new pulumi.RunError(error instanceof Error ? error.message : String(error));
        failure.stack = "";
        throw failure;
    });
