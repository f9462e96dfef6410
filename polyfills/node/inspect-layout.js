// How inspected values are laid out: quotes, one line or many, columns.

// eslint-disable-next-line no-control-regex
const ESCAPES =
  /[\u0000-\u001f\u007f-\u009f'\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const COLORS = /\u001b\[\d\d?m/g;
const NAMED = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
  "'": "\\'",
};

/** A string in the quotes that need the fewest escapes. */
export function quoteString(text) {
  let quote = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) quote = '"';
    else if (!text.includes("`") && !text.includes("${")) quote = "`";
  }
  const inner = text.replace(ESCAPES, (c) => {
    if (c === "'" && quote !== "'") return c;
    if (c in NAMED) return NAMED[c];
    const code = c.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`
      : `\\u${code.toString(16)}`;
  });
  return quote + inner + quote;
}

/** The text without the codes that color it. */
function stripColors(text) {
  return text.replace(COLORS, "");
}

/** How many columns a text takes. */
export function stringWidth(text) {
  const bare = stripColors(text).normalize("NFC");
  if (!/[^\x20-\x7e]/.test(bare)) return bare.length;
  let width = 0;
  for (const character of bare) {
    const code = character.codePointAt(0);
    if (/\p{Mn}|\p{Me}|\p{Cf}|\p{Cc}/u.test(character)) continue;
    width += isWide(code) ? 2 : 1;
  }
  return width;
}

function isWide(code) {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      code === 0x2329 ||
      code === 0x232a ||
      (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) ||
      (code >= 0x3250 && code <= 0x4dbf) ||
      (code >= 0x4e00 && code <= 0xa4c6) ||
      (code >= 0xa960 && code <= 0xa97c) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe10 && code <= 0xfe19) ||
      (code >= 0xfe30 && code <= 0xfe6b) ||
      (code >= 0xff01 && code <= 0xff60) ||
      (code >= 0xffe0 && code <= 0xffe6) ||
      (code >= 0x1b000 && code <= 0x1b001) ||
      (code >= 0x1f200 && code <= 0x1f251) ||
      (code >= 0x1f300 && code <= 0x1f64f) ||
      (code >= 0x1f900 && code <= 0x1f9ff) ||
      (code >= 0x20000 && code <= 0x3fffd))
  );
}

/** Many short items in as many columns as make a block that is pleasant to read. */
export function groupInColumns(context, output, value) {
  const hasRest = context.maxArrayLength < output.length;
  const count = hasRest ? output.length - 1 : output.length;
  const widths = [];
  let total = 0;
  let widest = 0;
  for (let i = 0; i < count; i++) {
    widths.push(stringWidth(output[i]));
    total += widths[i] + 2;
    widest = Math.max(widest, widths[i]);
  }
  const cell = widest + 2;
  const fits =
    cell * 3 + context.indentation < context.breakLength && (total / cell > 5 || widest <= 6);
  if (!fits) return output;
  const bias = Math.max(cell - 3 - Math.sqrt(cell - total / output.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * bias * count) / bias),
    Math.floor((context.breakLength - context.indentation) / cell),
    context.compact * 4,
    15,
  );
  if (columns <= 1) return output;
  const columnWidths = [];
  for (let column = 0; column < columns; column++) {
    let width = 0;
    for (let i = column; i < count; i += columns) width = Math.max(width, widths[i]);
    columnWidths.push(width + 2);
  }
  let numeric = true;
  for (let i = 0; i < output.length && numeric; i++) {
    numeric = typeof value[i] === "number" || typeof value[i] === "bigint";
  }
  const rows = [];
  for (let first = 0; first < count; first += columns) {
    const last = Math.min(first + columns, count) - 1;
    let row = "";
    for (let i = first; i <= last; i++) {
      const invisible = output[i].length - widths[i];
      if (i < last) row += pad(`${output[i]}, `, columnWidths[i - first] + invisible, numeric);
      else row += numeric ? output[i].padStart(columnWidths[i - first] + invisible - 2) : output[i];
    }
    rows.push(row);
  }
  if (hasRest) rows.push(output[count]);
  return rows;
}

function pad(text, width, atStart) {
  return atStart ? text.padStart(width) : text.padEnd(width);
}

/** Entries between braces: on one line where they are few, short and not nested deep. */
export function reduceToText(context, entries, output, base, braces, level) {
  const { compact, indentation } = context;
  if (compact !== true) {
    const head = base ? `${base} ` : "";
    if (typeof compact === "number" && compact >= 1 && entries === output.length) {
      const isShallow = context.currentDepth - level < compact;
      const start = output.length + indentation + braces[0].length + base.length + 10;
      if (isShallow && fitsLine(context, output, start, base)) {
        const joined = output.join(", ");
        if (!joined.includes("\n")) return `${head}${braces[0]} ${joined} ${braces[1]}`;
      }
    }
    const line = `\n${" ".repeat(indentation)}`;
    return `${head}${braces[0]}${line}  ${output.join(`,${line}  `)}${line}${braces[1]}`;
  }
  if (fitsLine(context, output, 0, base)) {
    return `${braces[0]}${base ? ` ${base}` : ""} ${output.join(", ")} ${braces[1]}`;
  }
  const line = `\n${" ".repeat(indentation)}`;
  const lead = base === "" && braces[0].length === 1 ? " " : `${base ? ` ${base}` : ""}${line}  `;
  return `${braces[0]}${lead}${output.join(`,${line}  `)} ${braces[1]}`;
}

function fitsLine({ breakLength, colors }, output, start, base) {
  let length = output.length + start;
  if (length + output.length > breakLength) return false;
  for (const item of output) {
    length += colors ? stripColors(item).length : item.length;
    if (length > breakLength) return false;
  }
  return base === "" || !base.includes("\n");
}
