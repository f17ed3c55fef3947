/** The report pages in the browser: what an evaluation and `search --html` write. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PHONE, newPage, overhang, pictureOfDemo, startBrowser, violations } from "./surroundings.js";

let browser;
let folder;
const pages = {};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "silknow-reports-"));
  const results = (name) => join(process.env.SILKNOW_DEMO, "output_files", name);
  const flags = ["--treepath", results("kDTree"), "--model_path", results("Default"), "--html", join(folder, "found.html")];
  execFileSync(process.env.SILKNOW_PROGRAM, ["search", pictureOfDemo(), ...flags], { stdio: "ignore" });
  pages.search = join(folder, "found.html");
  pages.report = join(results("Evaluation"), "report.html");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const name of ["search", "report"]) {
  for (const [how, options] of Object.entries({ "on a phone": PHONE, "in the light": {}, "in the dark": { colorScheme: "dark" } })) {
    test(`the page of ${name} ${how}: nothing sticks out, no rule of accessibility is broken`, async () => {
      const { page, complaints, close } = await newPage(browser, /** @type {any} */ (options));
      await page.goto(pathToFileURL(pages[name]).href);
      assert.ok((await overhang(page)) <= 0, "the page scrolls sideways");
      assert.deepEqual(await violations(page), []);
      assert.ok((await page.locator("[tabindex='0']").count()) > 0, "tables are reached by keyboard");
      assert.ok((await page.locator(".frame a").count()) > 0, "pictures lead to larger ones");
      await close();
      assert.deepEqual(complaints, []);
    });
  }
}
