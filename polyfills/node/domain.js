// node:domain: https://nodejs.org/docs/latest-v20.x/api/domain.html

import { absentFrom } from "./errors.js";

export const active = null;
export const {
  Domain,
  create,
  createDomain,
} = absentFrom("domain");

export default {
  Domain,
  active,
  create,
  createDomain,
};
