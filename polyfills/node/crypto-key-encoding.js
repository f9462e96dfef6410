// How a key is or is to be encoded: format, structure, cipher and passphrase.
// https://nodejs.org/docs/latest-v20.x/api/crypto.html#keyobjectexportoptions

import { isText, secretOf } from "./bytes.js";
import { cipherNamed } from "./crypto-cipher-names.js";
import { invalidType, invalidValue, nodeError } from "./errors.js";

function incompatible(type, reason) {
  const message = `The selected key encoding ${type} ${reason}.`;
  return nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message);
}

/** Throws unless a key of `type` may have this structure; `kind` is that of a key to be written. */
function checkStructure(structure, type, kind, name) {
  const allowed = {
    pkcs1: true,
    spki: type !== "private",
    pkcs8: type !== "public",
    sec1: type !== "public",
  };
  if (typeof structure !== "string" || !Object.hasOwn(allowed, structure) || !allowed[structure])
    throw invalidValue(name, structure);
  if (structure === "pkcs1" && kind !== undefined && kind !== "rsa")
    throw incompatible("pkcs1", "can only be used for RSA keys");
  if (structure === "sec1" && kind !== undefined && kind !== "ec")
    throw incompatible("sec1", "can only be used for EC keys");
}

/**
 * The encoding that options ask for. `type` is "public", "private", or undefined for either;
 * `kind` the type of a key that is to be written, undefined for one to be read; `holder` the
 * name of the options' property that has them.
 */
export function keyEncoding(options, type, kind = undefined, holder = undefined) {
  const named = (name) => (holder === undefined ? `options.${name}` : `options.${holder}.${name}`);
  const isInput = kind === undefined;
  let { format, type: structure } = options;
  if (format === undefined && isInput) format = "pem";
  if (!["pem", "der", "jwk"].includes(format)) throw invalidValue(named("format"), format);
  if (format === "jwk") return { format };
  if (structure !== undefined || !isInput || format === "der")
    checkStructure(structure, type, kind, named("type"));
  const { cipher, passphrase, encoding } = options;
  if (type === "public") return { format, type: structure };
  if (!isInput) checkCipher({ cipher, passphrase, format, structure }, named);
  const isWanted = isInput ? passphrase !== undefined : cipher !== undefined && cipher !== null;
  if (isWanted && !isText(passphrase)) throw invalidValue(named("passphrase"), passphrase);
  return {
    format,
    type: structure,
    passphrase: isWanted ? secretOf(passphrase, "passphrase", encoding) : undefined,
  };
}

function checkCipher({ cipher, passphrase, format, structure }, named) {
  if (cipher === undefined || cipher === null) {
    if (passphrase !== undefined) throw invalidValue(named("cipher"), cipher);
    return;
  }
  if (typeof cipher !== "string") throw invalidValue(named("cipher"), cipher);
  if (format === "der" && structure !== "pkcs8")
    throw incompatible(structure, "does not support encryption");
  if (!isText(passphrase)) return; // which is told next
  if (cipherNamed(cipher) === undefined)
    throw nodeError(Error, "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
}

/** The text of a key that is to be read. */
export function keyText(value, name, alsoKeys = []) {
  if (isText(value)) return value;
  const bases = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];
  throw invalidType(name, [...bases, ...alsoKeys], value);
}
