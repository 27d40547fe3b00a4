/** Factors of Kubernetes' suffixes. */
const FACTORS: Readonly<Record<string, number>> = {
    "": 1,
    n: 1e-9,
    u: 1e-6,
    m: 0.001,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    P: 1e15,
    E: 1e18,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
    Pi: 2 ** 50,
    Ei: 2 ** 60,
};

/**
 * A Kubernetes quantity as a number: cores, or bytes. Settings use few of its forms, the API server answers with all.
 *
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * @throws when it is none.
 */
export function quantity(text: string): number {
    const match = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([num]|k|[KMGTPE]i|[MGTPE]|)$/.exec(text);
    const factor = FACTORS[match?.[2] ?? ""];
    if (match?.[1] === undefined || factor === undefined) {
        throw new Error(`"${text}" is not a quantity`);
    }
    return Number(match[1]) * factor;
}
