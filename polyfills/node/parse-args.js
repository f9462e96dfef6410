// util.parseArgs: https://nodejs.org/docs/latest-v20.x/api/util.html#utilparseargsconfig

import { invalidType, invalidValue, nodeError } from "./errors.js";

/** Options and positional arguments out of a command line's words. */
export function parseArgs(config = {}) {
  const { args = [], options = {}, strict = true, tokens: wantTokens = false } = config;
  const allowPositionals = config.allowPositionals ?? !strict;
  const allowNegative = config.allowNegative ?? false;
  if (!Array.isArray(args)) throw invalidType("args", "Array", args);
  for (const [name, option] of Object.entries(options)) {
    const { type, short } = option;
    if (type !== "string" && type !== "boolean")
      throw invalidType(`options.${name}.type`, "('string|boolean')", type);
    checkDefault(`options.${name}.default`, option);
    if (short !== undefined && short.length !== 1)
      throw invalidValue(`options.${name}.short`, short, "must be a single character");
  }
  const tokens = tokenize(args, options);
  const values = Object.create(null);
  const positionals = [];
  for (const token of tokens) {
    if (token.kind === "option")
      take(token, { values, options, strict, allowNegative, allowPositionals });
    else if (token.kind === "positional") {
      if (!allowPositionals) {
        throw nodeError(
          TypeError,
          "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL",
          `Unexpected argument '${token.value}'. This command does not take positional arguments`,
        );
      }
      positionals.push(token.value);
    }
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
  }
  return wantTokens ? { values, positionals, tokens } : { values, positionals };
}

function checkDefault(name, { type, multiple, default: usual }) {
  if (usual === undefined) return;
  if (multiple && !Array.isArray(usual)) throw invalidType(name, "Array", usual);
  for (const [i, each] of (multiple ? usual : [usual]).entries())
    if (typeof each !== type) throw invalidType(multiple ? `${name}[${i}]` : name, type, each);
}

function tokenize(args, options) {
  const nameOfShort = (short) =>
    Object.keys(options).find((name) => options[name].short === short) ?? short;
  const takesValue = (name) => options[name]?.type === "string";
  const tokens = [];
  const queue = args.map((arg, index) => ({ arg, index }));
  const push = (name, rawName, index, value, inlineValue) =>
    tokens.push({ kind: "option", name, rawName, index, value, inlineValue });
  while (queue.length > 0) {
    const { arg, index } = queue.shift();
    if (arg === "--") {
      tokens.push({ kind: "option-terminator", index });
      for (const rest of queue)
        tokens.push({ kind: "positional", index: rest.index, value: rest.arg });
      break;
    }
    const nextValue = () => queue.shift()?.arg;
    if (/^-[^-]$/.test(arg)) {
      const name = nameOfShort(arg[1]);
      const value = takesValue(name) ? nextValue() : undefined;
      push(name, arg, index, value, value === undefined ? undefined : false);
    } else if (/^-[^-]./.test(arg)) {
      const name = nameOfShort(arg[1]);
      if (takesValue(name)) push(name, `-${arg[1]}`, index, arg.slice(2), true);
      else queue.unshift({ arg: `-${arg[1]}`, index }, { arg: `-${arg.slice(2)}`, index });
    } else if (/^--[^=]+=/.test(arg)) {
      const at = arg.indexOf("=");
      push(arg.slice(2, at), arg.slice(0, at), index, arg.slice(at + 1), true);
    } else if (/^--./.test(arg)) {
      const name = arg.slice(2);
      const value = takesValue(name) ? nextValue() : undefined;
      push(name, arg, index, value, value === undefined ? undefined : false);
    } else {
      tokens.push({ kind: "positional", index, value: arg });
    }
  }
  return tokens;
}

function take(token, { values, options, strict, allowNegative, allowPositionals }) {
  let { name, value } = token;
  let isTrue = true;
  if (
    allowNegative &&
    !(name in options) &&
    name.startsWith("no-") &&
    options[name.slice(3)]?.type === "boolean"
  ) {
    name = name.slice(3);
    isTrue = false;
  }
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (strict) {
    if (option === undefined) {
      const hint = allowPositionals
        ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${token.rawName}"`
        : "";
      throw nodeError(
        TypeError,
        "ERR_PARSE_ARGS_UNKNOWN_OPTION",
        `Unknown option '${token.rawName}'${hint}`,
      );
    }
    if (token.inlineValue === false && value?.length > 1 && value.startsWith("-")) {
      const example = token.rawName.startsWith("--")
        ? `'${token.rawName}=-XYZ'`
        : `'--${name}=-XYZ' or '${token.rawName}-XYZ'`;
      throw nodeError(
        TypeError,
        "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
        `Option '${token.rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${token.rawName}'?\n` +
          `To specify an option argument starting with a dash use ${example}.`,
      );
    }
    const shown = `${option.short ? `-${option.short}, ` : ""}--${name}`;
    if (option.type === "string" && typeof value !== "string") {
      throw nodeError(
        TypeError,
        "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
        `Option '${shown} <value>' argument missing`,
      );
    }
    if (option.type === "boolean" && value !== undefined) {
      throw nodeError(
        TypeError,
        "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
        `Option '${shown}' does not take an argument`,
      );
    }
  }
  if (name === "__proto__") return;
  const result = value ?? isTrue;
  if (!option?.multiple) values[name] = result;
  else (values[name] ??= []).push(result);
}
