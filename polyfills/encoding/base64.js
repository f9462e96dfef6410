// atob and btoa: https://html.spec.whatwg.org/multipage/webappapis.html#atob
//
// QuickJS's own follow the standard but for the count of arguments.

import { requireArguments } from "../kernel/webidl.js";

const { atob: decode, btoa: encode } = globalThis;

/** The binary string that `data` is the base64 of; throws InvalidCharacterError. */
export function atob(data) {
  requireArguments(arguments.length, 1, "'atob'");
  return decode(data);
}

/** The base64 of a binary string; throws InvalidCharacterError past U+00FF. */
export function btoa(data) {
  requireArguments(arguments.length, 1, "'btoa'");
  return encode(data);
}
