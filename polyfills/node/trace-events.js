// node:trace_events: https://nodejs.org/docs/latest-v20.x/api/tracing.html

import { absentFrom } from "./errors.js";

export const getEnabledCategories = () => undefined;
export const {
  createTracing,
} = absentFrom("trace_events");

export default {
  createTracing,
  getEnabledCategories,
};
