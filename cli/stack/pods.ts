import type { V1Pod } from "@kubernetes/client-node";

/** A part of an object as kubectl prints it: as the client library has it, with times as text (RFC 3339). */
type Printed<Part> = Part extends Date
    ? string
    : Part extends object
      ? { readonly [Key in keyof Part]: Printed<Part[Key]> }
      : Part;

/** A pod as `kubectl get pods --output json` prints it. */
export type Pod = Printed<V1Pod>;

/** The pods in what kubectl printed. */
export function podsIn(text: string): readonly Pod[] {
    return (JSON.parse(text) as { readonly items: readonly Pod[] }).items;
}
