import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { MinioClient } from "../../components/access/minioClient";
import { objectStoreProbe } from "../../components/access/protocolProbes";
import { untilAnswered } from "../../components/access/untilAnswered";
import { minioProgram } from "./support/tools";
import { freePort } from "../support/freePort";

const SERVERS = 4;
const login = { user: "flts-test-root", password: "flts-test-root-password" };

/** An address of this machine: MinIO refuses to run several servers on the loopback interface where it takes the machine for a container. */
function machineAddress(): string {
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}

describe("four MinIO servers that start together", function () {
    this.timeout(120_000);
    const host = machineAddress();
    const directory = mkdtempSync(join(tmpdir(), "flts-minio-start-"));
    const processes: ChildProcess[] = [];
    let port: number;

    before(async () => {
        const ports = await Promise.all(Array.from({ length: SERVERS }, () => freePort(host)));
        [port = 0] = ports;
        const drives = ports.map((own, index) => `http://${host}:${own}${join(directory, String(index))}`);
        const env = {
            ...process.env,
            MINIO_ROOT_USER: login.user,
            MINIO_ROOT_PASSWORD: login.password,
            MINIO_BROWSER: "off",
            // All drives are on one disk here.
            MINIO_CI_CD: "1",
        };
        for (const own of ports) {
            const parameters = ["server", "--quiet", "--address", `${host}:${own}`, ...drives];
            processes.push(spawn(minioProgram(), parameters, { env, stdio: "ignore" }));
        }
    });
    after(async () => {
        await Promise.all(
            processes.map(async (child) => {
                const ended = new Promise((resolve) => child.once("exit", resolve));
                child.kill("SIGKILL");
                await ended;
            }),
        );
        rmSync(directory, { recursive: true, force: true });
    });

    it("MinIO servers that start together count as ready only when they answer questions about users", async () => {
        const probe = objectStoreProbe(false);
        await untilAnswered(() => probe(host, port, login), { timeout: 90, interval: 10, patience: 10 });
        const client = new MinioClient({ host, port, secure: false }, login);
        assert.equal(await client.user("nobody"), undefined);
        assert.notEqual(await client.policy("readonly"), undefined);
    });
});
