import assert from "node:assert/strict";
import * as jose from "jose";

export default {
  async fetch() {
    const secret = new TextEncoder().encode("a secret that is at least 256 bits long, yes");
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const key =
        alg === "HS512"
          ? new Uint8Array(64).fill(7)
          : alg === "HS384"
            ? new Uint8Array(48).fill(7)
            : secret;
      const token = await new jose.SignJWT({ "urn:example": true })
        .setProtectedHeader({ alg })
        .setIssuedAt()
        .setIssuer("me")
        .setAudience("you")
        .setExpirationTime("2h")
        .sign(key);
      const { payload, protectedHeader } = await jose.jwtVerify(token, key, {
        issuer: "me",
        audience: "you",
      });
      assert.equal(payload["urn:example"], true);
      assert.equal(protectedHeader.alg, alg);
      await assert.rejects(jose.jwtVerify(token, key, { audience: "other" }), {
        code: "ERR_JWT_CLAIM_VALIDATION_FAILED",
      });
      const [head, claims, signature] = token.split(".");
      const other = signature.startsWith("A") ? "B" : "A";
      await assert.rejects(jose.jwtVerify(`${head}.${claims}.${other}${signature.slice(1)}`, key), {
        code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
      });
    }
    const old = await new jose.SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(1)
      .sign(secret);
    await assert.rejects(jose.jwtVerify(old, secret), jose.errors.JWTExpired);
    assert.deepEqual(jose.decodeProtectedHeader(old), { alg: "HS256" });
    const key = await jose.importJWK({
      kty: "oct",
      k: jose.base64url.encode(secret),
      alg: "HS256",
    });
    assert.ok((await jose.jwtVerify(old, key, { currentDate: new Date(0) })).payload.exp === 1);
    assert.equal(
      await jose.calculateJwkThumbprint({ kty: "oct", k: "abc" }),
      await jose.calculateJwkThumbprint({ k: "abc", kty: "oct" }),
    );
    const unsecured = new jose.UnsecuredJWT({ a: 1 }).encode();
    assert.equal(jose.UnsecuredJWT.decode(unsecured).payload.a, 1);
    return new Response("ok");
  },
};
