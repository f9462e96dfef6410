import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import jwt from "jsonwebtoken";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export default {
  async fetch() {
    const token = jwt.sign({ a: 1 }, "secret", { expiresIn: "1h", issuer: "me" });
    assert.equal(jwt.verify(token, "secret", { issuer: "me" }).a, 1);
    assert.throws(() => jwt.verify(token, "other"), /invalid signature/);
    assert.throws(
      () => jwt.verify(jwt.sign({ exp: 1 }, "secret"), "secret"),
      jwt.TokenExpiredError,
    );
    const hash = await bcrypt.hash("password", 4);
    assert.deepEqual(
      [await bcrypt.compare("password", hash), await bcrypt.compare("other", hash)],
      [true, false],
    );
    assert.equal(bytesToHex(sha256(new TextEncoder().encode("abc"))).slice(0, 8), "ba7816bf");
    return new Response("ok");
  },
};
