// node:domain: https://nodejs.org/docs/latest-v20.x/api/domain.html

import { absentFrom } from "./errors.js";

export const active = null;
const missing = absentFrom("domain");
export const { Domain, create, createDomain } = missing;

export default { ...missing, active };
