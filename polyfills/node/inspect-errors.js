// Errors as util.inspect shows them: name, message and the frames that are a script's own.

/** The text of an error; takes the keys that it tells already out of `keys`. */
export function formatError(error, constructor, tag, context, keys, prefixOf) {
  const name = error.name == null ? "Error" : `${error.name}`;
  let stack = stackOf(error);
  for (const key of ["name", "message", "stack"]) {
    const at = keys.indexOf(key);
    if (at !== -1 && (typeof error[key] !== "string" || stack.includes(error[key])))
      keys.splice(at, 1);
  }
  if ("cause" in error && !keys.includes("cause")) keys.push("cause");
  if (Array.isArray(error.errors) && !keys.includes("errors")) keys.push("errors");
  stack = improve(stack, constructor, name, tag, prefixOf);
  const after = error.message ? stack.indexOf(error.message) : -1;
  const frames = stack.indexOf("\n    at", after === -1 ? 0 : after + error.message.length);
  if (frames === -1) stack = `[${stack}]`;
  if (context.indentation > 0)
    stack = stack.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
  return stack;
}

/** The stack with the code that Node.js's own errors show, and without frames of the engine. */
function stackOf(error) {
  const { stack } = error;
  const head = Error.prototype.toString.call(error);
  if (typeof stack !== "string" || stack === "" || stack === head) return head;
  if (!stack.startsWith(`${head}\n    at `)) return stack.trimEnd();
  const lines = stack.slice(head.length + 1).split("\n");
  const frames = lines.filter((line) => !line.includes("(native)"));
  const coded =
    typeof error.code === "string" && error.code.startsWith("ERR_")
      ? head.replace(`${error.name}`, `${error.name} [${error.code}]`)
      : head;
  return [coded, ...frames].join("\n");
}

/** Has the text begin with the name of the class, where that says more than the error's own. */
function improve(stack, constructor, name, tag, prefixOf) {
  let length = name.length;
  const startsWithName =
    name.endsWith("Error") &&
    stack.startsWith(name) &&
    (stack.length === length || stack[length] === ":" || stack[length] === "\n");
  if (constructor !== null && !startsWithName) return stack;
  let fallback = "Error";
  if (constructor === null) {
    const start =
      /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ??
      /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    fallback = start?.[1] ?? "";
    length = fallback.length;
    fallback ||= "Error";
  }
  const prefix = prefixOf(constructor, tag, fallback).slice(0, -1);
  if (name === prefix) return stack;
  if (!prefix.includes(name)) return `${prefix} [${name}]${stack.slice(length)}`;
  return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
}
