// An error's `stack`, as V8 writes it: what the error says, then the frames of the script. The
// engine's own has the frames alone, those of the runtime among them, and libraries and error
// pages show nothing but the stack.
//
// The engine's accessor refuses what is no string, as is proposed
// (https://tc39.es/proposal-error-stack-accessor/); in V8 it is a property like any other, and
// libraries take it away with `error.stack = undefined`.
// https://v8.dev/docs/stack-trace-api

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;
const accessor = getOwnPropertyDescriptor(Error.prototype, "stack");
const captureOfEngine = Error.captureStackTrace;
const describe = Error.prototype.toString;

const MAX_MAKERS = 10; // classes that extend each other

const OWN_PROTOTYPES = new Set(
  [
    Error,
    AggregateError,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    Object,
  ].map((Class) => Class.prototype),
);

// A frame of the runtime: of a polyfill, or of an op, whose name no function of the language has.
const isOurs = (line) =>
  line.includes("(holdfast:") || (line.endsWith(" (native)") && line.includes("_"));

// A call by the runtime, as the engine tells of it: what called is the next frame.
const CALLS = ["apply", "call", "construct"].map((name) => `    at ${name} (native)`);
const isCall = (line) => CALLS.includes(line);

/** The names of the classes that an error was made by, up to the language's own. */
function makersOf(error) {
  const names = [];
  let prototype = getPrototypeOf(error);
  while (prototype !== null && !OWN_PROTOTYPES.has(prototype) && names.length < MAX_MAKERS) {
    const maker = getOwnPropertyDescriptor(prototype, "constructor")?.value;
    if (typeof maker === "function") names.push(getOwnPropertyDescriptor(maker, "name")?.value);
    prototype = getPrototypeOf(prototype);
  }
  return names;
}

/**
 * The stack of `error` from the engine's text; what a script's own hook has made stays. It begins
 * where the error was made: not in the constructors of its classes.
 */
export function complete(error, stack) {
  if (typeof stack !== "string" || (stack !== "" && !stack.startsWith("    at "))) return stack;
  const lines = stack
    .split("\n")
    .filter(
      (line, i, all) => line !== "" && !isOurs(line) && !(isCall(line) && isOurs(all[i + 1] ?? "")),
    );
  try {
    const makers = makersOf(error);
    const isMaker = (line) => makers.some((name) => line.startsWith(`    at ${name} (`));
    while (lines.length > 0 && isMaker(lines[0])) lines.shift();
    lines.unshift(apply(describe, error, []));
  } catch {
    // It has a name or a message that cannot be told.
  }
  return lines.join("\n");
}

defineProperty(Error.prototype, "stack", {
  get() {
    return complete(this, apply(accessor.get, this, []));
  },
  set(value) {
    defineProperty(this, "stack", { value, writable: true, configurable: true });
  },
  configurable: true,
});

// In V8 the stack is the error's own property, and scripts count on it who write errors down:
// `JSON.stringify(error, Object.getOwnPropertyNames(error))`.
const { getOwnPropertyNames: namesOf } = Object;
const { isError } = Error;

/** https://tc39.es/ecma262/#sec-object.getownpropertynames */
function getOwnPropertyNames(object) {
  const names = namesOf(object);
  if (isError(object) && !names.includes("stack")) names.unshift("stack");
  return names;
}

defineProperty(Object, "getOwnPropertyNames", { value: getOwnPropertyNames });

/** Give `object` the stack of the running code, below the call of `above` where that is given. */
function captureStackTrace(object, above = captureStackTrace) {
  captureOfEngine(object, above);
  const own = getOwnPropertyDescriptor(object, "stack");
  if (own !== undefined) defineProperty(object, "stack", { ...own, value: complete(object, own.value) });
}

defineProperty(Error, "captureStackTrace", { value: captureStackTrace });

// What V8's call sites tell beyond the engine's, for libraries that ask without looking.
const MORE_OF_CALL_SITES = {
  getThis: () => undefined,
  getTypeName: () => null,
  getFunction: () => undefined,
  getMethodName: () => null,
  getEvalOrigin: () => undefined,
  getPromiseIndex: () => null,
  isToplevel: () => true,
  isEval: () => false,
  isAsync: () => false,
  isPromiseAll: () => false,
  getScriptNameOrSourceURL() {
    return this.getFileName();
  },
  toString() {
    const place = `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
    const name = this.getFunctionName();
    return name ? `${name} (${place})` : place;
  },
};

function callSitePrototype() {
  Error.prepareStackTrace = (_, sites) => sites;
  const [site] = apply(accessor.get, new Error(), []);
  Error.prepareStackTrace = undefined;
  return getPrototypeOf(site);
}

const callSites = callSitePrototype();
for (const [name, value] of Object.entries(MORE_OF_CALL_SITES)) {
  defineProperty(callSites, name, { value, writable: true, configurable: true });
}
