import { createConsole, runMain } from "../console";
import { readOptions } from "./options";
import { deploymentOverrides } from "./overrides";
import { Workspace } from "./workspace";

const output = createConsole(process.stdout);

/**
 * `make down`: destroys the stack, data included, and forgets it. A second run finds nothing to do.
 *
 * The embedded cluster goes right after and takes everything along, so nothing is asked; on the user's own cluster
 * pulumi asks first.
 */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    if (!workspace.exists()) {
        output.line(`stack ${options.stack}: nothing to destroy`);
        return;
    }
    // Run on an empty stack, the program would wait for servers that nobody is going to create.
    if (!workspace.isEmpty()) {
        workspace.prepare({ ...(await deploymentOverrides(options)), "flts:allowDataLoss": ["all"] });
        // The program runs too: it holds the tunnel through which buckets and databases are deleted, and the guard that
        // is told here that the data may go.
        const confirmed = options.embedded ? ["--yes", "--skip-preview"] : [];
        await workspace.run(["destroy", "--run-program", ...confirmed]);
    }
    workspace.remove();
});
