import { createConsole, runMain } from "../console";
import { readOptions } from "./options";
import { deploymentOverrides } from "./overrides";
import { Workspace } from "./workspace";

const output = createConsole(process.stdout);

/** `make preview`: what `make up` would change, with each difference spelled out. */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    workspace.prepare(await deploymentOverrides(options));
    await workspace.run(["preview", "--diff"]);
});
