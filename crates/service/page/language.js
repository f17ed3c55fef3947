/**
 * Words and numbers in the language of the reader. The texts stand in `locales/`, one file a language, with the same keys.
 */

/** The languages of the page, each with its own name for itself. */
export const LANGUAGES = { en: "English", es: "Español", fr: "Français", it: "Italiano" };

const STORED = "silknow.language";

/** @type {Record<string, string | Record<string, string>>} */
let texts = {};
let language = "en";
let plurals = new Intl.PluralRules("en");

/** The language that the reader chose, or else the first that the browser asks for and the page has. */
export function preferredLanguage() {
  const asked = [new URLSearchParams(location.search).get("lang"), remembered(), ...navigator.languages];
  for (const tag of asked) {
    const short = (tag ?? "").slice(0, 2).toLowerCase();
    if (short in LANGUAGES) return short;
  }
  return "en";
}

function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/**
 * Takes the texts of a language into use.
 * @param {string} chosen
 * @param {Record<string, string | Record<string, string>>} itsTexts
 */
export function useLanguage(chosen, itsTexts) {
  texts = itsTexts;
  language = chosen;
  plurals = new Intl.PluralRules(chosen);
  document.documentElement.lang = chosen;
}

/** Keeps the choice for the next visit, where the browser allows it. */
export function rememberLanguage(chosen) {
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export function currentLanguage() {
  return language;
}

/**
 * A text with its values filled in. A text with several forms takes the one that `values.count` asks for.
 * @param {string} key
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = texts[key];
  if (entry === undefined) return key;
  const pattern = typeof entry === "string" ? entry : (entry[plurals.select(Number(values.count))] ?? entry.other);
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/** A variable's name for people: translated where it is one of those the documentation has. */
export function variableText(name) {
  const key = `variable.${name}`;
  return key in texts ? t(key) : name.replaceAll("_", " ");
}

/**
 * A class in words. Countries that stand as a code of two letters have their name in the reader's language.
 * @param {string} variable
 * @param {{name: string, text: string}} label
 */
export function className(variable, label) {
  if (variable !== "place" || !/^[A-Z]{2}$/.test(label.text)) return label.text;
  return new Intl.DisplayNames(language, { type: "region", fallback: "code" }).of(label.text) ?? label.text;
}

/** A whole number with its thousands set apart. */
export function number(value) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

/** A distance with two digits. */
export function distance(value) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

/** A share as per cent. */
export function percent(share) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);
}
