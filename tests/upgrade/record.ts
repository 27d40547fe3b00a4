// Keeps the states that a release leaves: `npx ts-node --transpile-only tests/upgrade/record.ts 0.2.0`, at its commit.
import { fail } from "../../toolchain/console";
import { PreviewedStack, PROD_CHOICES } from "./support/previewedStack";
import { keepState } from "./support/recordedState";

async function main(release: string): Promise<void> {
    for (const [name, choices] of Object.entries({ dev: {}, prod: PROD_CHOICES })) {
        const stack = await PreviewedStack.create(name, choices, []);
        try {
            keepState(release, name, await stack.preview());
        } finally {
            stack.remove();
        }
    }
}

void main(process.argv[2] ?? fail("name the release, such as 0.2.0."));
