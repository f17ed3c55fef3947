/** What holds for the page's files without a browser. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

const PROJECT = process.env.SILKNOW_SOURCES ?? join(import.meta.dirname, "..", "..");
const PAGE = join(PROJECT, "crates", "service", "page");

const modules = readdirSync(PAGE, { recursive: true }).filter((name) => name.endsWith(".js"));

function read(name) {
  return readFileSync(join(PAGE, name), "utf8");
}

/** The modules that a module names. */
function imports(name) {
  return [...read(name).matchAll(/^import \{[^}\n]+\} from "(\.[^"\n]+)";$/gm)].map(([, path]) => normalize(join(dirname(name), path)));
}

test("every module has the form that the static export puts together line by line", () => {
  for (const name of modules) {
    for (const line of read(name).split("\n")) {
      if (/^\s*import\b/.test(line)) assert.match(line, /^import \{ [\w, ]+ \} from "\.[^"]+\.js";$/, `${name}: ${line}`);
      if (/^\s*export\b/.test(line)) assert.match(line, /^export (async function|function|class|const) \w+/, `${name}: ${line}`);
      assert.doesNotMatch(line, /import\.meta|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, `${name}: ${line}`);
    }
  }
});

test("no module leads back to itself", () => {
  const done = new Set();
  const visit = (name, path) => {
    assert.ok(!path.includes(name), `a circle: ${[...path, name].join(" -> ")}`);
    if (done.has(name)) return;
    for (const other of imports(name)) visit(other, [...path, name]);
    done.add(name);
  };
  visit("app.js", []);
  assert.deepEqual([...done].sort(), modules.filter((name) => name !== join("client", "types.js") || done.has(name)).sort(), "modules that nobody imports");
});

test("all languages have the same texts with the same values", () => {
  const texts = (language) => JSON.parse(read(`locales/${language}.json`));
  const values = (entry) => [...JSON.stringify(entry).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const english = texts("en");
  for (const language of ["es", "fr", "it"]) {
    const others = texts(language);
    assert.deepEqual(Object.keys(others), Object.keys(english), language);
    for (const [key, entry] of Object.entries(english)) {
      assert.deepEqual(new Set(values(others[key])), new Set(values(entry)), `${language}: ${key}`);
      if (typeof entry === "string") continue;
      for (const form of new Intl.PluralRules(language).resolvedOptions().pluralCategories) assert.ok(others[key][form], `${language}: ${key} has no form ${form}`);
    }
  }
});

test("every text that a module asks for is there", () => {
  const english = JSON.parse(read("locales/en.json"));
  const asked = modules.flatMap((name) => [...read(name).matchAll(/\bt\("([\w.]+)"/g)].map(([, key]) => key));
  assert.ok(asked.length > 50);
  assert.deepEqual(asked.filter((key) => !(key in english)), []);
});

test("the page has the colours and letters of the report pages", () => {
  const tokens = (text) => [...text.matchAll(/--[\w-]+: [^;]+;/g)].map(([token]) => token);
  const reports = readFileSync(join(PROJECT, "crates", "evaluation", "assets", "page.css"), "utf8");
  const own = tokens(read("styles/tokens.css"));
  assert.ok(own.length > 40);
  assert.deepEqual(own.filter((token) => !tokens(reports).includes(token)), []);
});
