// Areas of the platform that are loaded when a script first uses them.
//
// A module that is loaded lazily runs after the script has begun: it imports what it needs
// from other polyfills, and takes builtins from the global object at its own risk, because
// the script may have replaced them.

import { loadModule } from "holdfast:ops";

/**
 * A function that returns the namespace of a polyfill, loaded by its first call:
 * `const area = lazily("area/main.js"); … area().Thing`.
 */
export function lazily(path) {
  let namespace;
  return () => (namespace ??= loadModule(`holdfast:${path}`));
}
