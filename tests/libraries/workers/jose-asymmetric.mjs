import assert from "node:assert/strict";
import * as jose from "jose";

export default {
  async fetch() {
    for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA"]) {
      const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
      const token = await new jose.SignJWT({ alg }).setProtectedHeader({ alg }).sign(privateKey);
      assert.equal((await jose.jwtVerify(token, publicKey)).payload.alg, alg);
      const jwk = await jose.exportJWK(publicKey);
      const set = jose.createLocalJWKSet({ keys: [{ ...jwk, alg, kid: "k" }] });
      assert.equal((await jose.jwtVerify(token, set)).payload.alg, alg);
      const again = await jose.importPKCS8(await jose.exportPKCS8(privateKey), alg, {
        extractable: true,
      });
      assert.equal(again.type, "private");
      assert.equal((await jose.importSPKI(await jose.exportSPKI(publicKey), alg)).type, "public");
    }
    for (const [alg, enc] of [
      ["dir", "A256GCM"],
      ["A256KW", "A128CBC-HS256"],
    ]) {
      const key = new Uint8Array(32).fill(9);
      const sealed = await new jose.EncryptJWT({ secret: "x" })
        .setProtectedHeader({ alg, enc })
        .encrypt(key);
      assert.equal((await jose.jwtDecrypt(sealed, key)).payload.secret, "x");
    }
    const { publicKey, privateKey } = await jose.generateKeyPair("RSA-OAEP-256");
    const sealed = await new jose.CompactEncrypt(new TextEncoder().encode("text"))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM" })
      .encrypt(publicKey);
    assert.equal(
      new TextDecoder().decode((await jose.compactDecrypt(sealed, privateKey)).plaintext),
      "text",
    );
    return new Response("ok");
  },
};
