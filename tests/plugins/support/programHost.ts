import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A function that declares what a stack deploys, and takes all it needs to know from one text. */
export interface Program {
    /** Path of the module, without its extension. */
    readonly module: string;
    /** Name of the exported function that declares the resources. */
    readonly entry: string;
    readonly argument: string;
}

/** A program that is to be served; the answer has the same key. */
export interface HostedProgram extends Program {
    readonly key: string;
}

/** Where the engine reaches a program. */
export interface ServedProgram {
    readonly key: string;
    readonly port: number;
}

/** Commands that run the program. */
const COMMANDS = ["up", "preview", "refresh", "destroy"];

let child: ChildProcess | undefined;
let served = 0;

/** One process for all programs of a run: loading Node.js and Pulumi's SDK takes longer than most of what tests deploy. */
function host(): ChildProcess {
    if (child === undefined) {
        const started = fork(join(__dirname, "programServer.ts"), {
            execArgv: ["--require", "ts-node/register/transpile-only"],
        });
        started.unref();
        started.channel?.unref();
        child = started;
    }
    return child;
}

/** Serves a program from now on; the result are the parameters with which a command of pulumi runs it. */
export async function serveProgram(program: Program): Promise<(command: string) => readonly string[]> {
    const server = host();
    const key = String((served += 1));
    server.send({ ...program, key } satisfies HostedProgram);
    for (;;) {
        const [answer] = (await once(server, "message")) as [ServedProgram];
        if (answer.key === key) {
            const parameters = [`--client=127.0.0.1:${answer.port}`, "--exec-kind=auto.inline"];
            return (command) => (COMMANDS.includes(command) ? parameters : []);
        }
    }
}
