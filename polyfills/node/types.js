// What kind of object a value is, asked of the engine and not of the object: the checks of
// `util.types`, also for inspecting and comparing.
// https://nodejs.org/docs/latest-v20.x/api/util.html#utiltypes

import { insides } from "holdfast:ops";

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;
const TypedArray = getPrototypeOf(Uint8Array);
const arrayTag = getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;
const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
const toString = Object.prototype.toString;

/** Whether `method`, which throws for what is not of its class, takes the value. */
function accepts(method, ...args) {
  return (value) => {
    if (value === null || typeof value !== "object") return false;
    try {
      apply(method, value, args);
      return true;
    } catch {
      return false;
    }
  };
}

export const isMap = accepts(getter(Map.prototype, "size"));
export const isSet = accepts(getter(Set.prototype, "size"));
export const isWeakMap = accepts(WeakMap.prototype.has, {});
export const isWeakSet = accepts(WeakSet.prototype.has, {});
export const isDate = accepts(Date.prototype.getTime);
export const isRegExp = (value) => isObjectLike(value) && hasBrand(value, "[object RegExp]");
export const isArrayBuffer = accepts(getter(ArrayBuffer.prototype, "byteLength"));
export const isSharedArrayBuffer = accepts(getter(SharedArrayBuffer.prototype, "byteLength"));
export const isAnyArrayBuffer = (value) => isArrayBuffer(value) || isSharedArrayBuffer(value);
export const isDataView = (value) => ArrayBuffer.isView(value) && !isTypedArray(value);
export const isArrayBufferView = (value) => ArrayBuffer.isView(value);
export const isNumberObject = accepts(Number.prototype.valueOf);
export const isStringObject = accepts(String.prototype.valueOf);
export const isBooleanObject = accepts(Boolean.prototype.valueOf);
export const isBigIntObject = accepts(BigInt.prototype.valueOf);
export const isSymbolObject = accepts(Symbol.prototype.valueOf);
export const isNativeError = (value) => Error.isError(value);
/** The target and the handler of a proxy; undefined of all else. Both are undefined once it is revoked. */
export function proxyParts(value) {
  const found = insides(value);
  return found !== undefined && typeof found[0] !== "number" ? found : undefined;
}
export const isProxy = (value) => proxyParts(value) !== undefined;

const boxes = [
  [isNumberObject, Number],
  [isStringObject, String],
  [isBooleanObject, Boolean],
  [isBigIntObject, BigInt],
  [isSymbolObject, Symbol],
];

/** What is in a box, whatever its prototype says. */
export function unboxed(value) {
  const [, { prototype }] = boxes.find(([isOne]) => isOne(value));
  return Reflect.apply(prototype.valueOf, value, []);
}

export function isBoxedPrimitive(value) {
  return (
    isNumberObject(value) ||
    isStringObject(value) ||
    isBooleanObject(value) ||
    isBigIntObject(value) ||
    isSymbolObject(value)
  );
}

/** The name of a typed array's class, or undefined. */
export function typedArrayName(value) {
  return ArrayBuffer.isView(value) ? apply(arrayTag, value, []) : undefined;
}

export function isTypedArray(value) {
  return typedArrayName(value) !== undefined;
}

const isNamed = (name) => (value) => typedArrayName(value) === name;
export const isUint8Array = isNamed("Uint8Array");
export const isUint8ClampedArray = isNamed("Uint8ClampedArray");
export const isUint16Array = isNamed("Uint16Array");
export const isUint32Array = isNamed("Uint32Array");
export const isInt8Array = isNamed("Int8Array");
export const isInt16Array = isNamed("Int16Array");
export const isInt32Array = isNamed("Int32Array");
export const isFloat16Array = isNamed("Float16Array");
export const isFloat32Array = isNamed("Float32Array");
export const isFloat64Array = isNamed("Float64Array");
export const isBigInt64Array = isNamed("BigInt64Array");
export const isBigUint64Array = isNamed("BigUint64Array");

export function isPromise(value) {
  return isObjectLike(value) && value instanceof Promise && hasBrand(value, "[object Promise]");
}

export const isArgumentsObject = (value) =>
  isObjectLike(value) && hasBrand(value, "[object Arguments]");
export const isGeneratorObject = (value) =>
  isObjectLike(value) && hasBrand(value, "[object Generator]");
export const isMapIterator = (value) =>
  isObjectLike(value) && hasBrand(value, "[object Map Iterator]");
export const isSetIterator = (value) =>
  isObjectLike(value) && hasBrand(value, "[object Set Iterator]");
export const isModuleNamespaceObject = (value) =>
  isObjectLike(value) && getPrototypeOf(value) === null && hasBrand(value, "[object Module]");
export const isExternal = () => false;
export const isCryptoKey = (value) => typeof CryptoKey === "function" && value instanceof CryptoKey;
let isOfCrypto = () => false;
export const isKeyObject = (value) => isOfCrypto(value);
/** For node:crypto, which knows its keys, and is loaded only when a script asks for it. */
export const learnKeyObjects = (check) => (isOfCrypto = check);

export function isAsyncFunction(value) {
  return (
    typeof value === "function" &&
    /^\[object Async(Generator)?Function\]$/.test(apply(toString, value, []))
  );
}

export function isGeneratorFunction(value) {
  return (
    typeof value === "function" &&
    /^\[object (Async)?GeneratorFunction\]$/.test(apply(toString, value, []))
  );
}

function isObjectLike(value) {
  return value !== null && typeof value === "object";
}

function hasBrand(value, brand) {
  if (Object.hasOwn(value, Symbol.toStringTag) && brand !== "[object Module]") return false;
  return apply(toString, value, []) === brand;
}
