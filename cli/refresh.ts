import { createConsole, runMain } from "../toolchain/console/index";
import { deployedStack } from "./stack/deployedStack";
import { readOptions } from "./stack/options";
import { deploymentOverrides } from "./stack/overrides";

/**
 * `make refresh`: reads the state again.
 *
 * The program runs with it, as it holds the tunnels: without them the official MinIO plugin takes every bucket for deleted.
 * A preview would open none.
 */
void runMain(createConsole(process.stdout), async () => {
    const options = readOptions(process.env);
    const { workspace } = deployedStack(options);
    workspace.prepare(await deploymentOverrides(options));
    await workspace.run(["refresh", "--run-program", "--skip-preview", "--yes"]);
});
