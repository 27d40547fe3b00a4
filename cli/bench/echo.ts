import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { fail } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import type { Replica } from "./replica";

/** Port of the pod that nothing else listens on. */
const PORT = 8001;
const START_SECONDS = 10;

async function answers(url: string): Promise<boolean> {
    return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
        ({ ok }) => ok,
        () => false,
    );
}

/**
 * Runs the raw ASGI echo beside the forecast API in its pod while `work` is done with its address: it has the same image,
 * limits and network. The echo ends by itself after `seconds`.
 */
export async function withEcho<Result>(
    kubectl: Kubectl,
    { name, address }: Replica,
    seconds: number,
    work: (url: string) => Promise<Result>,
): Promise<Result> {
    const source = await readFile(join(__dirname, "echo.py"), "utf8");
    let ended: string | undefined;
    const echo = kubectl("exec", name, "--", "python", "-c", source, String(PORT), String(seconds)).then(
        () => (ended = "it ended"),
        (error: unknown) => (ended = String(error)),
    );
    const url = `http://${address}:${PORT}`;
    const failed = (reason: string): never =>
        fail(`the echo in pod ${name} does not answer at ${url}: ${reason}`);
    await pWaitFor(async () => (await answers(url)) || (ended !== undefined && failed(ended)), {
        interval: 200,
        timeout: {
            milliseconds: START_SECONDS * 1000,
            fallback: () => failed(`not within ${START_SECONDS} s`),
        },
    });
    const result = await work(url);
    await echo;
    return result;
}
