import { quantity } from "../quantity";

/** Share of a volume that a database may fill; the rest is for its write-ahead log and the merging of its files. */
const USABLE_SHARE = 0.8;

/** Whole bytes that a database may keep on a volume of this size, such as `10Gi`. */
export function usableBytes(storage: string): number {
    return Math.floor(quantity(storage) * USABLE_SHARE);
}
