/** Factors of the suffixes that settings may use. */
const FACTORS: Readonly<Record<string, number>> = {
    "": 1,
    m: 0.001,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number: cores, or bytes. */
export function quantity(text: string): number {
    const match = /^(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|Ti|)$/.exec(text);
    const factor = FACTORS[match?.[2] ?? ""];
    if (match?.[1] === undefined || factor === undefined) {
        throw new Error(`"${text}" is not a quantity`);
    }
    return Number(match[1]) * factor;
}
