// A Worker that was loaded by another one, from inside: what it finds in `env`, and where its global
// fetch() goes.

import { sendBy } from "../fetch/outbound.js";
import { limitSubrequests } from "../kernel/depth.js";
import { entryOfToken, unpackKept } from "../rpc/message.js";
import { keepOwnServices } from "./fetcher.js";

/**
 * The values that the host's JSON describes as `env`: bytes in base64, and tokens. `outbound` is the
 * token of what global fetch() goes to, if any; `subRequests`, how many each event may make, or null.
 */
export function prepareLoaded({ env, tokens, outbound, subRequests }) {
  keepOwnServices();
  if (subRequests !== null) limitSubrequests(subRequests);
  if (outbound !== null) sendBy(entryOfToken(outbound).stub());
  if (env === "") return {};
  const entries = tokens === "" ? [] : tokens.split(",").map((token) => entryOfToken(token));
  return unpackKept(Uint8Array.fromBase64(env), entries);
}
