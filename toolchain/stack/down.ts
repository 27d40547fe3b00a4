import { createConsole, runMain } from "../console";
import { readOptions } from "./options";
import { Workspace } from "./workspace";

const output = createConsole(process.stdout);

/** `make down`: destroys the stack, data included, and forgets it. A second run finds nothing to do. */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    if (!workspace.exists()) {
        output.line(`stack ${options.stack}: nothing to destroy`);
        return;
    }
    // The program runs too: it holds the tunnel through which buckets and databases are deleted.
    await workspace.run(["destroy", "--yes", "--skip-preview", "--run-program"]);
    workspace.remove();
});
