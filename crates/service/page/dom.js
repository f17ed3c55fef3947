/**
 * The page's elements: made by functions, never from strings of HTML, so that no label or file name can become markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/** What is set as a property rather than as an attribute, because only the property changes the live element. */
const PROPERTIES = new Set(["checked", "disabled", "hidden", "indeterminate", "multiple", "open", "selected", "value"]);

/**
 * An element with attributes, listeners (`onclick`, ...) and children. An attribute that is null, undefined or false is left out.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any} an HTMLElement of the tag
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * The same for elements of SVG.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {...Node} children
 * @returns {any} an SVGElement of the tag
 */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The shapes of the icons, each as the path of a line in a square of 24. */
const ICONS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  differs: "M5 9h14M5 15h14M17 4L7 20",
  unknown: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5",
  crop: "M7 3v14h14M3 7h14v14",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  search: "M11 5a6 6 0 1 0 0 12a6 6 0 0 0 0-12M15.5 15.5L20 20",
  star: "M12 4l2.4 5.2 5.6.6-4.2 3.8 1.2 5.6L12 16.4 7 19.2l1.2-5.6L4 9.8l5.6-.6z",
  compare: "M4 5h7v14H4zM13 5h7v14h-7z",
  flag: "M6 21V4h11l-2 4 2 4H6",
  link: "M10 14l10-10M14 4h6v6M19 14v6H4V5h6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  group: "M4 8h11v11H4zM8 8V4h12v12h-5",
  lasso: "M12 5c5 0 8 2 8 5s-3 5-8 5-8-2-8-5 3-5 8-5M8 14.5c-2 1-2 4 0 5",
  hand: "M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5",
  home: "M4 11l8-7 8 7v9h-6v-6h-4v6H4z",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
};

/**
 * An icon that is hidden from screen readers: words stand beside it.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const shape = drawn("path", { d: ICONS[name] });
  return drawn("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, shape);
}

/**
 * A button with an icon and words; with `quiet` the words are for screen readers and the tooltip alone.
 * @param {{icon?: keyof typeof ICONS, text: string, quiet?: boolean, class?: string, onclick?: (event: MouseEvent) => void} & Record<string, any>} what
 */
export function button({ icon: name, text, quiet = false, class: kind = "", ...attributes }) {
  const words = element("span", { class: quiet ? "spoken" : null }, text);
  const classes = `button ${quiet ? "quiet" : ""} ${kind}`.trim();
  return element("button", { type: "button", class: classes, title: quiet ? text : null, ...attributes }, name && icon(name), words);
}

/** A text for screen readers alone. */
export function spoken(text) {
  return element("span", { class: "spoken" }, text);
}

/**
 * Puts new children into a place and keeps the keyboard where it was: the element that had the focus is found again by its
 * `data-key`.
 * @param {HTMLElement} place
 * @param {...(Node|string|null|undefined|false)} children
 */
export function refill(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const key = focused instanceof HTMLElement ? focused.dataset.key : undefined;
  place.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  if (key === undefined) return;
  const again = [...place.querySelectorAll("[data-key]")].find((child) => child instanceof HTMLElement && child.dataset.key === key);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/**
 * Hands a file to the browser's downloads.
 * @param {string} name
 * @param {Blob} content
 */
export function download(name, content) {
  const address = URL.createObjectURL(content);
  const link = element("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Says something to those who do not see the page change. */
export function announce(text) {
  const place = document.getElementById("announcements");
  if (!place) return;
  // The same sentence twice would not be read twice without the change in between.
  place.textContent = "";
  setTimeout(() => {
    place.textContent = text;
  }, 60);
}
