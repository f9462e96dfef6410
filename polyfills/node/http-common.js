// node:_http_common, of which packages take the checks of headers.

import { isToken, isValue, METHODS } from "./http-names.js";

export const CRLF = "\r\n";
export const chunkExpression = /(?:^|\W)chunked(?:$|\W)/i;
export const continueExpression = /(?:^|\W)100-continue(?:$|\W)/i;
export const kIncomingMessage = Symbol("IncomingMessage");
export { METHODS as methods };
export const _checkIsHttpToken = isToken;
/** Whether a header may not say this. */
export const _checkInvalidHeaderChar = (text) => !isValue(`${text}`);

export default {
  _checkInvalidHeaderChar,
  _checkIsHttpToken,
  chunkExpression,
  continueExpression,
  CRLF,
  kIncomingMessage,
  methods: METHODS,
};
