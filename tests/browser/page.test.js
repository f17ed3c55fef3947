/** The service's page in the browser, as people use it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { PHONE, newPage, overhang, pictureOfDemo, startBrowser, startServer, violations } from "./surroundings.js";

let server;
let browser;
/** An image of the index. */
let image;

before(async () => {
  // One after the other: a browser whose server did not come would never be closed.
  server = await startServer();
  browser = await startBrowser();
  const { hits } = await (await fetch(`${server.address}/api/v1/works?k=1`)).json();
  image = hits[0].image;
});

after(async () => {
  await browser?.close();
  server?.stop();
});

/** Opens the page in a state, lets a test use it, and fails where the browser complained of more than was expected. */
async function visit(state, use, options, expected = null) {
  const { page, complaints, close } = await newPage(browser, options);
  await page.goto(`${server.address}/${state}`);
  await use(page);
  await close();
  assert.deepEqual(complaints.filter((complaint) => !expected?.test(complaint)), []);
}

function found(state = {}) {
  return `?${new URLSearchParams({ image, ...state })}`;
}

async function results(page) {
  await page.locator(".results[aria-busy=false] .card:not(.blank)").first().waitFor();
  return page.locator(".card:not(.blank)");
}

test("an uploaded picture finds works, and a motif of it others", () =>
  visit("", async (page) => {
    await page.setInputFiles("input[type=file]", pictureOfDemo());
    const cards = await results(page);
    assert.ok((await cards.count()) > 3);
    const whole = await page.locator(".distance").allTextContents();
    await page.getByRole("button", { name: "Choose a motif" }).click();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.getByRole("button", { name: "Search for the motif" }).click();
    await page.waitForURL(/region=0.2%2C0.21%2C0.61%2C0.6/);
    await page.waitForFunction((before) => [...document.querySelectorAll(".results[aria-busy=false] .distance")].map((it) => it.textContent).join() !== before, whole.join());
    await page.locator(".example .motif").waitFor();
  }));

test("a picture can be pasted", () =>
  visit("", async (page) => {
    const bytes = readFileSync(pictureOfDemo()).toString("base64");
    await page.evaluate((text) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], "pasted.jpg", { type: "image/jpeg" }));
      document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, bytes);
    await results(page);
  }));

test("what is no picture is refused with a sentence", () =>
  visit("", async (page) => {
    await page.setInputFiles("input[type=file]", { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await page.getByRole("alert").filter({ hasText: "not a picture" }).waitFor();
  }));

test("a facet narrows the results, and the back button widens them again", () =>
  visit(found(), async (page) => {
    await results(page);
    const images = () => page.locator(".card").evaluateAll((cards) => cards.map((card) => card.dataset.image).join());
    const before = await images();
    const row = page.locator(".facet-row").filter({ has: page.locator("input:not(:disabled)") }).first();
    const text = await row.locator(".facet-text").textContent();
    await row.click();
    await page.waitForURL(/filter=/);
    const cards = await results(page);
    for (const labels of await cards.locator(".agreements").allTextContents()) assert.ok(labels.includes(text), `${labels} has not ${text}`);
    const address = page.url();
    await page.goBack();
    await results(page);
    assert.equal(await images(), before);
    await page.goForward();
    await page.locator(".chosen .chip").waitFor();
    assert.equal(page.url(), address);
  }));

test("a link brings the whole state back", async () => {
  const state = found({ k: "12", max_distance: "1.5", group_by: "image", compare: "query" });
  await visit(`${state}&compare=${encodeURIComponent(image)}`, async (page) => {
    await page.getByRole("dialog", { name: "Side by side" }).waitFor();
    await page.keyboard.press("Escape");
    await results(page);
    assert.ok((await page.locator(".card").count()) <= 12);
    assert.equal(await page.getByLabel("One result per object").isChecked(), false);
    await page.getByText("Up to 1.50").first().waitFor();
    assert.doesNotMatch(page.url(), /compare/);
  });
});

test("the cut-off leaves far works out", () =>
  visit(found(), async (page) => {
    await results(page);
    const count = () => page.locator("#results-title").textContent();
    const before = await count();
    const slider = page.getByLabel("Largest distance");
    await slider.focus();
    for (let step = 0; step < 6; step += 1) await page.keyboard.press("PageDown");
    await page.waitForURL(/max_distance=/);
    await page.waitForFunction((text) => document.querySelector("#results-title")?.textContent !== text, before);
  }));

test("a result becomes the query, and another one an example of what is not wanted", () =>
  visit(found(), async (page) => {
    await results(page);
    await page.getByRole("button", { name: "Use this one" }).first().click();
    await page.waitForFunction((old) => new URLSearchParams(location.search).get("image") !== old, image);
    await results(page);
    await page.getByRole("button", { name: "Add: less like this" }).first().click();
    await page.waitForURL(/weight=-1/);
    await page.locator(".example.unwanted").waitFor();
    await results(page);
  }));

test("the keyboard alone searches", () =>
  visit("", async (page) => {
    await page.locator(".work").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    // From the content on, the works of the collection come after the filters.
    for (let step = 0; step < 200; step += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.classList.contains("work"))) break;
    }
    await page.keyboard.press("Enter");
    await results(page);
  }));

