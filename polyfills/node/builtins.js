// The modules of Node.js that there are, by name without `node:`: where each is in this folder.

import { NODE_BUILTINS } from "holdfast:constants";

export const builtins = Object.assign(Object.create(null), NODE_BUILTINS);

/** Where the module is that scripts call by this name; undefined where there is none. */
export const fileOf = (id) => builtins[id] ?? builtins[`${id}`.replace(/^node:/, "")];
