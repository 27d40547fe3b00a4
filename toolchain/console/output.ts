import { createColors } from "picocolors";

/** The part of a stream that output needs; `process.stderr` is one. */
export interface OutputStream {
    readonly isTTY?: boolean;
    readonly columns?: number;
    write(text: string): unknown;
}

/** Where people-facing lines go, and the colours that may be used there. */
export interface Console {
    readonly stream: OutputStream;
    /** True on a terminal that can redraw a line. */
    readonly interactive: boolean;
    /** Colour functions; they return their argument unchanged where colour is off. */
    readonly colors: ReturnType<typeof createColors>;
    line(text: string): void;
    warn(text: string): void;
    error(text: string): void;
}

/**
 * Output to `stream`, standard error by default: standard output stays free for results that a script may read.
 * Colour needs a terminal and no NO_COLOR (https://no-color.org). picocolors' own detection is not used because it
 * also colours where CI is set, and logs there are read as plain text.
 */
export function createConsole(
    stream: OutputStream = process.stderr,
    environment: NodeJS.ProcessEnv = process.env,
): Console {
    const interactive = stream.isTTY === true && environment.TERM !== "dumb";
    const colors = createColors(interactive && !environment.NO_COLOR);
    const line = (text: string): void => {
        stream.write(`${text}\n`);
    };
    return {
        stream,
        interactive,
        colors,
        line,
        warn: (text) => {
            line(`${colors.yellow("warning:")} ${text}`);
        },
        error: (text) => {
            line(`${colors.red("error:")} ${text}`);
        },
    };
}
