// The arguments of a logging call as one text.
// https://console.spec.whatwg.org/#formatter, with Node's %j

import { inspect, inspectArgument } from "./inspect.js";
import { dataProperty } from "./shapes.js";

const { stringify } = JSON;
const { apply } = Reflect;

const BUILTIN_TO_STRING = new Set(
  [Object, Array, Error, Function, RegExp, Date, Map, Set]
    .map((Class) => dataProperty(Class.prototype, "toString")),
);

/** Formats the arguments: those that the first one's specifiers ask for, then the rest. */
export function formatArguments(args) {
  const [first] = args;
  if (args.length === 1) return inspectArgument(first);
  if (typeof first !== "string" || !first.includes("%")) return join(args, 0);
  const { text, used } = substitute(first, args);
  return used === args.length ? text : `${text} ${join(args, used)}`;
}

function join(args, from) {
  let text = inspectArgument(args[from]);
  for (let i = from + 1; i < args.length; i++) text += ` ${inspectArgument(args[i])}`;
  return text;
}

function substitute(template, args) {
  let text = "";
  let used = 1;
  let copied = 0;
  for (let at = template.indexOf("%"); at !== -1; at = template.indexOf("%", at)) {
    const specifier = template[at + 1];
    const format = specifier === "%" ? () => "%" : formats[specifier];
    const takesArgument = specifier !== "%";
    if (format === undefined || (takesArgument && used >= args.length)) {
      at++;
      continue;
    }
    text += template.slice(copied, at) + format(takesArgument ? args[used++] : undefined);
    copied = at += 2;
  }
  return { text: text + template.slice(copied), used };
}

const formats = {
  __proto__: null,
  c: () => "", // styles have no meaning in a log
  d: (value) => number(value, Number),
  f: (value) => number(value, parseFloat),
  i: (value) => number(value, parseInt),
  j: json,
  O: (value) => inspect(value),
  o: (value) => inspect(value),
  s: string,
};

function number(value, parse) {
  if (typeof value === "bigint") return parse === parseFloat ? `${Number(value)}` : `${value}n`;
  if (typeof value === "symbol" || typeof value === "object") return "NaN";
  return inspectArgument(parse === parseInt ? parseInt(value, 10) : parse(value));
}

function json(value) {
  try {
    return stringify(value) ?? "undefined";
  } catch {
    return inspect(value);
  }
}

/** An object says for itself what it is, if its class gives it words of its own. */
function string(value) {
  if (typeof value !== "object" || value === null) return inspectArgument(value);
  try {
    const toString = dataProperty(value, "toString");
    if (typeof toString === "function" && !BUILTIN_TO_STRING.has(toString)) {
      return `${apply(toString, value, [])}`;
    }
  } catch {
    // Then it is shown like any other.
  }
  return inspect(value, { depth: 0 });
}
