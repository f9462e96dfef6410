// node:module: https://nodejs.org/docs/latest-v20.x/api/module.html

import { loadModule } from "holdfast:ops";
import { builtins, fileOf } from "./builtins.js";
import { absentFrom, invalidValue, nodeError } from "./errors.js";

const names = Object.keys(builtins).sort();

function builtinOf(id) {
  const path = fileOf(id);
  if (path === undefined) {
    throw nodeError(
      Error,
      "MODULE_NOT_FOUND",
      `Cannot find module '${id}': createRequire() finds the modules of Node.js that Holdfast has, and no others`,
    );
  }
  const namespace = loadModule(`holdfast:node/${path}`);
  return namespace.default ?? namespace;
}

/** A `require` for ES modules; it finds the modules of Node.js. */
export function createRequire(filename) {
  const isPath = /^(?:\/|file:)/.test(filename instanceof URL ? filename.href : filename);
  if (!isPath || (typeof filename !== "string" && !(filename instanceof URL))) {
    const reason = "must be a file URL object, file URL string, or absolute path string";
    throw invalidValue("filename", filename, reason);
  }
  const require = (id) => builtinOf(id);
  require.resolve = (id) => id;
  require.cache = Object.create(null);
  require.main = undefined;
  return require;
}

export const builtinModules = names;
export const isBuiltin = (id) => fileOf(id) !== undefined;
export const globalPaths = [];
export const constants = { compileCacheStatus: {} };
export const enableCompileCache = () => ({ status: 3 }); // disabled
export const flushCompileCache = () => {};
export const getCompileCacheDir = () => undefined;
export const getSourceMapsSupport = () => ({
  enabled: false,
  nodeModules: false,
  generatedCode: false,
});
export const setSourceMapsSupport = () => {};
const missing = absentFrom("module");
export const {
  findPackageJSON,
  findSourceMap,
  Module,
  register,
  registerHooks,
  runMain,
  SourceMap,
  stripTypeScriptTypes,
  syncBuiltinESMExports,
  wrap,
} = missing;

const module = {
  ...missing,
  builtinModules,
  constants,
  createRequire,
  enableCompileCache,
  flushCompileCache,
  getCompileCacheDir,
  getSourceMapsSupport,
  globalPaths,
  isBuiltin,
  setSourceMapsSupport,
};
export default module;