test("the shortlist is saved as a table and as rules, and a miss as a table", () =>
  visit(found(), async (page) => {
    await results(page);
    const stars = page.getByRole("button", { name: "Put on the shortlist" });
    await stars.nth(0).click();
    await stars.nth(1).click();
    await page.getByRole("button", { name: "Report a miss" }).nth(2).click();
    await page.getByLabel("Note").fill('not a "damask"');
    await page.getByRole("button", { name: "Keep the report" }).click();
    await page.getByRole("link", { name: /Shortlist \(3\)/ }).click();
    await page.getByLabel("similar", { exact: true }).first().check();
    const saved = async (name) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      return readFileSync(await download.path());
    };
    assert.match((await saved("Table (CSV)")).toString(), /^index,query,image.*\r\n.*,similar,\r\n/);
    const misses = (await saved("Misses as a table (CSV)")).toString();
    assert.match(misses, /^query,query_object,image,object,relevant,/);
    assert.match(misses, /"not a ""damask"""/);
    const rules = (await saved("Rules for training (ZIP)")).toString("latin1");
    assert.match(rules, /^PK/);
    assert.match(rules, /similar_objects_1\.txt/);
    assert.deepEqual(await violations(page), []);
  }));

test("labels are no markup, and a class that there is not is an error with a sentence", () => {
  const use = async (page) => {
    await page.locator(".chosen .chip").filter({ hasText: "<img src=x" }).waitFor();
    await page.locator(".results .problem").waitFor();
    assert.equal(await page.locator("main img[src=x]").count(), 0);
  };
  // The browser mentions the answers with which the server refuses the class.
  return visit(found({ filter: 'place="<img src=x onerror=alert(1)>"' }), use, {}, /status of 4\d\d/);
});

for (const [language, title] of Object.entries({ en: "Find similar works", es: "Encontrar obras parecidas", fr: "Trouver des œuvres semblables", it: "Trovare opere simili" })) {
  test(`the page speaks ${language}`, () =>
    visit("", async (page) => {
      await page.locator(".choices select").last().selectOption(language);
      await page.getByRole("heading", { name: title }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      await page.reload();
      await page.getByRole("heading", { name: title }).waitFor();
      assert.ok((await overhang(page)) <= 0);
    }, PHONE));
}

const STATES = { "the start": () => "", "the results": () => found(), "two works side by side": () => `${found({ compare: "query" })}&compare=${encodeURIComponent(image)}`, "the shortlist": () => "?view=shortlist" };

for (const [name, state] of Object.entries(STATES)) {
  for (const [how, options] of Object.entries({ "on a phone": PHONE, "at 400 %": { viewport: { width: 320, height: 256 } }, "in the dark": { colorScheme: "dark" }, "in the light": {} })) {
    test(`${name} ${how}: nothing sticks out, no rule of accessibility is broken`, () =>
      visit(state(), async (page) => {
        await page.locator("h2:visible").first().waitFor();
        if (state().includes("image=")) await results(page);
        assert.ok((await overhang(page)) <= 0, "the page scrolls sideways");
        assert.deepEqual(await violations(page), []);
      }, /** @type {any} */ (options)));
  }
}

test("an area of the map becomes a result set, by mouse and by keyboard", async (context) => {
  const { indexes } = await (await fetch(`${server.address}/api/v1/indexes`)).json();
  if (!indexes[0].map) return context.skip("the index has no map");
  await visit("?view=map&colour=place", async (page) => {
    const canvas = page.getByRole("application");
    await canvas.waitFor();
    await page.getByRole("button", { name: "Choose an area" }).click();
    const box = await canvas.boundingBox();
    const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
    await page.mouse.move(...at(0.05, 0.05));
    await page.mouse.down();
    for (const [x, y] of [[0.95, 0.05], [0.95, 0.95], [0.05, 0.95]]) await page.mouse.move(...at(x, y), { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/lasso=/);
    await page.locator(".map-chosen .work").first().waitFor();
    await page.getByRole("button", { name: "Clear the area" }).click();
    await canvas.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/lasso=/);
    assert.deepEqual(await violations(page), []);
  });
});
