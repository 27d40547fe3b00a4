// A process that uploads a file as `make data` does: upload.ts HOST PORT ACCESS_KEY SECRET_KEY BUCKET PATH.
import { createConsole, runMain } from "../../../toolchain/console";
import { DatasetStore } from "../../../cli/data/store";
import { findSeries } from "../../../cli/data/series";
import { uploadSeries } from "../../../cli/data/transfer";

const [host = "", port, accessKey = "", secretKey = "", bucket = "", path = ""] = process.argv.slice(2);
const output = createConsole(process.stdout);

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
        }),
        findSeries(path, "FILE"),
    ),
);
