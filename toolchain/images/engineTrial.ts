import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { UserError } from "../console";
import type { Engine } from "./engine";

/** Machine code of `exit(0)`, and the number of the machine in an ELF header, by Node's name of the architecture. */
const machines: Readonly<Record<string, { readonly number: number; readonly code: string }>> = {
    // mov eax, 60; xor edi, edi; syscall
    x64: { number: 0x3e, code: "b83c00000031ff0f05" },
    // mov x0, #0; mov x8, #93; svc #0
    arm64: { number: 0xb7, code: "000080d2a80b80d2010000d4" },
};

const ADDRESS = 0x400000;
const HEADERS = 64 + 56;

/**
 * A program that ends at once with code 0, for an image with nothing else in it: the smallest ELF executable (elf(5)), one
 * header and one segment. Undefined for other architectures than x64 and arm64.
 */
export function endingProgram(architecture: string = process.arch): Buffer | undefined {
    const machine = machines[architecture];
    if (machine === undefined) {
        return undefined;
    }
    const code = Buffer.from(machine.code, "hex");
    const size = BigInt(HEADERS + code.length);
    const headers = Buffer.alloc(HEADERS);
    // 64 bits, little endian, version 1; executable file.
    Buffer.from("7f454c46020101", "hex").copy(headers);
    headers.writeUInt16LE(2, 16);
    headers.writeUInt16LE(machine.number, 18);
    headers.writeUInt32LE(1, 20);
    headers.writeBigUInt64LE(BigInt(ADDRESS + HEADERS), 24);
    headers.writeBigUInt64LE(64n, 32);
    headers.writeUInt16LE(64, 52);
    headers.writeUInt16LE(56, 54);
    headers.writeUInt16LE(1, 56);
    // One segment to load, readable and executable: the whole file.
    headers.writeUInt32LE(1, 64);
    headers.writeUInt32LE(5, 68);
    headers.writeBigUInt64LE(BigInt(ADDRESS), 80);
    headers.writeBigUInt64LE(BigInt(ADDRESS), 88);
    headers.writeBigUInt64LE(size, 96);
    headers.writeBigUInt64LE(size, 104);
    headers.writeBigUInt64LE(0x1000n, 112);
    return Buffer.concat([headers, code]);
}

/** Name of the trial's image, which is removed again. Nothing pulls it, so its tag pins nothing. */
const REFERENCE = "localhost/flts-build/trial:latest";

/** Has the engine build an image and start a program in it; in a few words why that fails, undefined if it works. */
export async function tryEngine(engine: Engine, directory: string): Promise<string | undefined> {
    mkdirSync(join(directory, "temporary"), { recursive: true });
    const context = mkdtempSync(join(directory, "trial-"));
    const program = endingProgram();
    const log = join(directory, `trial-${engine.name}.log`);
    rmSync(log, { force: true });
    try {
        const lines = ["FROM scratch"];
        if (program !== undefined) {
            writeFileSync(join(context, "program"), program, { mode: 0o755 });
            lines.push("COPY program /program", 'RUN ["/program"]');
        }
        writeFileSync(join(context, "Containerfile"), `${lines.join("\n")}\n`);
        await engine.build({
            containerfile: join(context, "Containerfile"),
            context,
            reference: REFERENCE,
            arguments: {},
            fresh: true,
            log,
        });
        await engine.remove([REFERENCE], log);
        return undefined;
    } catch (error) {
        if (!(error instanceof UserError)) {
            throw error;
        }
        return error.message;
    } finally {
        rmSync(context, { recursive: true, force: true });
    }
}
