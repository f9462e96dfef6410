// What HTTP has names for, and what its messages may be made of:
// https://nodejs.org/docs/latest-v20.x/api/http.html

import { REASONS } from "../fetch/reasons.js";
import { nodeError } from "./errors.js";

export const METHODS = [
  "ACL",
  "BIND",
  "CHECKOUT",
  "CONNECT",
  "COPY",
  "DELETE",
  "GET",
  "HEAD",
  "LINK",
  "LOCK",
  "M-SEARCH",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "MKCOL",
  "MOVE",
  "NOTIFY",
  "OPTIONS",
  "PATCH",
  "POST",
  "PROPFIND",
  "PROPPATCH",
  "PURGE",
  "PUT",
  "QUERY",
  "REBIND",
  "REPORT",
  "SEARCH",
  "SOURCE",
  "SUBSCRIBE",
  "TRACE",
  "UNBIND",
  "UNLINK",
  "UNLOCK",
  "UNSUBSCRIBE",
];
export const STATUS_CODES = {
  ...REASONS,
  100: "Continue",
  102: "Processing",
  103: "Early Hints",
  418: "I'm a Teapot",
  425: "Too Early",
  509: "Bandwidth Limit Exceeded",
};

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Whether a header may say this. */
export const isValue = (text) => !NO_VALUE.test(text);
export const isToken = (text) => typeof text === "string" && TOKEN.test(text);

export function validateHeaderName(name, label = "Header name") {
  if (isToken(name)) return;
  throw nodeError(
    TypeError,
    "ERR_INVALID_HTTP_TOKEN",
    `${label} must be a valid HTTP token ["${name}"]`,
  );
}

export function validateHeaderValue(name, value) {
  if (value === undefined) {
    throw nodeError(
      TypeError,
      "ERR_HTTP_INVALID_HEADER_VALUE",
      `Invalid value "${value}" for header "${name}"`,
    );
  }
  if (!isValue(value)) {
    throw nodeError(
      TypeError,
      "ERR_INVALID_CHAR",
      `Invalid character in header content ["${name}"]`,
    );
  }
}

const MIN_STATUS = 200; // what comes before the response is not a Worker's

/** A status as a number. */
export function checkedStatus(status) {
  const code = status | 0;
  if (code >= MIN_STATUS && code <= 999) return code;
  throw nodeError(
    RangeError,
    "ERR_HTTP_INVALID_STATUS_CODE",
    `Invalid status code: ${status}`,
  );
}

/** The error of what comes when the head has left. */
export function headersSent(verb) {
  const message = `Cannot ${verb} headers after they are sent to the client`;
  return nodeError(Error, "ERR_HTTP_HEADERS_SENT", message);
}
