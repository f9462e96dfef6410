// Structured cloning: into bytes for storage and other isolates, and in place.

import "./write-builtins.js";
import "./read-builtins.js";

export { serialize } from "./writer.js";
export { deserialize } from "./reader.js";
