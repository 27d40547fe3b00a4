import type { StackOutputs } from "../stacks/outputs/outputs";
import { createConsole, runMain, table, type Console } from "../toolchain/console/index";
import { Journal } from "../toolchain/steps/journal";
import { closing } from "../toolchain/steps/plan";
import { withDataset } from "./data/connect";
import { findSeries } from "./data/series";
import { uploadSeries } from "./data/transfer";
import { reportBucket, reportSeries } from "./progress/report";
import { waitingPods } from "./progress/waitingPods";
import { forgetDeletedCluster } from "./stack/deletedCluster";
import { deployedStack } from "./stack/deployedStack";
import { caller, confirmProduction } from "./stack/chosen";
import { kubectlIn, type Kubectl } from "./stack/kubectl";
import { readOptions } from "./stack/options";
import { deploymentOverrides } from "./stack/overrides";
import { GRAFANA_LEFT_OUT, onlyBuiltImages } from "./stack/pulledImages";
import { readStackFile } from "./stack/settings";
import { projectDirectory, Workspace } from "./stack/workspace";

/** Reports the pods for which an update waits: pulumi waits for their owners, and may not say why. */
async function reportWaitingPods(output: Console, kubectl: Kubectl, stack: string): Promise<void> {
    // The update has already reported a cluster that does not answer.
    const waiting = await waitingPods(kubectl, stack).catch(() => []);
    if (waiting.length > 0) {
        output.line(`\nPods that do not work:\n${table(waiting)}\n`);
    }
}

/** `make up`: the stack, its URLs, and a forecast from the data that it has or was given. */
async function main(output: Console, journal: Journal): Promise<void> {
    const options = readOptions(process.env);
    // `make` checked the files before anything else; the files as they are now are uploaded.
    const series = options.dataset === undefined ? [] : findSeries(options.dataset, "DATASET");
    const workspace = new Workspace(options);
    await confirmProduction(options, readStackFile(projectDirectory, options.stack).config, caller);
    const clusterKubectl = kubectlIn(workspace.environment, options.context, "default");
    if (options.embedded) {
        const uid = ["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"];
        forgetDeletedCluster(workspace, await clusterKubectl(...uid), output);
    }
    workspace.prepare(await deploymentOverrides(options));
    if (await onlyBuiltImages(options)) {
        output.line(GRAFANA_LEFT_OUT);
    }
    try {
        await journal.measure("update", () => workspace.run(["up", "--yes", "--skip-preview"]));
    } catch (error) {
        await reportWaitingPods(output, clusterKubectl, options.stack);
        throw error;
    }

    const outputs = workspace.outputs() as unknown as StackOutputs;
    const kubectl = `kubectl --context ${options.context} --namespace ${outputs.namespace}`;
    output.line(`\nReachable from this machine:\n${table(Object.entries(outputs.urls))}`);
    output.line(`\nInside the cluster:\n${table(Object.entries(outputs.endpoints))}`);
    output.line(`\nCredentials are in these Secrets (${kubectl} get secret NAME):`);
    output.line(`${table(Object.entries(outputs.secrets))}\n`);

    if (outputs.secrets.data === undefined && series.length === 0) {
        // The pipeline is part of another stack.
        return;
    }
    const deployed = deployedStack(options);
    await journal.measure("forecast", () =>
        withDataset(deployed, options.context, async (store) => {
            if (series.length > 0) {
                await uploadSeries(output, store, series);
                await reportSeries(output, deployed, options, store, series);
            } else {
                await reportBucket(output, deployed, options, store);
            }
        }),
    );
}

/** Shows what each step took, including steps before this process. */
async function timed(output: Console, journal: Journal): Promise<void> {
    try {
        await main(output, journal);
    } catch (error) {
        journal.end(Date.now());
        throw error;
    }
    const run = journal.end(Date.now());
    if (run !== undefined) {
        output.line(`\nTime that the steps took:\n${closing(run.plan, run.took, run.elapsed)}`);
    }
}

const output = createConsole(process.stdout);
void runMain(output, () => timed(output, new Journal()));
