import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { offlinePage, screenshot, startBrowser } from "../support/browser";
import { FORECAST_API } from "../support/serving";
import { deployStack } from "../support/stack";

describe("the page of the forecast API, in a browser without a network", function () {
    this.timeout(15 * 60_000);

    let browser: Browser;

    before(async () => {
        await deployStack();
        browser = await startBrowser();
    });

    after(() => browser.close());

    it("shows the last rows of the series, its forecast and its model, from the stack alone", async () => {
        const { page, elsewhere, errors } = await offlinePage(browser);
        await page.goto(FORECAST_API);
        await page.locator("#result").waitFor();
        assert.match(await page.locator("#caption").innerText(), /the last \d+ rows and a forecast of \d+/);
        assert.match(await page.locator("#facts").innerText(), /RMSE on held-out rows\s+\d/);
        assert.equal(await page.locator("#chart path.actual").count(), 1);
        await screenshot(page, "forecast");
        assert.deepEqual([elsewhere, errors], [[], []]);
    });

    it("forecasts rows that the reader enters, and shows what is wrong with others", async () => {
        const { page, errors } = await offlinePage(browser);
        await page.goto(FORECAST_API);
        await page.locator("#result").waitFor();
        const rows = await page.locator("#rows").inputValue();
        const lines = rows.split("\n");

        await page.locator("#rows").fill(lines.slice(0, -3).join("\n"));
        await page.getByRole("button", { name: "Forecast these rows" }).click();
        await page.getByText(`the last ${lines.length - 4} rows`).waitFor();

        await page.locator("#rows").fill(lines.slice(0, 3).join("\n"));
        await page.getByRole("button", { name: "Forecast these rows" }).click();
        await page.getByText("2 rows are too few").waitFor();
        assert.deepEqual(errors, []);
    });
});
