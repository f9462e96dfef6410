// What an entrypoint sees as its `ctx.props`: bytes in base64, and where there are services, objects or
// classes among the values, behind a dot these by their names, since each isolate has numbers of its own.
// https://developers.cloudflare.com/workers/runtime-apis/context/#specifying-ctxprops-when-using-ctxexports

import { token_address, token_at } from "holdfast:ops";
import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { entryOfToken, keptToken, packKept, unpackKept } from "../rpc/message.js";

/** The text of props. `make` and `byToken` are packKept()'s. */
export function encodeProps(value, make, byToken = false) {
  const { data, entries } = packKept(value, make, byToken);
  const text = data.toBase64();
  if (entries.length === 0) return text;
  const addresses = entries.map((entry) => token_address(keptToken(entry)));
  return `${text}.${encodeUtf8(JSON.stringify(addresses)).toBase64()}`;
}

/** The props that a text means. */
export function decodeProps(text) {
  const [data, addresses] = text.split(".");
  return unpackKept(Uint8Array.fromBase64(data), addresses === undefined ? [] : entriesOf(addresses));
}

function entriesOf(addresses) {
  const list = JSON.parse(decodeUtf8(Uint8Array.fromBase64(addresses)));
  return list.map((address) => entryOfToken(token_at(address)));
}
