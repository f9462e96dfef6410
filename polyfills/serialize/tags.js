// The tags of V8's ValueSerializer wire format: one character each.
//
// The readers and writers of everyday values spell these as numbers, which QuickJS
// compares and stores without a look-up; the comment beside each says the character.

const tag = (character) => character.charCodeAt(0);

export const VERSION = 0xff;
// What workerd writes for storage; V8's newer versions read it.
export const WRITTEN_VERSION = 15;
// Values written before workerd wrote headers have this one.
export const HEADERLESS_VERSION = 13;

export const TRUE_OBJECT = tag("y");
export const FALSE_OBJECT = tag("x");
export const NUMBER_OBJECT = tag("n");
export const BIGINT_OBJECT = tag("z");
export const STRING_OBJECT = tag("s");
export const DATE = tag("D");
export const REGEXP = tag("R");
export const BEGIN_MAP = tag(";");
export const END_MAP = tag(":");
export const BEGIN_SET = tag("'");
export const END_SET = tag(",");
export const ARRAY_BUFFER = tag("B");
export const RESIZABLE_BUFFER = tag("~");
export const VIEW = tag("V");
export const ERROR = tag("r");
export const HOST_OBJECT = tag("\\");

// Sub-tags of views, by Symbol.toStringTag.
export const VIEW_TAGS = {
  __proto__: null,
  Int8Array: tag("b"),
  Uint8Array: tag("B"),
  Uint8ClampedArray: tag("C"),
  Int16Array: tag("w"),
  Uint16Array: tag("W"),
  Int32Array: tag("d"),
  Uint32Array: tag("D"),
  Float16Array: tag("h"),
  Float32Array: tag("f"),
  Float64Array: tag("F"),
  BigInt64Array: tag("q"),
  BigUint64Array: tag("Q"),
  DataView: tag("?"),
};
export const LENGTH_TRACKING = 1;
export const BACKED_BY_RESIZABLE = 2;

// Sub-tags of errors.
export const ERROR_CLASS_TAGS = {
  __proto__: null,
  EvalError: tag("E"),
  RangeError: tag("R"),
  ReferenceError: tag("F"),
  SyntaxError: tag("S"),
  TypeError: tag("T"),
  URIError: tag("U"),
};
export const ERROR_MESSAGE = tag("m");
export const ERROR_CAUSE = tag("c");
export const ERROR_STACK = tag("s");
export const ERROR_END = tag(".");

// RegExp flags, from bit 0.
export const REGEXP_FLAGS = "gimyusldv";

// workerd's numbers for host objects (its rpc::SerializationTag).
export const HOST_DOM_EXCEPTION_V1 = 7;
export const HOST_DOM_EXCEPTION = 8;
export const HOST_NATIVE_ERROR = 10;

// Under workerd's number for native errors: the classes by their numbers, from 0.
export const NATIVE_ERROR_CLASSES = [
  "",
  "Error",
  "TypeError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "WasmCompileError",
  "WasmLinkError",
  "WasmRuntimeError",
  "WasmSuspendError",
  "EvalError",
  "URIError",
  "AggregateError",
  "SuppressedError",
];
