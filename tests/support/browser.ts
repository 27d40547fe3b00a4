import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { toolPath } from "../../toolchain/tools/paths";

const viewport = { width: 1200, height: 900 };

/** A page in a browser that reaches nothing but its own server, and what it tried to reach elsewhere. */
export interface OfflinePage {
    readonly page: Page;
    /** Addresses of other hosts that the page asked for; each was refused. */
    readonly elsewhere: readonly string[];
    /** Errors that scripts of the page raised. */
    readonly errors: readonly string[];
}

/** Debian's Chromium, without its sandbox, which needs what containers and root do not have. */
export function startBrowser(): Promise<Browser> {
    return chromium.launch({
        executablePath: toolPath("chromium"),
        args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
}

/**
 * Opens an address in a new page, with cookies of its own.
 *
 * @param httpCredentials what people would enter when the browser asks for a user name and a password.
 */
export async function openOffline(
    browser: Browser,
    address: string,
    httpCredentials?: { readonly username: string; readonly password: string },
): Promise<OfflinePage> {
    const { hostname } = new URL(address);
    const page = await browser.newPage({ viewport, ...(httpCredentials && { httpCredentials }) });
    const elsewhere: string[] = [];
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.route("**/*", async (route) => {
        const url = new URL(route.request().url());
        if (url.protocol.startsWith("http") && url.hostname !== hostname) {
            elsewhere.push(url.href);
            await route.abort();
        } else {
            await route.continue();
        }
    });
    await page.goto(address);
    return { page, elsewhere, errors };
}

/** Keeps a picture of the page for the documentation, where FLTS_SCREENSHOTS names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
    const folder = process.env.FLTS_SCREENSHOTS;
    if (folder !== undefined) {
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: join(folder, `${name}.png`) });
    }
}
