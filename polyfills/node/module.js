// node:module: https://nodejs.org/docs/latest-v20.x/api/module.html

import { loadModule } from "holdfast:ops";
import { builtins, fileOf } from "./builtins.js";
import { absentFrom, invalidValue, nodeError } from "./errors.js";

const names = Object.keys(builtins).sort();

const PLATFORM = ["email", "node", "sockets", "workers", "workflows"];
const ofPlatform = new Map(
  PLATFORM.map((name) => [`cloudflare:${name}`, `holdfast:modules/cloudflare-${name}.js`]),
);

function builtinOf(id) {
  if (ofPlatform.has(id)) return loadModule(ofPlatform.get(id));
  const path = fileOf(id);
  if (path === undefined) {
    throw nodeError(
      Error,
      "MODULE_NOT_FOUND",
      `Cannot find module '${id}': createRequire() finds the modules of Node.js and of Cloudflare that Holdfast has, and no others`,
    );
  }
  const namespace = loadModule(`holdfast:node/${path}`);
  return namespace.default ?? namespace;
}

/** A `require` for ES modules; it finds the modules of Node.js and of Cloudflare. */
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
export const syncBuiltinESMExports = () => {};
const missing = absentFrom("module");
export const {
  _debug,
  _findPath,
  _initPaths,
  _nodeModulePaths,
  _preloadModules,
  _resolveFilename,
  _resolveLookupPaths,
  findPackageJSON,
  findSourceMap,
  Module,
  register,
  registerHooks,
  runMain,
  SourceMap,
  stripTypeScriptTypes,
  wrap,
} = missing;

export const _cache = Object.create(null);
export const _extensions = Object.fromEntries(
  [".js", ".json", ".node"].map((name) => [name, absentFrom("module._extensions")[name]]),
);
export const _load = (id) => builtinOf(id);
export const _pathCache = Object.create(null);

// The module is the constructor, as in Node.js: libraries put what is theirs in the place of its methods.
const { _compile, load } = absentFrom("module.prototype");
Object.assign(Module.prototype, { _compile, load, require: (id) => builtinOf(id) });
Object.assign(Module, missing, {
  _cache,
  _extensions,
  _load,
  _pathCache,
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
  syncBuiltinESMExports,
});
export default Module;
