import { createConsole, runMain } from "../../toolchain/console/index";
import { readOptions } from "../stack/options";
import { projectDirectory } from "../stack/workspace";
import { checkSeries } from "./checkSeries";
import { chosenSeries } from "./series";

const output = createConsole(process.stdout);

/** Checks the files that FILE or DATASET names, before `make` does anything else. */
void runMain(output, () => {
    const options = readOptions(process.env);
    return checkSeries(output, chosenSeries(options), projectDirectory, options.stack);
});
