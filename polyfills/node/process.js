// node:process: https://nodejs.org/docs/latest-v20.x/api/process.html
//
// A Worker is no process: what there is describes the runtime to libraries that ask, `env` has
// the script's bindings that are texts, and output goes to the console.

import { compatibility_has, loadModule } from "holdfast:ops";
import { environment } from "../workers/dispatch.js";
import { currentFrame, runInFrame } from "../kernel/frames.js";
import { lazily } from "../kernel/lazy.js";
import { now } from "../performance/clock.js";
import { fileOf } from "./builtins.js";
import {
  absentFrom,
  invalidType,
  nodeError,
  outOfRange,
  requireFunction,
  requireString,
} from "./errors.js";
import { EventEmitter } from "./events.js";
import { bridgeRejections } from "./process-rejections.js";

const files = lazily("node/fs-tree.js");
const queueNative = globalThis.queueMicrotask;
const NANOSECONDS = 1_000_000_000;

/** The environment's texts as they were when the script asked first; scripts may add to it. */
function textsOf(bindings) {
  const texts = {};
  for (const name of Object.keys(bindings)) {
    const value = bindings[name];
    if (typeof value === "string") texts[name] = value;
    else if (value === null || typeof value !== "object" || isPlain(value))
      texts[name] = JSON.stringify(value);
  }
  return texts;
}

