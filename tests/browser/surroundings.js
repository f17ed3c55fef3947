/**
 * What the tests run in: the program with the demo's index, and a browser.
 *
 * SILKNOW_PROGRAM is the program, SILKNOW_DEMO the folder that `silknow demo` filled, CHROMIUM the browser. With SILKNOW_ADDRESS
 * a server that runs already is asked instead.
 */

import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How long the program may take until it answers. */
const READY_WITHIN_MS = 60_000;

/** How long the page may take to show what a test waits for. */
const PATIENCE_MS = 20_000;

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** @returns {Promise<import("playwright-core").Browser>} */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/**
 * Starts the program on the demo's index.
 * @returns {Promise<{address: string, stop: () => void}>}
 */
export async function startServer() {
  if (process.env.SILKNOW_ADDRESS) return { address: process.env.SILKNOW_ADDRESS, stop() {} };
  const port = await freePort();
  const folder = (name) => join(process.env.SILKNOW_DEMO, "output_files", name);
  const flags = ["serve", "--treepath", folder("kDTree"), "--model_path", folder("Default"), "--port", String(port), "--requests_per_second", "0"];
  const program = spawn(process.env.SILKNOW_PROGRAM, flags, { stdio: ["ignore", "inherit", "inherit"] });
  const address = `http://127.0.0.1:${port}`;
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await answers(`${address}/readyz`))) {
    if (program.exitCode !== null || Date.now() > until) throw new Error("the program does not answer");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { address, stop: () => program.kill() };
}

async function answers(address) {
  return fetch(address).then((response) => response.ok, () => false);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The path of a picture of the collection that the demo wove. */
export function pictureOfDemo() {
  const folder = process.env.SILKNOW_PICTURES ?? join(process.env.SILKNOW_DEMO, "collection", "images");
  const name = readdirSync(folder).sort().find((file) => /\.(jpe?g|png)$/.test(file));
  return join(folder, name);
}

/**
 * A page that remembers what the browser complained of; a violation of the content security policy is among it.
 * @param {import("playwright-core").Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} options
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  return { page, complaints, close: () => context.close() };
}

/**
 * The rules of WCAG 2.2 AA that a page breaks.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>}
 */
export async function violations(page) {
  // The content security policy lets no script of ours into the page but through the browser's own tools.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations: found } = await globalThis.axe.run({ runOnly: tags });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
  });
}

/** By how many pixels a page is wider than its window. */
export function overhang(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
