import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterEnvironment, run } from "../support/commands";
import { commandsIn, shellCommands, textOf } from "../support/documented";
import { deployStack } from "../support/stack";

/** Milliseconds within which a forwarded port answers. */
const FORWARD_TIMEOUT = 20_000;

/** The page's commands, by the heading under which they stand. */
const sections = new Map(
    textOf("docs/troubleshooting.md")
        .split(/^## /m)
        .slice(1)
        .map((section): [string, string[]] => [section.split("\n")[0] ?? "", commandsIn(section)]),
);

describe("the commands of docs/troubleshooting.md on a running stack", function () {
    this.timeout(20 * 60_000);
    let environment: NodeJS.ProcessEnv;
    const tried: string[] = [];

    before(async () => {
        await deployStack();
        environment = {
            ...clusterEnvironment(),
            PATH: `${dirname(toolPath("kubectl"))}${delimiter}${process.env.PATH ?? ""}`,
        };
    });

    // Promise: commands-pods-do-start
    it("commands for pods that do not start work", () => works("Pods do not start"));
    // Promise: interfaces-api-can-opened, commands-services-cannot-reached
    it("commands for services that are not reachable work", () => works("Services are not reachable"));
    // Promise: commands-training-does-start
    it("commands for training that does not start work", () => works("Training does not start"));
    // Promise: commands-inference-errors
    it("commands for inference without a model work", () => works("Inference answers 503"));
    // Promise: inference-scaled-hand, restart-deployment
    it("commands for scaling and restarting work", () => works("Scaling and restarting"));
    // Promise: run-commands-pods
    it("commands for looking into pods work", () => works("Looking into pods"));

    it("every command of the page is tried", () => {
        assert.deepEqual(tried, shellCommands("docs/troubleshooting.md"));
    });

    /** Fails unless every command below `heading` ends well and says something. */
    async function works(heading: string): Promise<void> {
        const commands = sections.get(heading) ?? [];
        assert.ok(commands.length > 0, `no command below ${heading}`);
        for (const command of commands) {
            tried.push(command);
            const [, port] = / port-forward .* (\d+):\d+$/.exec(command) ?? [];
            if (port === undefined) {
                const outcome = await run("bash", ["-c", command], { environment });
                assert.equal(outcome.code, 0, `${command}\n${outcome.everything}`);
                assert.notEqual(outcome.everything.trim(), "", command);
            } else {
                await answersWhile(command, `http://127.0.0.1:${port}/`);
            }
        }
    }

    /** Fails unless something speaks HTTP at `url` while `command` runs. */
    async function answersWhile(command: string, url: string): Promise<void> {
        const child = spawn("bash", ["-c", `exec ${command}`], { env: { ...process.env, ...environment } });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        try {
            const deadline = Date.now() + FORWARD_TIMEOUT;
            for (;;) {
                try {
                    await fetch(url);
                    return;
                } catch (error) {
                    if (child.exitCode !== null || Date.now() > deadline) {
                        throw new Error(`${command}: no answer at ${url}\n${said}`, { cause: error });
                    }
                    await sleep(200);
                }
            }
        } finally {
            child.kill();
        }
    }
});
