import dns from "node:dns";
import { STORE_NAME } from "./seaweed";

type Lookup = (name: string, ...rest: unknown[]) => void;

/**
 * Makes the store's name, and those of its buckets below it, this machine's while something runs.
 *
 * @param asked takes the names that were looked up.
 */
export async function resolving<T>(during: () => Promise<T>, asked = new Set<string>()): Promise<T> {
    const { lookup } = dns;
    const changed: Lookup = (name, ...rest) => {
        asked.add(name);
        (lookup as Lookup)(name.endsWith(STORE_NAME) ? "127.0.0.1" : name, ...rest);
    };
    dns.lookup = changed as typeof lookup;
    try {
        return await during();
    } finally {
        dns.lookup = lookup;
    }
}
