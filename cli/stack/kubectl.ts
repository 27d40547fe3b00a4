import { must } from "../../toolchain/tools/command";
import { toolPath } from "../../toolchain/tools/paths";

/** Runs kubectl with these parameters and gives what it printed; fails with its messages. */
export type Kubectl = (...parameters: readonly string[]) => Promise<string>;

/** kubectl in one namespace of one cluster, found as `environment` finds it. */
export function kubectlIn(environment: NodeJS.ProcessEnv, context: string, namespace: string): Kubectl {
    const { KUBECONFIG } = environment;
    const options = { environment: KUBECONFIG === undefined ? {} : { KUBECONFIG } };
    const target = ["--context", context, "--namespace", namespace];
    return (...parameters) => must(toolPath("kubectl"), [...target, ...parameters], options);
}
