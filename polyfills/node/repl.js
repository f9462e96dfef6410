// node:repl: https://nodejs.org/docs/latest-v20.x/api/repl.html

import { builtins } from "./builtins.js";
import { absentFrom } from "./errors.js";

export const builtinModules = Object.keys(builtins);
export const _builtinLibs = builtinModules;
export const REPL_MODE_SLOPPY = Symbol("repl-sloppy");
export const REPL_MODE_STRICT = Symbol("repl-strict");
const missing = absentFrom("repl");
export const { REPLServer, Recoverable, isValidSyntax, start, writer } = missing;

export default { ...missing, REPL_MODE_SLOPPY, REPL_MODE_STRICT, _builtinLibs, builtinModules };
