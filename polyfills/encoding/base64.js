// atob and btoa: https://html.spec.whatwg.org/multipage/webappapis.html#atob
//
// QuickJS's own follow the standard but for the count of arguments, and say less of what is wrong.

import { requireArguments, toDOMString } from "../kernel/webidl.js";
import { DOMException } from "../language/dom-exception.js";

const { atob: decode, btoa: encode } = globalThis;
const NO_BASE64 =
  "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric " +
  "ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are allowed.)";
const NOT_LATIN =
  "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.";

/** The binary string that `data` is the base64 of; throws InvalidCharacterError. */
export function atob(data) {
  requireArguments(arguments.length, 1, "'atob'");
  const text = toDOMString(data);
  try {
    return decode(text);
  } catch {
    throw new DOMException(NO_BASE64, "InvalidCharacterError");
  }
}

/** The base64 of a binary string; throws InvalidCharacterError past U+00FF. */
export function btoa(data) {
  requireArguments(arguments.length, 1, "'btoa'");
  const text = toDOMString(data);
  try {
    return encode(text);
  } catch {
    throw new DOMException(NOT_LATIN, "InvalidCharacterError");
  }
}
