// Certificate, which is about SPKAC: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-certificate

import { node_spkac_challenge, node_spkac_key, node_spkac_verify } from "holdfast:ops";
import { secretOf, toBuffer } from "./bytes.js";
import { callable } from "./callable.js";

const textOf = (spkac, encoding) => secretOf(spkac, "spkac", encoding);
const given = (bytes) => (bytes === undefined ? "" : toBuffer(bytes));

function verifySpkac(spkac, encoding = undefined) {
  return node_spkac_verify(textOf(spkac, encoding));
}

function exportPublicKey(spkac, encoding = undefined) {
  return given(node_spkac_key(textOf(spkac, encoding)));
}

function exportChallenge(spkac, encoding = undefined) {
  return given(node_spkac_challenge(textOf(spkac, encoding)));
}

const functions = { exportChallenge, exportPublicKey, verifySpkac };

/** What it does is there as its own functions and as those of its instances. */
export const Certificate = Object.assign(callable(class {}, "Certificate"), functions);
for (const [name, value] of Object.entries(functions))
  Object.defineProperty(Certificate.prototype, name, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
