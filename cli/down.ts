import { existsSync } from "node:fs";
import { EVERYTHING } from "../components/core/data/allowedLoss";
import { clusterLayout } from "../toolchain/cluster/layout";
import { createConsole, runMain } from "../toolchain/console/index";
import { readOptions } from "./stack/options";
import { deploymentOverrides } from "./stack/overrides";
import { takeDown } from "./stack/destroy";
import { Workspace } from "./stack/workspace";

const output = createConsole(process.stdout);

/** `make down`: destroys the stack, data included, and forgets it. A second run finds nothing to do. */
void runMain(output, async () => {
    // A destroy is meant to delete the stack's data.
    const options = { ...readOptions(process.env), allowDataLoss: EVERYTHING };
    const workspace = new Workspace(options);
    const stack = {
        exists: () => workspace.exists(),
        deployedContext: () => workspace.deployedContext(),
        resources: () => workspace.resources(),
        destroy: async () => {
            workspace.prepare(await deploymentOverrides(options));
            // The program runs too: it holds the tunnel through which buckets and databases are deleted, and the guard
            // that must allow the data to go. On the user's own cluster pulumi asks first.
            const confirmed = options.embedded ? ["--yes", "--skip-preview"] : [];
            await workspace.run(["destroy", "--run-program", ...confirmed]);
        },
        remove: () => {
            workspace.remove();
        },
    };
    await takeDown(stack, options, existsSync(clusterLayout().kubeconfig), output);
});
