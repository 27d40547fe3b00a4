import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { haproxyCommand } from "../../../components/core/network/haproxyListener";
import { FRONTEND_PORT, METRICS_PORT } from "../../../components/serving/haproxyConfig";
import { freePort } from "../../support/freePort";
import { haproxyProgram } from "./haproxy";

/** Waits until `holds` says so; fails with `what` after ten seconds, or another time. */
export async function until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    milliseconds = 10_000,
): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!(await holds())) {
        if (Date.now() > deadline) {
            throw new Error(`not within ${milliseconds} ms: ${what}`);
        }
        await new Promise((wake) => setTimeout(wake, 50));
    }
}

/** A configuration with one of its listeners on another port. */
export function moved(configuration: string, port: number, free: number): string {
    return configuration.replace(new RegExp(`(bind (127\\.0\\.0\\.1)?:+)${port}\\b`, "g"), `$1${free}`);
}

/** Starts HAProxy as its pods do. */
export function startHaproxy(path: string, environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const [program = "", ...parameters] = haproxyCommand(path);
    const PATH = [dirname(haproxyProgram()), process.env.PATH].join(delimiter);
    return spawn(program, parameters, { env: { ...environment, PATH }, stdio: ["ignore", "pipe", "pipe"] });
}

/** The program on a generated configuration, with this machine's ports and name server in place of the cluster's. */
export class Balancer {
    /** Where requests go. */
    url = "";
    log = "";
    metricsUrl = "";
    private process: ChildProcess | undefined;
    private readonly directory = mkdtempSync(join(tmpdir(), "flts-haproxy-"));

    async start(configuration: string, nameServerPort: number): Promise<void> {
        const [front, metrics] = [await freePort(), await freePort()];
        const path = join(this.directory, "haproxy.cfg");
        const placed = moved(moved(configuration, FRONTEND_PORT, front), METRICS_PORT, metrics);
        writeFileSync(
            path,
            placed.replace("parse-resolv-conf", `nameserver test 127.0.0.1:${nameServerPort}`),
        );
        const child = startHaproxy(path);
        for (const stream of [child.stdout, child.stderr]) {
            stream?.on("data", (chunk: Buffer) => {
                this.log += chunk.toString();
            });
        }
        this.process = child;
        this.url = `http://127.0.0.1:${front}`;
        this.metricsUrl = `http://127.0.0.1:${metrics}`;
        await until("HAProxy answers /healthz", async () => {
            if (child.exitCode !== null) {
                throw new Error(`HAProxy ended with ${child.exitCode}:\n${this.log}`);
            }
            return fetch(`${this.metricsUrl}/healthz`).then(
                ({ ok }) => ok,
                () => false,
            );
        });
    }

    /** Waits until `count` servers of a backend are up. */
    async serversUp(backend: string, count: number): Promise<void> {
        await until(`${count} servers of ${backend} up`, async () => {
            return (await this.metric("haproxy_backend_active_servers", backend)) === count;
        });
    }

    /** Sum of one of HAProxy's metrics over a proxy, such as a backend. */
    async metric(name: string, proxy: string): Promise<number> {
        const text = await (await fetch(`${this.metricsUrl}/metrics`)).text();
        const line = new RegExp(`^${name}\\{proxy="${proxy}"[^}]*\\} (\\d+)`, "gm");
        return [...text.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
    }

    /** Status of a path of the port that only the cluster sees. */
    async observed(path: string): Promise<number> {
        return (await fetch(`${this.metricsUrl}${path}`)).status;
    }

    signal(name: NodeJS.Signals): void {
        this.process?.kill(name);
    }

    /** The program's exit code, once it ended. */
    async ended(): Promise<number | null> {
        await until(
            "HAProxy ends",
            () => this.process?.exitCode !== null || this.process.signalCode !== null,
        );
        return this.process?.exitCode ?? null;
    }

    remove(): void {
        this.process?.kill("SIGKILL");
        rmSync(this.directory, { recursive: true, force: true });
    }
}
