import { join } from "node:path";
import { execa } from "execa";
import { createConsole, runMain } from "../../toolchain/console/index";
import { toolPath } from "../../toolchain/tools/paths";

/** `make bench SERVED=1000`: one inference process that serves so many series out of the toolchain's MinIO. */
void runMain(createConsole(process.stdout), async () => {
    const { exitCode } = await execa(
        join(__dirname, "..", "..", "services", "run-benchmark.sh"),
        ["served", process.env.SERVED ?? ""],
        { stdio: "inherit", reject: false, env: { MINIO: toolPath("minio") } },
    );
    process.exitCode = exitCode ?? 1;
});
