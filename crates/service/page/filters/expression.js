/**
 * Filters as the reader clicks them, and as the program reads them: `place=ES|FR, technique=?`.
 */

/** The value that stands for what is not known. */
export const UNKNOWN = "?";

/** What ends a value or a field that is not in quotes. */
const SPECIAL = /[,|=!"]/;

/**
 * The expression of chosen values. Empty where nothing is chosen.
 * @param {Map<string, string[]>} filters
 */
export function expressionOf(filters) {
  const terms = [...filters].filter(([, values]) => values.length > 0);
  return terms.map(([field, values]) => `${quoted(field, false)}=${values.map((value) => quoted(value, true)).join("|")}`).join(", ");
}

function quoted(text, isValue) {
  if (isValue && text === UNKNOWN) return text;
  const plain = text !== "" && text.trim() === text && !SPECIAL.test(text) && !text.startsWith(UNKNOWN);
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

/**
 * Reads an expression that this page wrote, or that has the same form: fields that are one of some values.
 * @param {string} expression
 * @returns {Map<string, string[]>} what could be read; terms of another form are passed over
 */
export function filtersOf(expression) {
  const filters = new Map();
  for (const term of split(expression, ",")) {
    const [field, ...rest] = split(term, "=");
    if (!field || rest.length === 0 || field.trim().endsWith("!")) continue;
    const values = split(rest.join("="), "|").map(unquoted).filter((value) => value !== "");
    if (values.length > 0) filters.set(unquoted(field), values);
  }
  return filters;
}

/** The parts of a text between separators that do not stand in quotes. */
function split(text, separator) {
  const parts = [""];
  let inQuotes = false;
  for (const letter of text) {
    if (letter === '"') inQuotes = !inQuotes;
    if (letter === separator && !inQuotes) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

function unquoted(text) {
  const trimmed = text.trim();
  const isQuoted = trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"');
  return isQuoted ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
}

/**
 * The filters with one value added, or taken out where it was in.
 * @param {Map<string, string[]>} filters
 * @param {string} field
 * @param {string} value
 * @returns {Map<string, string[]>}
 */
export function toggled(filters, field, value) {
  const chosen = filters.get(field) ?? [];
  const values = chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
  const changed = new Map(filters);
  if (values.length > 0) changed.set(field, values);
  else changed.delete(field);
  return changed;
}
