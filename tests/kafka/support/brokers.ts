import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
    clusterId,
    CONTROLLER_PORT,
    formatScript,
    KAFKA_PORT,
    serverProperties,
} from "../../../components/infrastructure/kafka/kafkaConfig";
import { copyJars } from "../../../toolchain/images/preparation/kafka";
import { cacheDirectory, toolPath } from "../../../toolchain/tools/paths";
import { freePort } from "../../support/freePort";

const ROOT = resolve(__dirname, "../../..");
const HEADLESS = "kafka-headless.test";
/** Shorter than pods have. */
const GRACE_MILLISECONDS = 10_000;

/** Passwords of the brokers and of the administrator, as the Secrets have them. */
export interface Passwords {
    readonly broker: string;
    readonly admin: string;
}

/** Brokers as Java processes, on the program's own settings with this machine's ports and folders. */
export class Brokers {
    readonly directory = mkdtempSync(join(tmpdir(), "flts-kafka-"));
    readonly ports: { client: number; controller: number }[] = [];
    private processes: ChildProcess[] = [];

    constructor(private readonly count: number) {}

    /** Gets the jars that the image has, and ports. */
    async prepare(): Promise<void> {
        await copyJars("kafka", {
            root: ROOT,
            directory: this.directory,
            cache: join(cacheDirectory(), "downloads"),
            log: join(this.directory, "jars.log"),
        });
        for (let id = 0; id < this.count; id++) {
            this.ports.push({ client: await freePort(), controller: await freePort() });
        }
    }

    get bootstrapServers(): string {
        return this.ports.map(({ client }) => `127.0.0.1:${client}`).join(",");
    }

    /**
     * Starts all brokers over the volumes that they have, and waits until each admits clients.
     *
     * @param adapt changes a broker's settings before it starts.
     * @param release of Kafka whose metadata version new volumes get; the newest by default.
     */
    async start(
        passwords: Passwords,
        adapt: (properties: string) => string = (text) => text,
        release?: string,
    ): Promise<void> {
        const shape = { brokers: this.count, name: "kafka", headlessHost: HEADLESS };
        this.processes = this.ports.map((_, id) => {
            const home = join(this.directory, `kafka-${id}`);
            mkdirSync(join(home, "run"), { recursive: true });
            writeFileSync(join(home, "server.properties"), this.placed(id, serverProperties(shape)));
            // What differs per broker is in the script's own lines.
            const [settings = "", format = ""] = this.inFolders(
                id,
                formatScript(shape, clusterId("test", "kafka")),
            ).split(/^exec /m);
            this.shell(id, settings, passwords);
            const path = join(home, "run", "server.properties");
            const { client } = this.ports[id] as { client: number };
            const here = readFileSync(path, "utf8").replace(
                `kafka-${id}.${HEADLESS}:${KAFKA_PORT}`,
                `127.0.0.1:${client}`,
            );
            writeFileSync(path, adapt(here));
            this.shell(
                id,
                release === undefined ? format : `${format} --release-version ${release}`,
                passwords,
            );
            return this.broker(id);
        });
        await Promise.all(this.processes.map((child, id) => this.admitsClients(child, id)));
    }

    /** Stops all brokers as Kubernetes does: one that waits for controllers which ended before it is killed. */
    async stop(): Promise<void> {
        await Promise.all(
            this.processes.map(
                (child) =>
                    new Promise<void>((ended) => {
                        const kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MILLISECONDS);
                        child.once("exit", () => {
                            clearTimeout(kill);
                            ended();
                        });
                        if (!child.kill("SIGTERM")) {
                            ended();
                        }
                    }),
            ),
        );
        this.processes = [];
    }

    /** File by which Kafka's tools sign in as the administrator. */
    adminConfig(id = 0): string {
        return join(this.directory, `kafka-${id}`, "run", "admin.properties");
    }

    /** Runs one of Kafka's tools as the image's scripts do. */
    tool(mainClass: string, ...args: string[]): { status: number | null; output: string } {
        const { status, stdout, stderr } = spawnSync(
            toolPath("java"),
            [
                "-Xmx128M",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                join(this.directory, "libs", "*"),
                mainClass,
                ...args,
            ],
            { encoding: "utf8", timeout: 60_000 },
        );
        return { status, output: stdout + stderr };
    }

    remove(): void {
        for (const child of this.processes) {
            child.kill("SIGKILL");
        }
        rmSync(this.directory, { recursive: true, force: true });
    }

    private shell(id: number, script: string, { broker, admin }: Passwords): void {
        const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], {
            env: {
                ...process.env,
                HOSTNAME: `kafka-${id}`,
                BROKER_PASSWORD: broker,
                ADMIN_PASSWORD: admin,
            },
            encoding: "utf8",
        });
        if (status !== 0) {
            throw new Error(`kafka-${id} was not prepared:\n${stdout}${stderr}`);
        }
    }

    private broker(id: number): ChildProcess {
        const path = join(this.directory, `kafka-${id}`, "run", "server.properties");
        return spawn(
            toolPath("java"),
            [
                "-Xmx256M",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                `-Dlog4j2.configurationFile=${join(ROOT, "images/kafka/config/log4j2.properties")}`,
                "-cp",
                join(this.directory, "libs", "*"),
                "kafka.Kafka",
                path,
            ],
            { stdio: ["ignore", "ignore", "inherit"], cwd: join(this.directory, `kafka-${id}`) },
        );
    }

    private inFolders(id: number, text: string): string {
        const home = join(this.directory, `kafka-${id}`);
        return text
            .replaceAll("/etc/kafka/", `${home}/`)
            .replaceAll("/run/kafka/", `${home}/run/`)
            .replaceAll("/opt/kafka/libs", join(this.directory, "libs"));
    }

    private placed(id: number, properties: string): string {
        const { client, controller } = this.ports[id] as { client: number; controller: number };
        return this.ports
            .reduce(
                (text, { controller: port }, other) =>
                    text.replaceAll(`kafka-${other}.${HEADLESS}:${CONTROLLER_PORT}`, `127.0.0.1:${port}`),
                properties,
            )
            .replace(`://:${KAFKA_PORT}`, `://127.0.0.1:${client}`)
            .replace(`://:${CONTROLLER_PORT}`, `://127.0.0.1:${controller}`)
            .replace("/var/lib/kafka/data", join(this.directory, `kafka-${id}`, "data"));
    }

    /** A KRaft broker opens its client port last. */
    private async admitsClients(child: ChildProcess, id: number): Promise<void> {
        const deadline = Date.now() + 90_000;
        const { client } = this.ports[id] as { client: number };
        const { connect } = await import("node:net");
        for (;;) {
            if (child.exitCode !== null) {
                throw new Error(`kafka-${id} ended with ${child.exitCode}`);
            }
            const open = await new Promise<boolean>((done) => {
                const socket = connect(client, "127.0.0.1");
                socket.once("connect", () => {
                    socket.destroy();
                    done(true);
                });
                socket.once("error", () => {
                    done(false);
                });
            });
            if (open) {
                return;
            }
            if (Date.now() > deadline) {
                throw new Error(`kafka-${id} admits no clients after 90 s`);
            }
            await new Promise((wake) => setTimeout(wake, 200));
        }
    }
}
