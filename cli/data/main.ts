import { createConsole, runMain } from "../../toolchain/console/index";
import { reportSeries } from "../progress/report";
import { deployedStack } from "../stack/deployedStack";
import { readOptions } from "../stack/options";
import { withDataset } from "./connect";
import { chosenSeries } from "./series";
import { uploadSeries } from "./transfer";

const output = createConsole(process.stdout);

/** `make data`: uploads a series, or a folder of them, which were checked before, and shows what became of it. */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const series = chosenSeries(options);
    const deployed = deployedStack(options);
    await withDataset(deployed, options.context, async (store) => {
        await uploadSeries(output, store, series);
        await reportSeries(output, deployed, options, store, series);
    });
});
