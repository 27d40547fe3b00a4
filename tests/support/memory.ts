import { readFileSync } from "node:fs";

/** Memory of the machine in use, in bytes: what is there less what could be had at once. */
function usedMemory(): number {
    const fields = new Map(
        readFileSync("/proc/meminfo", "utf8")
            .split("\n")
            .map((line) => {
                const [name = "", kilobytes = "0"] = line.split(/:\s+/);
                return [name, Number.parseInt(kilobytes, 10) * 1024] as const;
            }),
    );
    return (fields.get("MemTotal") ?? 0) - (fields.get("MemAvailable") ?? 0);
}

/** Runs `work` and returns the most memory that the machine used meanwhile, in bytes, looked at twice a second. */
export async function peakMemory<T>(work: () => Promise<T>): Promise<{ result: T; peak: number }> {
    let peak = usedMemory();
    const timer = setInterval(() => {
        peak = Math.max(peak, usedMemory());
    }, 500);
    try {
        return { result: await work(), peak };
    } finally {
        clearInterval(timer);
    }
}
