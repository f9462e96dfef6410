// The ciphers that there are, by their names: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptogetciphers

import { invalidType, requireInteger, requireObject } from "./errors.js";

const NIDS = {
  __proto__: null,
  128: { ecb: 418, cbc: 419, ofb: 420, cfb: 421, cfb8: 653, ctr: 904, gcm: 895 },
  192: { ecb: 422, cbc: 423, ofb: 424, cfb: 425, cfb8: 654, ctr: 905, gcm: 898 },
  256: { ecb: 426, cbc: 427, ofb: 428, cfb: 429, cfb8: 655, ctr: 906, gcm: 901 },
};
const table = new Map();
const aliases = new Map([
  ["des3", "des-ede3-cbc"],
  ["des-ede3", "des-ede3-ecb"],
  ["id-aes128-gcm", "aes-128-gcm"],
  ["id-aes192-gcm", "aes-192-gcm"],
  ["id-aes256-gcm", "aes-256-gcm"],
]);
for (const bits of [128, 192, 256]) {
  aliases.set(`aes${bits}`, `aes-${bits}-cbc`);
  for (const mode of Object.keys(NIDS[bits])) {
    const isBlock = mode === "cbc" || mode === "ecb";
    table.set(`aes-${bits}-${mode}`, {
      family: "aes",
      mode: mode === "cfb8" ? "cfb" : mode,
      shape: mode,
      name: mode === "gcm" ? `id-aes${bits}-gcm` : `aes-${bits}-${mode}`,
      nid: NIDS[bits][mode],
      blockSize: isBlock ? 16 : 1,
      ivLength: mode === "ecb" ? undefined : mode === "gcm" ? 12 : 16,
      keyLength: bits / 8,
    });
  }
}
table.set("chacha20", {
  family: "chacha20",
  mode: "stream",
  name: "chacha20",
  nid: 1019,
  ivLength: 16,
  keyLength: 32,
});
table.set("chacha20-poly1305", {
  family: "chacha20-poly1305",
  mode: "stream",
  name: "chacha20-poly1305",
  nid: 1018,
  ivLength: 12,
  keyLength: 32,
});
for (const [mode, nid] of [
  ["cbc", 44],
  ["ecb", 33],
])
  table.set(`des-ede3-${mode}`, {
    family: "des-ede3",
    mode,
    name: mode === "ecb" ? "des-ede3" : "des-ede3-cbc",
    nid,
    blockSize: 8,
    ivLength: mode === "ecb" ? undefined : 8,
    keyLength: 24,
  });

/** What is known of a cipher by its name, or undefined. */
export function cipherNamed(name) {
  const lower = name.toLowerCase();
  return table.get(aliases.get(lower) ?? lower);
}

export const getCiphers = () =>
  [...table.keys(), "aes128", "aes192", "aes256", "des3", "des-ede3"]
    .concat(["id-aes128-GCM", "id-aes192-GCM", "id-aes256-GCM"])
    .sort();

const GCM_IV_BYTES = { least: 8, most: 128 };

/** Whether the cipher takes an IV of so many bytes. */
export function takesIv(cipher, size) {
  if (cipher.mode === "gcm") return size >= GCM_IV_BYTES.least && size <= GCM_IV_BYTES.most;
  return size === (cipher.ivLength ?? 0);
}

export function getCipherInfo(nameOrNid, options = undefined) {
  if (typeof nameOrNid !== "string" && typeof nameOrNid !== "number")
    throw invalidType("nameOrNid", ["string", "number"], nameOrNid);
  if (typeof nameOrNid === "number") requireInteger(nameOrNid, "nameOrNid");
  const found =
    typeof nameOrNid === "string"
      ? cipherNamed(nameOrNid)
      : [...table.values()].find(({ nid }) => nid === nameOrNid);
  let keyLength;
  let ivLength;
  if (options !== undefined) {
    requireObject(options, "options");
    ({ keyLength, ivLength } = options);
    for (const [name, value] of [
      ["options.keyLength", keyLength],
      ["options.ivLength", ivLength],
    ]) {
      if (value !== undefined) requireInteger(value, name);
    }
  }
  if (found === undefined || (keyLength ?? found.keyLength) !== found.keyLength) return undefined;
  if (ivLength !== undefined && !takesIv(found, ivLength)) return undefined;
  const info = { mode: found.mode, name: found.name, nid: found.nid };
  if (found.blockSize !== undefined) info.blockSize = found.blockSize;
  if (found.ivLength !== undefined) info.ivLength = ivLength ?? found.ivLength;
  info.keyLength = found.keyLength;
  return info;
}
