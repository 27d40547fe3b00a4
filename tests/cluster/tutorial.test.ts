import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openOffline, screenshot, startBrowser } from "../support/browser";
import { projectDirectory, run } from "../support/commands";
import { documentedCommands, missingLine } from "../support/documentedCommands";
import { FORECAST_API } from "../support/serving";

const page = readFileSync(join(projectDirectory, "docs", "tutorial.md"), "utf8");
const commands = documentedCommands(page);
const files = ["orders.csv", "request.json", "week.json"];

/** The end of the tutorial takes the cluster down, which is the suite `down`. */
const last = "make down";

function removeFiles(): void {
    for (const file of files) {
        rmSync(join(projectDirectory, file), { force: true });
    }
}

describe("docs/tutorial.md", function () {
    this.timeout(10 * 60_000);

    before(removeFiles);

    // The series stays: who removes its pointer, but not what it was made of, keeps it from being promoted again.
    after(removeFiles);

    it("ends with a command that removes everything", () => {
        assert.equal(commands.at(-1)?.command, last);
    });

    for (const { command, output } of commands.filter((each) => each.command !== last)) {
        it(`shows the real output of ${command.split("\n")[0] ?? ""}`, async () => {
            const outcome = await run("bash", ["-c", command]);
            assert.equal(outcome.code, 0, outcome.everything);
            assert.equal(missingLine(output, outcome.output), undefined, outcome.everything);
        });
    }

    it("leads to a forecast with an interval in the browser", async () => {
        const address = /`(http:\/\/127\.0\.0\.1:30023\/\?series=orders)`/.exec(page)?.[1] ?? "";
        assert.ok(address.startsWith(FORECAST_API));
        const browser = await startBrowser();
        try {
            const opened = await openOffline(browser, address);
            await opened.page.locator("#chart path.interval").waitFor();
            assert.match(
                await opened.page.locator("#caption").innerText(),
                /^orders of orders: .* interval$/,
            );
            await screenshot(opened.page, "tutorial");
        } finally {
            await browser.close();
        }
    });
});
