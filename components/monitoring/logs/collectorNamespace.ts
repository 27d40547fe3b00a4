/** Name of the log collector's namespace; two stacks in one cluster have one each. */
export function collectorNamespaceName(namespace: string): string {
    return `${namespace}-log-collector`;
}
