// The module `cloudflare:sockets`:
// https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/

import { tcp_prepare } from "holdfast:ops";
import { connectBy } from "../fetch/outbound.js";
import { countSubrequest } from "../kernel/depth.js";
import { requireContext } from "../kernel/pending.js";
import { isObject } from "../kernel/webidl.js";
import { createSocket } from "../sockets/socket.js";
import { TcpConnection } from "../sockets/tcp.js";
import { URL } from "../url/url.js";

const TRANSPORTS = ["off", "on", "starttls"];
const HOST = /^[-._[\]:0-9A-Za-z]{1,255}$/;
const BAD_HOST =
  "Specified address is empty string, contains unsupported characters or is too long.";

/** Connect to `"host:port"` or `{ hostname, port }`; a Socket at once, which connects meanwhile. */
export function connect(address, options = undefined) {
  if (connectBy !== null) return connectBy(address, options);
  const { hostname, port } = readAddress(address);
  const settings = readOptions(options);
  countSubrequest(requireContext());
  const { secureTransport, allowHalfOpen } = settings;
  const made = tcp_prepare(hostname, port, secureTransport === "on", allowHalfOpen);
  return createSocket(new TcpConnection(made, { hostname, port }, { connects: true }), settings);
}

/** What connect() is told of a socket: `secureTransport`, `allowHalfOpen` and `highWaterMark`. */
export function readOptions(options) {
  const { secureTransport, allowHalfOpen, highWaterMark } = isObject(options) ? options : {};
  const transport = secureTransport === undefined ? "off" : `${secureTransport}`;
  if (!TRANSPORTS.includes(transport)) {
    throw new TypeError(`Unsupported value in secureTransport socket option: ${transport}`);
  }
  return { secureTransport: transport, allowHalfOpen: !!allowHalfOpen, highWaterMark };
}

/** The host's name and the port in an address, `"host:port"` or an object. Throws TypeError. */
export function readAddress(address) {
  if (isObject(address)) {
    const hostname = `${address.hostname}`;
    const port = +address.port;
    if (!HOST.test(`${hostname}:${address.port}`)) throw new TypeError(BAD_HOST);
    return { hostname: withoutBrackets(hostname), port: checkedPort(port) };
  }
  const text = `${address}`;
  let url;
  try {
    url = new URL(`fake://${text}`);
  } catch {
    throw new TypeError("Specified address could not be parsed.");
  }
  if (url.hostname === "") throw new TypeError("Specified address is missing hostname.");
  if (url.port === "") throw new TypeError("Specified address is missing port.");
  if (!HOST.test(text)) throw new TypeError(BAD_HOST);
  return { hostname: withoutBrackets(url.hostname), port: checkedPort(+url.port) };
}

function withoutBrackets(hostname) {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function checkedPort(port) {
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new TypeError("Specified address could not be parsed.");
}
