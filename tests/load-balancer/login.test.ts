import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    ADMITTED_PORT,
    admittedConfig,
    LOGIN_PORT,
    passwordLoginConfig,
} from "../../components/gateway/passwordLogin";
import { moved, startHaproxy, until } from "./support/balancer";
import { withHaproxy } from "./support/haproxy";
import { freePort } from "../support/freePort";

const HEALTH_PORT = 8404;
const USER = "mlflow";
/** Every character that could end a word, a quotation or a variable in HAProxy's configuration. */
const PASSWORD = `p "q' $HOME \${x} #\\ ü`;

/** What logs in to the server behind. */
const HEADER = "Basic YWRtaW46c2VjcmV0Kz8vPT0=";

describe("HAProxy as a login", function () {
    this.timeout(30_000);
    withHaproxy();

    const directory = mkdtempSync(join(tmpdir(), "flts-login-"));
    const started: ChildProcess[] = [];
    let server: Server;
    let url: string;
    let behindAnother: string;

    /** Starts HAProxy with a configuration, each port moved to a free one; the address of that port, once it answers. */
    async function start(name: string, config: string, configured: number): Promise<string> {
        const [port, health] = [await freePort(), await freePort()];
        const path = join(directory, name);
        writeFileSync(path, moved(moved(config, configured, port), HEALTH_PORT, health));
        const haproxy = startHaproxy(path, {
            LOGIN_USER: USER,
            LOGIN_PASSWORD: PASSWORD,
            MLFLOW_AUTHORIZATION: HEADER,
        });
        started.push(haproxy);
        await until("HAProxy answers", async () =>
            fetch(`http://127.0.0.1:${health}/healthz`).then(
                (answer) => answer.ok,
                () => false,
            ),
        );
        return `http://127.0.0.1:${port}`;
    }

    before(async () => {
        server = createServer((request, response) => {
            response.end(JSON.stringify(request.headers));
        });
        await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
        const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        url = await start("login.cfg", passwordLoginConfig(address), LOGIN_PORT);
        behindAnother = await start("admitted.cfg", admittedConfig(address), ADMITTED_PORT);
    });

    after(() => {
        for (const haproxy of started) {
            haproxy.kill();
        }
        server.close();
        rmSync(directory, { recursive: true });
    });

    function ask(user?: string, password?: string): Promise<Response> {
        const given = Buffer.from(`${user ?? ""}:${password ?? ""}`).toString("base64");
        return fetch(url, { headers: user === undefined ? {} : { Authorization: `Basic ${given}` } });
    }

    it("refuses clients without a login, and asks for a password", async () => {
        const answer = await ask();
        assert.equal(answer.status, 401);
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic realm="FLTS"$/);
    });

    it("refuses clients without a login over IPv6, too", async () => {
        assert.equal((await fetch(url.replace("127.0.0.1", "[::1]"))).status, 401);
    });

    it("refuses a wrong password", async () => {
        for (const [user, password] of [
            [USER, ""],
            [USER, PASSWORD.slice(0, -1)],
            [USER, `${PASSWORD}x`],
            ["admin", PASSWORD],
        ] as const) {
            assert.equal((await ask(user, password)).status, 401, `${user}:${password}`);
        }
    });

    it("admits clients with the password, whatever characters it has, as the user of the server behind", async () => {
        const answer = await ask(USER, PASSWORD);
        assert.equal(answer.status, 200);
        assert.equal(((await answer.json()) as Record<string, string>).authorization, HEADER);
    });

    it("logs in to the server itself behind another login, whatever that passes on", async () => {
        for (const headers of [{}, { Authorization: "Bearer of-the-provider" }]) {
            const answer = await fetch(behindAnother, { headers });
            assert.equal(answer.status, 200);
            assert.equal(((await answer.json()) as Record<string, string>).authorization, HEADER);
        }
    });
});
