// node:util/types: https://nodejs.org/docs/latest-v20.x/api/util.html#utiltypes

import * as types from "./types.js";

const { typedArrayName: _, ...checks } = types;

export {
  isAnyArrayBuffer, isArgumentsObject, isArrayBuffer, isArrayBufferView, isAsyncFunction,
  isBigInt64Array, isBigIntObject, isBigUint64Array, isBooleanObject, isBoxedPrimitive,
  isCryptoKey, isDataView, isDate, isExternal, isFloat32Array, isFloat64Array,
  isGeneratorFunction, isGeneratorObject, isInt16Array, isInt32Array, isInt8Array, isKeyObject,
  isMap, isMapIterator, isModuleNamespaceObject, isNativeError, isNumberObject, isPromise,
  isProxy, isRegExp, isSet, isSetIterator, isSharedArrayBuffer, isStringObject, isSymbolObject,
  isTypedArray, isUint16Array, isUint32Array, isUint8Array, isUint8ClampedArray, isWeakMap,
  isWeakSet,
} from "./types.js";
export default checks;
