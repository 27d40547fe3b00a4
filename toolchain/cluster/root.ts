import { UserError } from "../console";

/** Throws a `UserError` unless this is root on Linux. */
export function requireRoot(action: string): void {
    if (process.platform !== "linux") {
        throw new UserError(
            `the embedded cluster runs on Linux only, and this is ${process.platform}: deploy to a cluster of your own ` +
                "with CONTEXT=<name of a context in your kubeconfig>",
        );
    }
    if (process.getuid?.() !== 0) {
        throw new UserError(
            `${action} needs root, and you are user ${process.getuid?.() ?? "unknown"}: run it with sudo, or deploy to ` +
                "a cluster of your own with CONTEXT=<name of a context in your kubeconfig>",
        );
    }
}
