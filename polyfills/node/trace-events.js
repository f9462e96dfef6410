// node:trace_events: https://nodejs.org/docs/latest-v20.x/api/tracing.html

import { absentFrom } from "./errors.js";

export const getEnabledCategories = () => undefined;
const missing = absentFrom("trace_events");
export const { createTracing } = missing;

export default { ...missing, getEnabledCategories };
