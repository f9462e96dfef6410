// The context whose turn is running; null outside turns, in a script's global scope.

let current = null;

/** The running context, or null in global scope. */
export function currentContext() {
  return current;
}

/** Called at the start of each turn. */
export function setCurrentContext(context) {
  current = context;
}
