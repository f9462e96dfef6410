// Deep comparison for assert and util: https://nodejs.org/docs/latest-v20.x/api/assert.html#comparison-details

import * as types from "./types.js";

const { getPrototypeOf, getOwnPropertySymbols, keys, hasOwn, is } = Object;
const propertyIsEnumerable = Object.prototype.propertyIsEnumerable;
const toString = Object.prototype.toString;

/** Whether two values are alike; `strict` also compares prototypes and asks for Object.is. */
export function isDeepEqual(left, right, { strict }) {
  return new Comparison(strict).alike(left, right);
}

class Comparison {
  #strict;
  #pairs = new Map(); // the pairs under way: those that meet again are taken for alike

  constructor(strict) {
    this.#strict = strict;
  }

  alike(left, right) {
    if (left === right) return left !== 0 || !this.#strict || is(left, right);
    if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
      return this.#primitivesAlike(left, right);
    }
    if (this.#strict && getPrototypeOf(left) !== getPrototypeOf(right)) return false;
    if (toString.call(left) !== toString.call(right)) return false;
    if (!this.#kindsAlike(left, right)) return false;
    if (this.#pairs.get(left) === right) return true;
    const before = this.#pairs.get(left);
    this.#pairs.set(left, right);
    const result = this.#contentsAlike(left, right);
    if (before === undefined) this.#pairs.delete(left);
    else this.#pairs.set(left, before);
    return result;
  }

  #primitivesAlike(left, right) {
    if (this.#strict) return typeof left === "number" && Number.isNaN(left) && Number.isNaN(right);
    if (typeof left === "object" || typeof right === "object") {
      // A primitive and an object are never alike; null and undefined are.
      return (left === null || left === undefined) && (right === null || right === undefined);
    }
    // eslint-disable-next-line eqeqeq
    return left == right || (left !== left && right !== right);
  }

  /** What is inside objects of built-in classes, besides their properties. */
  #kindsAlike(left, right) {
    if (Array.isArray(left) !== Array.isArray(right)) return false;
    if (Array.isArray(left)) return left.length === right.length;
    if (types.isDate(left)) return types.isDate(right) && is(left.getTime(), right.getTime());
    if (types.isRegExp(left)) {
      return (
        types.isRegExp(right) &&
        left.source === right.source &&
        left.flags === right.flags &&
        left.lastIndex === right.lastIndex
      );
    }
    if (types.isNativeError(left) || left instanceof Error) {
      return (
        (types.isNativeError(right) || right instanceof Error) &&
        left.message === right.message &&
        left.name === right.name &&
        this.#optionAlike(left, right, "cause") &&
        this.#optionAlike(left, right, "errors")
      );
    }
    if (ArrayBuffer.isView(left)) return ArrayBuffer.isView(right) && this.#viewsAlike(left, right);
    if (types.isAnyArrayBuffer(left)) {
      return (
        types.isAnyArrayBuffer(right) && sameBytes(new Uint8Array(left), new Uint8Array(right))
      );
    }
    if (types.isBoxedPrimitive(left))
      return types.isBoxedPrimitive(right) && sameBoxes(left, right);
    if (types.isSet(left)) return types.isSet(right) && left.size === right.size;
    if (types.isMap(left)) return types.isMap(right) && left.size === right.size;
    if (types.isWeakMap(left) || types.isWeakSet(left) || types.isPromise(left)) return false;
    return !(
      types.isSet(right) ||
      types.isMap(right) ||
      types.isDate(right) ||
      types.isRegExp(right) ||
      types.isAnyArrayBuffer(right) ||
      ArrayBuffer.isView(right) ||
      types.isBoxedPrimitive(right)
    );
  }

  #optionAlike(left, right, key) {
    if (hasOwn(left, key) !== hasOwn(right, key)) return false;
    return !hasOwn(left, key) || this.alike(left[key], right[key]);
  }

  #viewsAlike(left, right) {
    if (types.typedArrayName(left) !== types.typedArrayName(right)) return false;
    if (!this.#strict && (types.isFloat32Array(left) || types.isFloat64Array(left))) {
      return left.length === right.length && left.every((item, i) => item === right[i]);
    }
    return sameBytes(bytes(left), bytes(right));
  }

  #contentsAlike(left, right) {
    const names = this.#keysOf(left);
    const others = this.#keysOf(right);
    if (names.length !== others.length || !names.every((key) => hasOwn(right, key))) return false;
    if (this.#strict && !this.#symbolsAlike(left, right)) return false;
    if (types.isSet(left) && !this.#setsAlike(left, right)) return false;
    if (types.isMap(left) && !this.#mapsAlike(left, right)) return false;
    return names.every((key) => this.alike(left[key], right[key]));
  }

  #keysOf(value) {
    const names = keys(value);
    // The bytes of views were compared already.
    return ArrayBuffer.isView(value) ? names.filter((key) => `${key >>> 0}` !== key) : names;
  }

  #symbolsAlike(left, right) {
    const enumerable = (object) =>
      getOwnPropertySymbols(object).filter((key) => propertyIsEnumerable.call(object, key));
    const symbols = enumerable(left);
    return (
      symbols.length === enumerable(right).length &&
      symbols.every(
        (key) => propertyIsEnumerable.call(right, key) && this.alike(left[key], right[key]),
      )
    );
  }

  #setsAlike(left, right) {
    const rest = [];
    for (const item of left) if (!right.has(item)) rest.push(item);
    if (rest.some((item) => this.#isSimple(item))) return false;
    const candidates = [...right].filter((item) => !left.has(item));
    return rest.every((item) => this.#take(candidates, (other) => this.alike(item, other)));
  }

  #mapsAlike(left, right) {
    const rest = [];
    for (const [key, value] of left) {
      if (!right.has(key)) rest.push([key, value]);
      else if (!this.alike(value, right.get(key))) return false;
    }
    if (rest.some(([key]) => this.#isSimple(key))) return false;
    const candidates = [...right].filter(([key]) => !left.has(key));
    return rest.every(([key, value]) =>
      this.#take(candidates, ([k, v]) => this.alike(key, k) && this.alike(value, v)),
    );
  }

  /** Whether only the same value would be alike. */
  #isSimple(value) {
    return this.#strict && (typeof value !== "object" || value === null);
  }

  #take(candidates, matches) {
    const at = candidates.findIndex(matches);
    if (at === -1) return false;
    candidates.splice(at, 1);
    return true;
  }
}

function bytes(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(left, right) {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function sameBoxes(left, right) {
  const a = types.unboxed(left);
  const b = types.unboxed(right);
  return typeof a === typeof b && is(a, b);
}
