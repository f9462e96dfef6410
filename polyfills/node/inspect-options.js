// The options of util.inspect, and its colors.
// https://nodejs.org/docs/latest-v20.x/api/util.html#utilinspectobject-options

/** What options are where nobody gives them. */
export const defaultOptions = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10_000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
};

/** The escape codes of each kind of text, and the kinds of values that get one. */
export const colors = Object.assign(Object.create(null), {
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  blink: [5, 25],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  gray: [90, 39],
  grey: [90, 39],
});
export const styles = Object.assign(Object.create(null), {
  special: "cyan",
  number: "yellow",
  bigint: "yellow",
  boolean: "yellow",
  undefined: "grey",
  null: "bold",
  string: "green",
  symbol: "green",
  date: "magenta",
  regexp: "red",
  module: "underline",
});

/** The `stylize` of output without colors. */
export const plain = (text) => text;

/** That of output with colors. */
export function colored(text, kind) {
  const codes = colors[styles[kind]];
  return codes === undefined ? text : `\u001b[${codes[0]}m${text}\u001b[${codes[1]}m`;
}

/** The options that a context was made of. */
export function pickOptions(context) {
  const options = {};
  for (const key of Object.keys(defaultOptions)) options[key] = context[key];
  return { ...options, ...context.given };
}
