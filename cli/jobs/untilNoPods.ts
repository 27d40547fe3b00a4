import pWaitFor from "p-wait-for";
import { fail, type Report } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { POLL_INTERVAL } from "./job";

/** Milliseconds in which pods have to end; a trainer may need a minute to complete its claim. */
const END_TIMEOUT = 300_000;

/** Pods that are to end. */
export interface Ending {
    /** Names of the tiers that they are of. */
    readonly tiers: readonly string[];
    /** What they are called in messages. */
    readonly called: string;
    /** Further parameters of `kubectl get pods`. Default: none. */
    readonly where?: readonly string[];
    /** What follows the message about pods that did not end. Default: nothing. */
    readonly advice?: string;
}

/** Waits until the tiers have no such pods; fails with their names after five minutes. */
export async function untilNoPods(
    kubectl: Kubectl,
    report: Report,
    { tiers, called, where = [], advice = "" }: Ending,
): Promise<void> {
    if (tiers.length === 0) {
        return;
    }
    const selector = `app.kubernetes.io/name in (${tiers.join(",")})`;
    let left: readonly string[] = [];
    const gone = async (): Promise<boolean> => {
        const text = await kubectl("get", "pods", "--selector", selector, ...where, "--output", "name");
        left = text.split("\n").filter((line) => line !== "");
        report(undefined, `${left.length} ${called} left`);
        return left.length === 0;
    };
    await pWaitFor(gone, {
        interval: POLL_INTERVAL,
        timeout: {
            milliseconds: END_TIMEOUT,
            fallback: () =>
                fail(
                    `these ${called} did not end within ${END_TIMEOUT / 60_000} minutes: ${left.join(", ")}${advice}`,
                ),
        },
    });
}
