/**
 * The colours of the classes on the map: nine that are told apart by readers of all kinds of colour vision, one for all further
 * classes, one for what is not known.
 */

/** From the palettes of Paul Tol and of Okabe and Ito, each at least 3 : 1 against its paper. */
const LIGHT = ["#1d5fa3", "#b4511b", "#1a7a4c", "#7a3fa0", "#a3291f", "#00788a", "#8a6a00", "#c2347f", "#3d4a5c"];
const DARK = ["#82b8f0", "#f0a96a", "#6fd3a0", "#cda2f2", "#ff8f82", "#63d3e6", "#e6cf5c", "#ff9ccf", "#c8d2df"];
const FURTHER = { light: "#8a8272", dark: "#8b95a1" };
const UNKNOWN = { light: "#c9c2b3", dark: "#454e5a" };

/** How many classes have a colour of their own. */
export const COLOURED = LIGHT.length;

const darkness = matchMedia("(prefers-color-scheme: dark)");

/** Calls back when the reader changes between light and dark. */
export function onDarkness(changed) {
  darkness.addEventListener("change", changed);
}

/**
 * @param {number} rank of the class among those of its variable, the most frequent first; -1 for unknown
 * @returns {string} `#rrggbb`
 */
export function colourOf(rank) {
  const mode = darkness.matches ? "dark" : "light";
  if (rank < 0) return UNKNOWN[mode];
  return (darkness.matches ? DARK : LIGHT)[rank] ?? FURTHER[mode];
}

/** A colour as the four bytes of a pixel, in the order in which this machine writes them. */
export function pixelOf(colour, opacity = 255) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0];
}
