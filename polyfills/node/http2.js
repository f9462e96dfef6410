// node:http2: https://nodejs.org/docs/latest-v20.x/api/http2.html

import { absentFrom } from "./errors.js";
import { constants } from "./http2-constants.js";

export { constants };
export const getDefaultSettings = () => ({});
export const sensitiveHeaders = Symbol("nodejs.http2.sensitiveHeaders");
const missing = absentFrom("http2");
export const {
  Http2ServerRequest,
  Http2ServerResponse,
  connect,
  createSecureServer,
  createServer,
  getPackedSettings,
  getUnpackedSettings,
  performServerHandshake,
} = missing;

export default { ...missing, constants, getDefaultSettings, sensitiveHeaders };
