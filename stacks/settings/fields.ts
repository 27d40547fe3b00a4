import { z } from "zod";
import { NETWORK_RANGES, networkRange } from "./networkRange";

/*
 * Builders of single settings. Numbers and truth values may come as text, because `pulumi config set` stores them
 * so; anything else is refused and not converted.
 */

const asNumber = (value: unknown): unknown =>
    typeof value === "string" && /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(value) ? Number(value) : value;

const asBoolean = (value: unknown): unknown => (value === "true" ? true : value === "false" ? false : value);

/** Pulumi makes numbers of nested text that looks like one ("2" cores, a tag of digits). */
const asText = (value: unknown): unknown => (typeof value === "number" ? String(value) : value);

/** Example of a value, for the documentation. */
const shownAs = (example: unknown) => (example === undefined ? {} : { examples: [example] });

const pattern = (form: RegExp) => z.preprocess(asText, z.string().regex(form));

/** A whole number within a range. */
export function integer(doc: string, fallback: number, minimum: number, maximum: number, example?: number) {
    return z
        .preprocess(asNumber, z.int().min(minimum).max(maximum))
        .default(fallback)
        .meta({ description: doc, ...shownAs(example) });
}

/** A whole number that has no default. */
export function optionalInteger(doc: string, minimum: number, maximum: number, example?: number) {
    return z
        .preprocess(asNumber, z.int().min(minimum).max(maximum))
        .optional()
        .meta({ description: doc, ...shownAs(example) });
}

/** A number within a range. */
export function decimal(doc: string, fallback: number, minimum: number, maximum: number) {
    return z.preprocess(asNumber, z.number().min(minimum).max(maximum)).default(fallback).describe(doc);
}

export function boolean(doc: string, fallback: boolean) {
    return z.preprocess(asBoolean, z.boolean()).default(fallback).describe(doc);
}

/** One of a few words. */
export function choice<const Options extends readonly [string, ...string[]]>(
    doc: string,
    options: Options,
    fallback: Options[number],
    example?: Options[number],
) {
    return z
        .enum(options)
        .default(fallback as never)
        .meta({ description: doc, ...shownAs(example) });
}

/** One of a few versions, which Pulumi makes numbers of where they look like ones. */
export function version<const Options extends readonly [string, ...string[]]>(
    doc: string,
    options: Options,
    fallback: Options[number],
) {
    return z
        .preprocess(asText, z.enum(options))
        .default(fallback as never)
        .describe(doc);
}

/** Text of a form. `shape` says the form in words, for messages and documentation. */
export function text(doc: string, fallback: string, form: RegExp, shape: string) {
    return pattern(form).default(fallback).meta({ description: doc, allowed: shape });
}

/** Text of a form that has no default. */
export function optionalText(doc: string, form: RegExp, shape: string, example?: string) {
    return pattern(form)
        .optional()
        .meta({ description: doc, allowed: shape, ...shownAs(example) });
}

/** RFC 1123 label: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const LABEL_SHAPE = "lower-case letters, digits and inner hyphens, at most 63 characters";

/** Scheme, host and port alone: clients put paths of their own behind it. */
const ENDPOINT = /^https?:\/\/[A-Za-z0-9][-A-Za-z0-9.]*(:\d{1,5})?$/;

/** Address of an external server. */
export function optionalEndpoint(doc: string) {
    return optionalText(
        doc,
        ENDPOINT,
        "http:// or https://, a host, and a port where it is another than the scheme's",
    );
}

/** Networks, IPv4 or IPv6. */
export function cidrs(doc: string) {
    return z
        .array(networkRange)
        .default([])
        .meta({
            description: doc,
            allowed: NETWORK_RANGES,
            examples: [["10.0.0.0/8", "fd00::/8"]],
        });
}

/** Labels that select pods. */
export function selector(doc: string, example: Readonly<Record<string, string>>) {
    return z
        .record(z.string().min(1), z.preprocess(asText, z.string()))
        .default({})
        .meta({ description: doc, allowed: "keys and texts", examples: [example] });
}

/** Name of a Secret that the user made. */
export function secretName(doc: string) {
    return optionalText(doc, LABEL, LABEL_SHAPE);
}

/** Kubernetes quantity: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const CPU = /^(\d+(\.\d+)?|\d+m)$/;
export const BYTES = /^\d+(\.\d+)?(Ki|Mi|Gi|Ti)$/;
export const BYTES_SHAPE = "bytes such as 512Mi or 2Gi";

const cpu = (doc: string, fallback: string) => text(doc, fallback, CPU, "cores such as 0.5 or 500m");
const memory = (doc: string, fallback: string) => text(doc, fallback, BYTES, BYTES_SHAPE);

/** Size of a volume. */
export function storage(doc: string, fallback: string) {
    return text(doc, fallback, BYTES, "bytes such as 10Gi");
}

/**
 * Requests and limits of main containers: `[CPU, memory]` each.
 *
 * @param tiers whose containers they are.
 */
export function resources(
    tiers: readonly [string, ...string[]],
    requests: readonly [string, string],
    limits: readonly [string, string],
) {
    return z
        .strictObject({
            requests: z
                .strictObject({
                    cpu: cpu("CPU that is set aside", requests[0]),
                    memory: memory("Memory that is set aside", requests[1]),
                })
                .prefault({}),
            limits: z
                .strictObject({
                    cpu: cpu("CPU that is used at most", limits[0]),
                    memory: memory("Memory that is used at most", limits[1]),
                })
                .prefault({}),
        })
        .meta({ tiers })
        .prefault({});
}

/** How a Service is reached. */
export function exposure(what: string) {
    return z
        .strictObject({
            type: choice(
                `How ${what} is reached: inside the cluster, on a port of each node, or through a cloud load balancer`,
                ["ClusterIP", "NodePort", "LoadBalancer"],
                "ClusterIP",
            ),
            nodePort: optionalInteger("Port on the nodes; the cluster chooses one when empty", 30000, 32767),
        })
        .prefault({});
}

/** How providers on this machine reach a server inside the cluster. */
export function access(what: string, localPort: number, serverPort: number) {
    return z
        .strictObject({
            mode: choice(
                `How this machine reaches ${what}: through a port-forward, or directly at \`host\``,
                ["tunnel", "direct"],
                "tunnel",
            ),
            localPort: integer(
                "Port on this machine's loopback interface for the tunnel",
                localPort,
                1024,
                65535,
            ),
            host: optionalText(
                "Host name or address, for mode direct",
                /^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?$/,
                "a host name or address without scheme and port",
            ),
            port: integer("Port, for mode direct", serverPort, 1, 65535),
            timeoutSeconds: integer(
                `Seconds ${what} may take to answer before the update fails`,
                180,
                5,
                3600,
            ),
        })
        .prefault({});
}
