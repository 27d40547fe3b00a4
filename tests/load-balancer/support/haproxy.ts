import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageFileSystem } from "../../support/imageFileSystem";

/** The official image has its own build, ours has Debian's. */
const PLACES = ["usr/local/sbin/haproxy", "usr/sbin/haproxy"];

let program: string | undefined;

/** The program, once the `before` hook of `withHaproxy` ran. */
export function haproxyProgram(): string {
    if (program === undefined) {
        throw new Error("HAProxy is used outside of withHaproxy()");
    }
    return program;
}

/** Gets the HAProxy that pods have before the tests of the surrounding `describe`. */
export function withHaproxy(): void {
    before("HAProxy out of its image", async function () {
        // Another run may be building all images.
        this.timeout(20 * 60_000);
        program ??= started(await imageFileSystem("haproxy"));
    });
}

/** A program that starts the image's HAProxy with the image's own libraries, whatever this machine has. */
function started(root: string): string {
    const libraries = readdirSync(join(root, "usr/lib"))
        .filter((name) => name.endsWith("-linux-gnu"))
        .map((name) => join(root, "usr/lib", name));
    const loader = libraries.flatMap((folder) =>
        readdirSync(folder)
            .filter((name) => /^ld-linux-.*\.so\.\d$/.test(name))
            .map((name) => join(folder, name)),
    )[0];
    const binary = PLACES.map((place) => join(root, place)).find((path) => existsSync(path));
    if (loader === undefined || binary === undefined) {
        throw new Error(`${root} has no HAProxy or no dynamic loader`);
    }
    const path = join(root, "haproxy");
    const command = `exec ${loader} --library-path ${libraries.join(":")} --argv0 haproxy ${binary} "$@"`;
    writeFileSync(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    return path;
}
