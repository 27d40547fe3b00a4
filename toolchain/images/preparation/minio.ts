import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { toolPath } from "../../build/paths";
import type { Preparation } from "./index";

/** Brings the server that `make tools` built from the pinned module. */
export function prepareMinio({ directory }: Preparation): Promise<void> {
    copyFileSync(toolPath("minio"), join(directory, "minio"));
    return Promise.resolve();
}
