import { createConsole, runMain } from "../../toolchain/console/index";
import { readOptions } from "../stack/options";
import { projectDirectory } from "../stack/workspace";
import { checkSeries } from "./checkSeries";
import { chosenSeries } from "./series";

/**
 * Checks the files that FILE or DATASET names, before `make` does anything else. A process of its own: the check takes
 * more memory than an upload may.
 */
void runMain(createConsole(process.stdout), () => {
    const options = readOptions(process.env);
    return checkSeries(chosenSeries(options), projectDirectory, options.stack);
});
