// Errors, as workerd writes them since its flag enhanced_error_serialization: a host object,
// with the error's own properties. What it wrote before, V8's way, is read: class, message,
// stack and cause.

import { DOMException } from "../language/dom-exception.js";
import * as tags from "./tags.js";
import { ERROR } from "./kinds.js";
import { defineHostObject, registerCloneable } from "./cloneables.js";
import { assignId, byte, defineWriter, encode, encodeString, varint } from "./writer.js";
import { defineReader, fill, readByte, readString, readValue, reserve, unreadable } from "./reader.js";

const { Error, Map, Object, String } = globalThis;
const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, hasOwn } = Object;
const classes = {
  __proto__: null,
  AggregateError,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SuppressedError,
  SyntaxError,
  TypeError,
  URIError,
};

function define(error, name, value, enumerable = false) {
  defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}

/** The class that clones of errors with this name have. */
export function errorClass(name) {
  return classes[name] ?? Error;
}

/** An error as structured cloning makes it: what is undefined here it does not have. */
export function makeError(Class, message, stack) {
  const error = new Error();
  if (Class !== Error) Object.setPrototypeOf(error, Class.prototype);
  if (message !== undefined) define(error, "message", message);
  if (stack !== undefined) define(error, "stack", stack);
  return error;
}

/** Add the error's cause, which may be the error itself. */
export function setCause(error, cause) {
  define(error, "cause", cause);
}

/** Add the list of an AggregateError. */
export function setErrors(error, errors) {
  define(error, "errors", errors);
}

/**
 * What structured cloning takes of an error, and of an AggregateError its list.
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal
 */
export function errorFacts(error) {
  const name = error.name;
  const message = getOwnPropertyDescriptor(error, "message");
  const cause = getOwnPropertyDescriptor(error, "cause");
  const errors = name === "AggregateError" ? getOwnPropertyDescriptor(error, "errors") : undefined;
  const stack = error.stack;
  return {
    name: name === undefined ? "Error" : String(name),
    message: message !== undefined && hasOwn(message, "value") ? String(message.value) : undefined,
    stack: typeof stack === "string" ? stack : undefined,
    hasCause: cause !== undefined && hasOwn(cause, "value"),
    cause: cause?.value,
    hasErrors: errors !== undefined && hasOwn(errors, "value"),
    errors: errors?.value,
  };
}

// ---- V8's way -------------------------------------------------------------------------

const classesByTag = new Map();
for (const name of Object.keys(tags.ERROR_CLASS_TAGS)) {
  classesByTag.set(tags.ERROR_CLASS_TAGS[name], classes[name]);
}

// The class comes first. The error is made right then, as its cause may refer to it.
defineReader(tags.ERROR, () => {
  const id = reserve();
  let tag = readByte();
  const Class = classesByTag.get(tag);
  if (Class !== undefined) tag = readByte();
  const error = fill(id, makeError(Class ?? Error));
  for (; tag !== tags.ERROR_END; tag = readByte()) {
    if (tag === tags.ERROR_MESSAGE) define(error, "message", readString());
    else if (tag === tags.ERROR_STACK) define(error, "stack", readString());
    else if (tag === tags.ERROR_CAUSE) setCause(error, readValue());
    else throw unreadable();
  }
  return error;
});

// ---- workerd's way ----------------------------------------------------------------------

defineWriter(ERROR, (error) => {
  assignId(error);
  const name = error.name === undefined ? "Error" : String(error.name);
  const number = Math.max(0, tags.NATIVE_ERROR_CLASSES.indexOf(name || "Error"));
  const properties = {};
  const { stack } = error;
  if (typeof stack === "string") define(properties, "stack", stack, true);
  for (const key of getOwnPropertyNames(error)) {
    if (key !== "name" && key !== "message") define(properties, key, error[key], true);
  }
  return (
    byte(tags.HOST_OBJECT) +
    varint(tags.HOST_NATIVE_ERROR) +
    varint(number) +
    (number === 0 ? encodeString(name) : "") +
    encodeString(String(error.message)) +
    encode(properties)
  );
});

defineHostObject(tags.HOST_NATIVE_ERROR, (source, tag, keepAs) => {
  const number = source.uint32();
  const name = number === 0 ? source.value() : undefined;
  const message = source.value();
  if (typeof message !== "string") throw unreadable();
  const error = keepAs(makeError(errorClass(tags.NATIVE_ERROR_CLASSES[number]), message));
  if (name !== undefined) define(error, "name", name, true);
  const properties = source.value();
  if (typeof properties !== "object" || properties === null) throw unreadable();
  for (const key of Object.keys(properties)) {
    define(error, key, properties[key], key !== "stack");
  }
  return error;
});

// ---- DOMException -------------------------------------------------------------------------

registerCloneable(DOMException, {
  tag: tags.HOST_DOM_EXCEPTION,
  write(exception, sink) {
    sink.text(exception.name);
    sink.text(exception.message);
    sink.text(String(exception.stack ?? ""));
  },
  read(source) {
    const name = source.text();
    const exception = new DOMException(source.text(), name);
    define(exception, "stack", source.text());
    return exception;
  },
});

// What workerd wrote for a few weeks: the name, and an error for message and stack.
defineHostObject(tags.HOST_DOM_EXCEPTION_V1, (source) => {
  const name = source.text();
  const { message, stack } = source.value();
  const exception = new DOMException(String(message), name);
  define(exception, "stack", String(stack));
  return exception;
});
