// node:sqlite; objects have `ctx.storage.sql`: https://nodejs.org/docs/latest-v22.x/api/sqlite.html

import { absentFrom } from "./errors.js";

export const constants = {};
const missing = absentFrom("sqlite");
export const { DatabaseSync, StatementSync, backup } = missing;

export default { ...missing, constants };
