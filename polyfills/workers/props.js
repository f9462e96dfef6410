// What an entrypoint sees as its `ctx.props`: bytes in base64, and where there are services among
// the values, behind a dot these by their names, since each isolate has numbers of its own.
// https://developers.cloudflare.com/workers/runtime-apis/context/#specifying-ctxprops-when-using-ctxexports

import { service_address, service_at } from "holdfast:ops";
import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { entryOfToken, packKept, unpackKept } from "../rpc/message.js";

/** The text of props. `make` is that of defineReferences(), for services alone. */
export function encodeProps(value, make) {
  const { data, entries } = packKept(value, make);
  const text = data.toBase64();
  if (entries.length === 0) return text;
  const addresses = entries.map(({ target }) => service_address(target));
  return `${text}.${encodeUtf8(JSON.stringify(addresses)).toBase64()}`;
}

/** The props that a text means. */
export function decodeProps(text) {
  const [data, addresses] = text.split(".");
  return unpackKept(Uint8Array.fromBase64(data), addresses === undefined ? [] : entriesOf(addresses));
}

function entriesOf(addresses) {
  const list = JSON.parse(decodeUtf8(Uint8Array.fromBase64(addresses)));
  return list.map((address) => entryOfToken(`s${service_at(address)}`));
}