function isPlain(value) {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

const isPopulated =
  compatibility_has("nodejs_compat_populate_process_env") && !compatibility_has("disallow_importable_env");

export const env = new Proxy(isPopulated ? textsOf(environment()) : {}, {
  set(target, key, value) {
    if (typeof key === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
    target[key] = `${value}`;
    return true;
  },
  defineProperty(target, key, descriptor) {
    return Reflect.defineProperty(
      target,
      key,
      "value" in descriptor ? { ...descriptor, value: `${descriptor.value}` } : descriptor,
    );
  },
});

export function nextTick(callback, ...args) {
  requireFunction(callback, "callback");
  const frame = currentFrame();
  queueNative(() => {
    try {
      runInFrame(frame, callback, args);
    } catch (error) {
      reportError(error);
    }
  });
}

export function hrtime(time = undefined) {
  if (time !== undefined) {
    if (!Array.isArray(time)) throw invalidType("time", "Array", time);
    if (time.length !== 2) throw outOfRange("time", "2", time.length);
  }
  const total = Math.round(now() * 1_000_000);
  let [seconds, rest] = [Math.floor(total / NANOSECONDS), total % NANOSECONDS];
  if (time !== undefined) {
    seconds -= time[0];
    rest -= time[1];
    if (rest < 0) [seconds, rest] = [seconds - 1, rest + NANOSECONDS];
  }
  return [seconds, rest];
}
hrtime.bigint = () => BigInt(Math.round(now() * 1_000_000));

/** No stream of its own, which would cost more than most scripts write; others can be piped in. */
class Output extends EventEmitter {
  #level;
  #held = "";
  #decoder = new TextDecoder();

  constructor(fd, level) {
    super();
    this.fd = fd;
    this.#level = level;
    this._isStdio = true; // what is piped into it does not end it
    this.isTTY = false;
    this.writable = true;
    this.columns = 80;
  }

  /** Whole lines go to the console, the rest waits for its end. */
  write(chunk, encoding = undefined, callback = undefined) {
    this.#held += typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true });
    const end = this.#held.lastIndexOf("\n");
    if (end !== -1) {
      console[this.#level](this.#held.slice(0, end));
      this.#held = this.#held.slice(end + 1);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) nextTick(done);
    return true;
  }

  end(chunk = undefined) {
    if (chunk !== undefined) this.write(chunk);
    if (this.#held !== "") this.write("\n");
  }

  // What is written goes to the console at once, and that does not end.
  cork() {}
  uncork() {}
  destroy() {
    return this;
  }

  getColorDepth() {
    return 1;
  }

  hasColors() {
    return false;
  }
}

export const stdout = new Output(1, "log");
export const stderr = new Output(2, "error");
export const stdin = Object.assign(new EventEmitter(), {
  fd: 0,
  isTTY: false,
  read: () => null,
  resume: () => stdin,
  pause: () => stdin,
});

export function emitWarning(warning, type = undefined, code = undefined) {
  let detail;
  if (type !== null && typeof type === "object" && !Array.isArray(type)) {
    ({ code, detail } = type);
    if (typeof detail !== "string") detail = undefined;
    type = type.type || "Warning";
  } else if (typeof type === "function") [type, code] = ["Warning", undefined];
  if (type !== undefined) requireString(type, "type");
  if (typeof code === "function") code = undefined;
  if (code !== undefined) requireString(code, "code");
  let error = warning;
  if (typeof warning === "string") {
    error = Object.assign(new Error(warning), { name: type || "Warning" });
    if (code !== undefined) error.code = code;
    if (detail !== undefined) error.detail = detail;
  } else if (!(warning instanceof Error))
    throw invalidType("warning", ["string", "Error"], warning);
  nextTick(() => {
    if (process.emit("warning", error)) return;
    const head = error.code === undefined ? "" : `[${error.code}] `;
    const tail = error.detail ? `\n${error.detail}` : "";
    console.warn(`${head}${error.name}: ${error.message}${tail}`);
  });
}

export function exit(code = 0) {
  throw nodeError(
    Error,
    "ERR_METHOD_NOT_IMPLEMENTED",
    `process.exit(${code}) was called, but a Worker is no process that could end`,
  );
}

/** The namespace of a module of Node.js that is there; undefined for any other. */
export function getBuiltinModule(id) {
  requireString(id, "id");
  const path = fileOf(id);
  if (path === undefined) return undefined;
  const namespace = loadModule(`holdfast:node/${path}`);
  return namespace.default ?? namespace;
}

const PARTS = (
  "zlib brotli zstd ares napi llhttp nghttp2 acorn ada simdutf nbytes ncrypto uvwasi openssl sqlite icu undici" +
  " simdjson unicode cldr tz cjs_module_lexer amaro merve"
).split(" ");

export const version = "v22.23.4"; // as workerd has it
export const versions = {
  node: "22.23.4",
  v8: "12.4.254.21-node.33",
  uv: "1.51.0",
  modules: "127",
  quickjs: "0.17",
  // Libraries tell by these what there is; like workerd, this says no more of them.
  ...Object.fromEntries(PARTS.map((name) => [name, ""])),
};
export const release = { name: "node", lts: "Jod" };
export const platform = "linux";
export const arch = "x64";
export const title = "holdfast";
export const argv = ["/holdfast", "/worker"];
export const argv0 = "holdfast";
export const execArgv = [];
export const execPath = "/holdfast";
export const pid = 1;
export const ppid = 0;
export const features = { inspector: false, debug: false, uv: false, ipv6: true, tls: true };
export const config = { target_defaults: {}, variables: {} };
export const allowedNodeEnvironmentFlags = new Set();
export const cwd = () => files().workingDirectory();

/** Each event has a working directory of its own, as it has files. */
export function chdir(directory) {
  requireString(directory, "directory");
  files().changeDirectory(directory);
}

export const umask = () => 0o22;
export const uptime = () => now() / 1000;
export const memoryUsage = Object.assign(
  () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  { rss: () => 0 },
);
export const cpuUsage = () => ({ user: 0, system: 0 });
const USED = `userCPUTime systemCPUTime maxRSS sharedMemorySize unsharedDataSize unsharedStackSize
  minorPageFault majorPageFault swappedOut fsRead fsWrite ipcSent ipcReceived signalsCount
  voluntaryContextSwitches involuntaryContextSwitches`.split(/\s+/);
export const resourceUsage = () => Object.fromEntries(USED.map((name) => [name, 0]));
export const [getuid, geteuid, getgid, getegid] = [() => 0, () => 0, () => 0, () => 0];

const missing = absentFrom("process");
export const {
  abort,
  binding,
  dlopen,
  initgroups,
  kill,
  openStdin,
  reallyExit,
  setegid,
  seteuid,
  setgid,
  setgroups,
  setUncaughtExceptionCaptureCallback,
  setuid,
} = missing;

export const [ref, unref, noDeprecation, throwDeprecation, traceDeprecation] = [
  () => {},
  () => {},
  false,
  false,
  false,
];
export const threadCpuUsage = cpuUsage;
export const availableMemory = () => 0;
export const constrainedMemory = () => 0;
export const debugPort = 0;
export const domain = null;
export const exitCode = undefined;
export const getgroups = () => [0];
export const hasUncaughtExceptionCaptureCallback = () => false;
export const moduleLoadList = [];
export const report = null;
export const setSourceMapsEnabled = () => {};
export const sourceMapsEnabled = false;
export const getSourceMapsSupport = () => ({
  enabled: false,
  nodeModules: false,
  generatedCode: false,
});
export const getActiveResourcesInfo = () => [];
export const _rawDebug = (...args) => console.error(...args);
export const permission = { has: () => true };
/** Nothing is called at the end of a process that has none. */
export const finalization = { register() {}, registerBeforeExit() {}, unregister() {} };

/** The variables of a file are those of `env` from then on, but for names that it has. */
export function loadEnvFile(path = ".env") {
  const { readFileSync } = getBuiltinModule("fs");
  const variables = getBuiltinModule("util").parseEnv(readFileSync(path, "utf8"));
  for (const [name, value] of Object.entries(variables)) env[name] ??= value;
}

export function assert(value, message = undefined) {
  getBuiltinModule("assert")(value, message);
}

const process = Object.assign(new EventEmitter(), {
  ...missing,
  allowedNodeEnvironmentFlags,
  arch,
  argv,
  argv0,
  config,
  cpuUsage,
  chdir,
  cwd,
  emitWarning,
  env,
  execArgv,
  execPath,
  exit,
  availableMemory,
  noDeprecation,
  ref,
  threadCpuUsage,
  throwDeprecation,
  traceDeprecation,
  unref,
  constrainedMemory,
  debugPort,
  domain,
  exitCode,
  getgroups,
  hasUncaughtExceptionCaptureCallback,
  moduleLoadList,
  report,
  setSourceMapsEnabled,
  sourceMapsEnabled,
  _rawDebug,
  assert,
  finalization,
  getActiveResourcesInfo,
  getSourceMapsSupport,
  loadEnvFile,
  permission,
  features,
  getBuiltinModule,
  getegid,
  geteuid,
  getgid,
  getuid,
  hrtime,
  memoryUsage,
  nextTick,
  pid,
  platform,
  ppid,
  release,
  resourceUsage,
  stderr,
  stdin,
  stdout,
  title,
  umask,
  uptime,
  version,
  versions,
});
bridgeRejections(process);
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });

export const on = process.on.bind(process);
export const once = process.once.bind(process);
export const off = process.off.bind(process);
export const emit = process.emit.bind(process);
export const addListener = on;
export const removeListener = off;
export const removeAllListeners = process.removeAllListeners.bind(process);
export const listeners = process.listeners.bind(process);
export const listenerCount = process.listenerCount.bind(process);

export { process };
export default process;
