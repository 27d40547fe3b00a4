import { z } from "zod";

/** The bits of an IPv4 or IPv6 address as one number. */
function bitsOf(address: string): bigint {
    if (address.includes(".")) {
        return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
    }
    const [before = [], after = []] = address
        .split("::")
        .map((side) => side.split(":").filter((group) => group !== ""));
    const zeros = Array<string>(8 - before.length - after.length).fill("0");
    return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/**
 * True for a network in the one way of writing it that Kubernetes takes from 1.36 on (its feature gate
 * StrictIPCIDRValidation): no bits of the address beyond the prefix, and no IPv4 address inside an IPv6 one.
 */
function isCanonical(cidr: string): boolean {
    const [address = "", prefix = ""] = cidr.split("/");
    if (address.includes(":") && address.includes(".")) {
        return false;
    }
    const beyond = (address.includes(":") ? 128n : 32n) - BigInt(prefix);
    return (bitsOf(address) & ((1n << beyond) - 1n)) === 0n;
}

/** A network, IPv4 or IPv6, as Kubernetes' policies and Services take it. */
export const networkRange = z.union([z.cidrv4(), z.cidrv6()]).refine(isCanonical);

/** What values of `networkRange` are allowed, for lists of them. */
export const NETWORK_RANGES = "a list of networks such as 10.0.0.0/8, without bits beyond the prefix";
