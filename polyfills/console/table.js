// console.table: rows and columns drawn with lines.
// https://console.spec.whatwg.org/#table

import { inspect } from "./inspect.js";
import { accessorText } from "./shapes.js";

const { getOwnPropertyDescriptor, keys } = Object;
const { max } = Math;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const mapForEach = uncurry(Map.prototype.forEach);
const setForEach = uncurry(Set.prototype.forEach);

const MAX_ROWS = 1000;

/** The table as text, or undefined where the data are no rows. `only`: the columns to show. */
export function formatTable(data, only) {
  if (typeof data !== "object" || data === null) return undefined;
  const { heading, hasKeys, rows } = rowsOf(data);
  const names = only ?? columnsOf(rows);
  const hasValues = rows.some((row) => !isRow(row.value));
  const header = [heading, ...when(hasKeys, "Key"), ...names, ...when(hasValues, "Values")];
  const lines = rows.map(({ index, key, value }) => [
    index,
    ...when(hasKeys, show(key)),
    ...names.map((name) => cell(value, name)),
    ...when(hasValues, isRow(value) ? "" : show(value)),
  ]);
  return draw(header, lines);
}

function when(condition, cell) {
  return condition ? [cell] : [];
}

function rowsOf(data) {
  const rows = [];
  const add = (value, key) => rows.push({ index: `${rows.length}`, key, value });
  if (tries(() => mapForEach(data, add))) {
    return { heading: "(iteration index)", hasKeys: true, rows: rows.slice(0, MAX_ROWS) };
  }
  if (tries(() => setForEach(data, (value) => add(value)))) {
    return { heading: "(iteration index)", hasKeys: false, rows: rows.slice(0, MAX_ROWS) };
  }
  for (const index of keys(data).slice(0, MAX_ROWS)) {
    rows.push({ index, key: undefined, value: getOwnPropertyDescriptor(data, index).value });
  }
  return { heading: "(index)", hasKeys: false, rows };
}

/** Whether `run` accepted its object: a brand check by use. */
function tries(run) {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

function isRow(value) {
  return typeof value === "object" && value !== null;
}

function columnsOf(rows) {
  const names = new Set();
  for (const { value } of rows) if (isRow(value)) for (const name of keys(value)) names.add(name);
  return [...names];
}

function cell(row, name) {
  const descriptor = isRow(row) ? getOwnPropertyDescriptor(row, name) : undefined;
  if (descriptor === undefined) return "";
  return "value" in descriptor ? show(descriptor.value) : accessorText(descriptor);
}

function show(value) {
  return inspect(value, { depth: 0 });
}

function draw(header, lines) {
  const widths = header.map((name, i) =>
    lines.reduce((widest, line) => max(widest, line[i].length), name.length) + 2);
  const rule = (left, cross, right) =>
    left + widths.map((width) => "─".repeat(width)).join(cross) + right;
  const padded = (text, i) => ` ${text}`.padEnd(widths[i]);
  const row = (cells) => `│${cells.map(padded).join("│")}│`;
  return [
    rule("┌", "┬", "┐"),
    row(header),
    rule("├", "┼", "┤"),
    ...lines.map(row),
    rule("└", "┴", "┘"),
  ].join("\n");
}
