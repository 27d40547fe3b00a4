import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { openOffline, screenshot, startBrowser } from "../support/browser";
import { clusterEnvironment, kubectlGet } from "../support/commands";
import { runDocumented } from "../support/documented";
import { FORECAST_API, readyPods } from "../support/serving";
import { deployStack } from "../support/stack";

const prometheus = "http://127.0.0.1:30909";
const mlflow = "http://127.0.0.1:30500";
const console = "http://127.0.0.1:30901";

interface Secret {
    readonly data: Readonly<Record<string, string>>;
}

/** Values of a Secret of the stack, by key. */
async function secret(name: string): Promise<Record<string, string>> {
    const { data } = await kubectlGet<Secret>("secret", name, "--namespace", "flts");
    return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
}

describe("the stack's pages, in a browser without a network", function () {
    this.timeout(15 * 60_000);

    let browser: Browser;

    before(async () => {
        await deployStack();
        browser = await startBrowser();
    });

    after(() => browser.close());

    // Promise: page-shows-series-forecasts
    it("the API's page shows the last rows of the series, its forecast and its model", async () => {
        const { page, elsewhere, errors } = await openOffline(browser, FORECAST_API);
        await page.locator("#result").waitFor();
        assert.match(await page.locator("#caption").innerText(), /the last \d+ rows and a forecast of \d+/);
        assert.match(await page.locator("#facts").innerText(), /RMSE on held-out rows\s+\d/);
        assert.equal(await page.locator("#chart path.actual").count(), 1);
        await screenshot(page, "forecast");
        assert.deepEqual([elsewhere, errors], [[], []]);
    });

    it("the API's page forecasts rows that the reader enters, and shows what is wrong with others", async () => {
        const { page, errors } = await openOffline(browser, FORECAST_API);
        await page.locator("#result").waitFor();
        const lines = (await page.locator("#rows").inputValue()).split("\n");

        await page.locator("#rows").fill(lines.slice(0, -3).join("\n"));
        await page.getByRole("button", { name: "Forecast these rows" }).click();
        await page.getByText(`the last ${lines.length - 4} rows`).waitFor();

        await page.locator("#rows").fill(lines.slice(0, 3).join("\n"));
        await page.getByRole("button", { name: "Forecast these rows" }).click();
        await page.getByText("2 rows are too few").waitFor();
        assert.deepEqual(errors, []);
    });

    it("the API's description lists its paths and tries one", async () => {
        const [pod] = await readyPods("inference");
        const { page, elsewhere, errors } = await openOffline(browser, `http://${pod?.address}:8000/docs`);
        await page.getByText("/predict", { exact: true }).first().click();
        await page.getByText("inference_length").first().waitFor();
        await screenshot(page, "docs");
        assert.deepEqual([elsewhere, errors], [[], []]);
    });

    it("Prometheus' page draws a query and lists the alerts", async () => {
        const { page, elsewhere, errors } = await openOffline(
            browser,
            `${prometheus}/query?g0.expr=sum(up)&g0.tab=0`,
        );
        await page.locator("canvas").first().waitFor();
        await screenshot(page, "prometheus");
        await page.goto(`${prometheus}/alerts`);
        await page.getByText("Watchdog").first().waitFor();
        assert.deepEqual([elsewhere, errors], [[], []]);
    });

    it("MinIO's console lists the stack's buckets to its administrator", async () => {
        const { rootUser = "", rootPassword = "" } = await secret("minio-root");
        const { page, elsewhere } = await openOffline(browser, console);
        await page.locator("#accessKey").fill(rootUser);
        await page.locator("#secretKey").fill(rootPassword);
        await page.getByRole("button", { name: "Login" }).click();
        await page.getByText("model-promotion").first().waitFor();
        await screenshot(page, "minio");
        assert.deepEqual(elsewhere, []);
    });

    // Promise: mlflow-asks-for-login
    it("MLflow's page lists the runs of each family to whoever has the password, and to nobody else", async () => {
        assert.equal((await fetch(mlflow)).status, 401);
        const { output: password } = await runDocumented(
            "components/infrastructure/mlflow/mlflow.md",
            "kubectl get secret mlflow-admin --namespace flts --output jsonpath='{.data.password}' | base64 -d",
            { environment: clusterEnvironment() },
        );
        const login = { username: "admin", password };
        const { page, elsewhere } = await openOffline(browser, `${mlflow}/#/experiments/0/runs`, login);
        for (const family of ["GRU", "LSTM", "PROPHET"]) {
            await page.getByText(family).first().waitFor();
        }
        await screenshot(page, "mlflow");
        assert.deepEqual(elsewhere, []);
    });
});
