import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "./driver";
import { namespace } from "./objects";

/** What `look` returns once it does not throw any more: a pod's Service follows the pod by a moment. */
export async function eventually<T>(look: () => T): Promise<T> {
    for (let attempt = 0; attempt < 40; attempt++) {
        try {
            return look();
        } catch {
            await sleep(500);
        }
    }
    return look();
}

/** Runs kubectl in the namespace of what the tests make. */
export function kubectlInNamespace(state: string, ...commandArguments: string[]): string {
    return kubectl(state, ["--namespace", namespace, ...commandArguments]);
}

/** Runs a command of the probe (probe/main.go) in the pod of that name. Throws with what it said if it fails. */
export function probeIn(pod: string, state: string, ...commandArguments: string[]): string {
    return kubectlInNamespace(state, "exec", pod, "--", "/probe", ...commandArguments);
}
