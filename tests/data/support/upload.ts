// A process that uploads a file as `make data` does: upload.ts HOST PORT ACCESS_KEY SECRET_KEY BUCKET PATH.
// It loads what that loads, so its memory is that of `make data`, and reports its peak at the end.
import "../../../cli/data/connect";
import "../../../cli/progress/report";
import "../../../cli/stack/deployedStack";
import { createConsole, runMain } from "../../../toolchain/console";
import { DatasetStore } from "../../../cli/data/store";
import { findSeries } from "../../../cli/data/series";
import { uploadSeries } from "../../../cli/data/transfer";

const [host = "", port, accessKey = "", secretKey = "", bucket = "", path = ""] = process.argv.slice(2);
const output = createConsole(process.stdout);

process.on("exit", () => {
    output.line(`peak memory: ${process.resourceUsage().maxRSS} kB`);
});

void runMain(output, () =>
    uploadSeries(
        output,
        new DatasetStore({
            host,
            port: Number(port),
            secure: false,
            region: "us-east-1",
            bucket,
            prefix: "",
            accessKey,
            secretKey,
            virtual: false,
            authorities: undefined,
        }),
        findSeries(path, "FILE"),
    ),
);
