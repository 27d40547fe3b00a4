import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config";
import { checkCluster } from "./components/access/cluster";
import { clusterIdentity } from "./components/access/clusterIdentity";
import { existingLabels } from "./components/access/existingObject";
import { allowedLoss } from "./components/core/data/allowedLoss";
import { lastRun } from "./components/loadTest/lastLoadTest";
import { formerDataset } from "./stacks/inputs/formerDataset";
import { provideChart } from "./stacks/inputs/chart";
import { deployLayers } from "./stacks/layers/deployLayers";
import { checkData } from "./stacks/platform/dataCheck";
import { clusterNetwork } from "./stacks/platform/clusterNetwork";
import { createPlatform, requiredContext } from "./stacks/platform/platform";
import { leaveOutPromiseStacks } from "./stacks/platform/promiseStacks";
import { sourceClass } from "./stacks/platform/volumes";
import { problemFindings, skippedChecks } from "./stacks/preflight/finding";
import { preflight } from "./stacks/preflight/preflight";
import { Report } from "./stacks/preflight/report";
import { stackOutputs, type ProvidedOutputs } from "./stacks/outputs/outputs";
import { readSettings } from "./stacks/settings/read";

leaveOutPromiseStacks();

/** Settings, then the layers from the bottom up, then the stack's outputs. Nothing is created before the preflight passed. */
async function deploy(): Promise<ProvidedOutputs> {
    const stack = pulumi.getStack();
    const settings = readSettings(allConfig(), stack);
    const allowed = allowedLoss(process.env);
    const skipped = skippedChecks(process.env);
    const chart = await provideChart(settings, __dirname);
    const context = requiredContext(stack);
    await checkCluster(context, settings.cluster.timeouts.api);
    const report = new Report();
    const { namespace } = settings;
    await report.collect(() => checkData(settings, context, stack, allowed));
    const source = await report.collect(() => sourceClass(settings, context));
    const former = await report.collect(() => formerDataset(context, namespace.name, stack));
    const [network, identity] = await Promise.all([
        clusterNetwork(settings, context),
        clusterIdentity(context),
    ]);

    const { passed } = report;
    const platform = createPlatform(settings, stack, context, {
        source,
        network,
        clusterIdentity: identity,
        existing: existingLabels(context),
        allowed,
        passed,
    });
    const layers = await deployLayers(settings, platform, { chart, formerFiles: former ?? [] });
    const objects = platform.cluster.declaredObjects;
    report.add(problemFindings(platform.cluster.problems(), skipped));
    report.add(
        await preflight({
            settings,
            stack,
            context,
            objects,
            requests: platform.requests.all,
            home: [namespace.name, platform.namespace],
            preview: pulumi.runtime.isDryRun(),
            skipped,
        }),
    );
    for (const { level, message } of report.conclude()) {
        await (level === "warning" ? pulumi.log.warn(message) : pulumi.log.info(message));
    }
    const loadTest = layers.locust && (await lastRun(context, namespace.name, stack));
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
