import type { WorkBeside } from "../tools/driver";
import { withLock } from "../tools/lock";
import type { Console } from "../console";
import { buildImages } from "./build";
import { chosenImages, type Image } from "./catalogue";
import type { Engine } from "./engine";
import { requireEngine } from "./engines";
import { imagePlaces } from "./places";
import { requestedImages } from "./requested";
import { imageSource } from "./source";

/** Memory in bytes for one image build: pip and the compression of layers take less. */
const memory = 1.5e9;

/** The images whose build takes no program of the toolchain; their parents are among them. */
export function imagesWithoutProgram(all: readonly Image[]): Image[] {
    return all.filter(({ program }) => program === undefined);
}

/** The build of images without a program of the toolchain, one after the other, for the time in which Go compiles. */
export function imagesBeside(console: Console): WorkBeside {
    return {
        memory,
        run: async (progress, signal) => {
            const places = imagePlaces();
            let found: Promise<Engine> | undefined;
            const engine = (): Promise<Engine> => (found ??= requireEngine(places.images));
            const waiting = (holder: string): void => {
                console.line(
                    `Another run (process ${holder}) is building or loading images: waiting for it.`,
                );
            };
            const source = await imageSource(places, engine);
            const images = imagesWithoutProgram(chosenImages(requestedImages(process.env)));
            await withLock(places.lock, waiting, () =>
                buildImages({ places, source, images, only: [], engine, console, progress, signal }),
            );
        },
    };
}
