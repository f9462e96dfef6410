import crypto from "node:crypto";
import { inspect, promisify } from "node:util";

// Made for this test.
const KEYS = {
  "rsa": `-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKq6ohMKOxGFsHsH
k9jhheU3ctYd+HTwm60jLB61aLDeP2BAfHQO/8mIsCi+8PedQbQ+ZhVImdjKwklH
3J6aykshZaBKoYXDRmuemOvthVIwwjRroh89CbZJU7dd3G6RxxFQYYPjEuzkZRfU
3M8nGoInJ13bz1V2WIjsChJaw5pnAgMBAAECgYBHJQrRAFxpCtrmCdxUbnZLdHXI
QCj/IhzdY2DJUzNTMOocBANYob95jhpKgHcN2Fw+7hnAGMbzjlq0Ctwmw740Lga5
hrglxyQOsemBFDyMk1OPa3aFVcjJMSBtKx38p9Eu4y/tVAaZJN1/zDSe/Z3GYxoa
vaed5bkq0Mif8bGgsQJBAOAsdvGF1pziR0FvTOzc3JvGQ199Hj8TeodgjSK0a/e0
oLGjHlAcgCmZ4vBF1xqruScGAkNZrFELs8vqXMoK90UCQQDC97x3cetDBT4foXdH
UlfsnBPaM4HSzbEU5LBgD0i4WeF/IKFEaQ5XB/sAtRXWIdgyWc8COxjZywl9AVmR
Oz+7AkAJ/dFbWHTFT0yPvQ83q2xlwQN1uRTlCNA4QnRn7JS3WKSk5jlOpsaLlCFK
RkKdHLRG6fyl1dRZVGUyHIMAOlblAkBMVKVqtiT/VjweMh76w1g9AFYdZXD8UR91
KJuM4C7+TeIk3WeF2wOMO0mf20WzUgjMnbCYFP8DtaP/Vtn0LBglAkEAwhVVtiRK
B8DfD1V+ZzzDWwoBI/AxLTybeBLbiaenR+dfiEvETcJX5wZ7ia3TBhAtIGJpbNy3
FZEABcRhO2RZnA==
-----END PRIVATE KEY-----
`,
  "ec": `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwmaH1st+COgNCLhE
l1KuVb/SwnVcSx3EvgVZgTKV08ihRANCAAT165VD87VbWDRxviDWgf/vkoVitCgq
zNFVD3ZbKgQYMKmG4dkS+inq30LPxF7B6cMKyRUGFvx6VOTCJKog8CO4
-----END PRIVATE KEY-----
`,
  "k1": `-----BEGIN PRIVATE KEY-----
MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQga58G6fMnIwRIsjjnBGVF
2kykwvczJNCHBWxBNpyqHvqhRANCAAQAcryLav5P9pDBq5mE9SaORNKt9rbcTFCa
3XpylvTHSFpXfDm/DTr+E4JuxQ18keywdG1uhnRvbgxaVxMaGT5H
-----END PRIVATE KEY-----
`,
  "p521": `-----BEGIN PRIVATE KEY-----
MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBTrOAWppWBjdkK4h9
VQaLXWDJSq7N9NXoOS36rP7VTAqC3Kxp5vY725mvhJHoiy8zyRqXapsi4TfN1XJN
igahtqihgYkDgYYABAGd4Lp6LJOXq/hA3BIzB+zzhXdxsZfFzAxyWTtTlXMUM96E
TiplMnYJ3gwkNlzL5B1tuD4YfghSkC+cPTFZ89xwjwB92kC9ilHv+J4fMJh36Xrl
FkbzNP2ExlYfHQUPXZMCSGuNMqRG52S0rcGh/08CTz9US4Gh1TKDpaij0BteQOVq
8g==
-----END PRIVATE KEY-----
`,
  "ed25519": `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIOexYNCMWN9em5Ic3e19D/uU2bb+Skaj73DLivdoF/Wf
-----END PRIVATE KEY-----
`,
  "ed448": `-----BEGIN PRIVATE KEY-----
MEcCAQAwBQYDK2VxBDsEOeNOFEDzYfmHoiIm2y0qv42G9sTXpqZpwuT/o3bb8dP8
wfN4WNFd3+CsGDwHaMVxXztKmqarNhvu4w==
-----END PRIVATE KEY-----
`,
  "x25519": `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIGjDn+d9BGutJUCV9vaB5m1Qytg37XPyQvin95aEzglB
-----END PRIVATE KEY-----
`,
  "pss": `-----BEGIN PRIVATE KEY-----
MIICdgIBADALBgkqhkiG9w0BAQoEggJiMIICXgIBAAKBgQDR6qk0GH63nrn2kZt0
u+D10vVcsx7vI7INNrqH7uR84w6Cyd50nTLWAYES75wma/yd+WNCrFytIdWP3Plx
bY7SKfOuCexB58NSWfPjs00iOJFcExIOFY88+lK0TY6h1JdDqHqYOBizptPUvZq0
ch+/Cqd1dxJ5pQXtt7+sdrw7QwIDAQABAoGBAMTZKlzpD4N/fGIFf2NDgBzl/CM2
8a5Nqf2MMfWhB3E5t3TcexieBXr8JB8uxR6eq2E06WkvmyTcEpn7HYvJsmAcH8jn
mlqp7Cq0rAGa+Kf+30J40v5Yf3pZvdvUOwiQ2n7V96AatZT68Y331YHVk2KXwq+5
Yp6S/GG2SwaqFMqJAkEA/zYoTFfaeHsM+/QAPq7Z6vLONWXFPOTZwrmyalvU7Frn
V3xvYr7PAPDB0MVEyAmgUjQE2Gfbqzu0SCNOCDIpvwJBANKQrjgqYMsw3/RJ0R+K
bgLrCjboqsm8syX35kpkK8K0SXx/60yNhIW8P16avLWbeEuM/Tn2t4/dgf4EscEO
Z30CQQCvYpqDDIT48ydTJrXcXfEoQ0Bu9cd8N5Fm/pKcAQvsefQt7Tfm1lYPwWSQ
gmDoT6U7mMATsBwIKvmT8Z84hrClAkEAnnRuBqotaPsArW8XRisAGoYRi7yPOX0d
O4dP789t9vmBC4Wf5l3gylsdPO4o8Glsnz4cGZCGFmdUuXmC4osaaQJATAVKa1+W
291WaDF/dHBRETsovHn0ZYhcGtrNlmPDa2YFV0G8m2mHyAxzio+FaS0oqKhhUOD7
Or/MPYQ0LUNRqw==
-----END PRIVATE KEY-----
`,
  "dsa": `-----BEGIN PRIVATE KEY-----
MIIBSwIBADCCASsGByqGSM44BAEwggEeAoGBAN9XVxiEnsWMm+XJejnevPHDc6aO
78AxrIRnOyPndCS25KieqVqEWgLmgXrB5hi/1KdM7KW7JDnJk9OoMYq7YIHsO6vo
MY2Bu7V8eDeApNo1gkgTbyoaL6JvC2VRjcf4axmsi8E+v0SjdGW0Q+ab2epYy8yr
FOkwwUVl8AfiHEu5AhUA6mV5KhaWw8+K6JS1codjteXNA6kCgYBXrqOAJX8KKk5o
feR0QYkJju6REIDnnq4J1MM7JlkyEWlpagfVVV9XGZOrj1kEWKfKn3A7MP6aZ2Yl
0fj7saMapYZgSExeWL0sOsV1+W5xn73yDAtuhq8jCr8coX+nUJHSwWxk+7QLB8+n
PZz4nt/ZVenGnzCKfBHpf7ZTEjL+WQQXAhUA0TWVIdhk1pBnnvmqmHYOJjhKjP0=
-----END PRIVATE KEY-----
`,
  "rsa-trad-enc": `-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,284C0E3BE56EB7EC2B5C26B6540BCC39

rctzB+9m4nvKUf+qxY0cnHj+dUPC2b8BnFkA5tu6QhSxWupvyU/OA4cHAkFnZDbA
aNXLX6DHn0RJuHouT/eTO0SHpHPG3w+ijbc+yYdguyhfn+UsIJl1mv3u6hCMp/5j
ddrjmkfCx3mcLgJyphSkkj0WFKP0KspkicNBvQtc6+K0W54ZCHqOp7MAwF86rhWK
YTnEug5XV2soUDMyXOuWQKAGb3oHTM9G7wLiVxCstvwQMtdY4I1v0d62BHAJuE/P
JPdilIkjBF40w8Kn20fmnY36xSprq/uvNVIzF8641LgYfyZVk3b87rlB7xxl2JFw
97Xyuxo2KbhxEDaq9odNk9ZsaC2Q+hf5MvN522tsB6bgy/60cdO/z8ks6WsaYT2S
guxi7J55dfB0+DCO3od5EeZQB4Z3mPGNCtE0UPdgjHSlJ/HWjBq6Y317ZxpV3KFQ
DIxvx5mf0D6n2C1oCIN3ljtEYpLIj2/MnSx8UDfzEuV2NOtwFbS2zeVurC7R1Dnl
BRZai1yZy6MY99JsXTxIZ4aAGe71VJBvPfDf1qolh/ZKHrFtvU1Q3qdhkiB7tgGq
uEeqLSNxRa+pLVfTpCg+7PRj0/b0NWNcKArE3wXfmx1jL0p8DxWMjIQTcPITIeo5
V+hnd58Gi+gGuOf9RPdq1xC2z5prCdH4WbA/1VXW9aa/FE5d46va3DyV6Y+GBWkp
js7Kn1cuTZtFxDtwEM25irFRDcOOHlsNH4rWOFUO4DqcOwKaIyFgvT2tagvd2fdn
tmzcK+VW3bEQdvDMY7FwaYNh2GZNQCjIdZ+QNKhXeKhLN+A6rNM8QC+jlv3kFN9k
-----END RSA PRIVATE KEY-----
`,
  "rsa-p8-enc": `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQICSMXt+PGtCkCAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBAVgKhcN1cxfZ0lxM3lRmk6BIIC
gNeTmcrf7ejfBPStdkCxn/P4qx3n1bgl8smt04m9Ho9459mhp8sVSFrDkYuxxDYz
uAtz0XQQ30iAH733DQPXMbf/rA0IfQUS34SSnAg8evXekGUXEk1jCSvhWi8DWiSX
32KpeWCtobm2G4GLS2OFJ4VHl8mfL13T6thehLMdTUOpS1qZVtAMVEpUCch4RXJ+
eqBZAOeyZyS3xlpgGG9DAWTWpVfg9xHysJZVm5sEVKVa04bK2vYWXvkf0iODs8Lm
CpRHnBA+lpjQuXkV/TVlEgYxQn33qVupj3nqZVrbUItlt15HCrHKHed4nBEqzORv
XKBcF3+gqVSMLPOyTUkN/YULt8y6191lTlqRT7ei+nKJ6IhOT2iudalxGqlHAzD5
pA0D6BpfqGPAmyW2iA2d/q8qYrWqsuLJkQtXAECU1TeIEN8OkVvMt8dQrznKLfTS
/2LZVPhjEuDvuSGwkmlCeL3BgeDfoUK9dbxvziyzSCGWmSoE1E8RieRWy5m1W9cV
q7m9mGDCRPRDxhXmqzbRMgtUtKw2ICiArN177zqK9en56dZt/ylJeAgC5YJhqZWz
a6etKsMfevsel12YLwdgDKXttZm3cZYBNxqIRl8TU/6rkMtbiks8qlANha/1H+d4
38P2RTy2k7Xny4+yNA4qfMKk1nvQrk6X2V93cIorHiC9Twp6ekYELz9pbuEULTj/
j8MfX1eus+Wel6nuBh67NHkaKTKtFX0zYsc6EWJp5VK7I/tqrFv/kCJXFEK4lh/i
i4r36K41P3Bb6xm+w5Wf+gxsAcDtXwO/Wbd/c06EtXz3JFTMMtfNV30nnKebtRs1
Qf2zTuHiQ37ceib9qKj4rFI=
-----END ENCRYPTED PRIVATE KEY-----
`,
  "ec-sec1": `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMJmh9bLfgjoDQi4RJdSrlW/0sJ1XEsdxL4FWYEyldPIoAoGCCqGSM49
AwEHoUQDQgAE9euVQ/O1W1g0cb4g1oH/75KFYrQoKszRVQ92WyoEGDCphuHZEvop
6t9Cz8RewenDCskVBhb8elTkwiSqIPAjuA==
-----END EC PRIVATE KEY-----
`,
};

const attempt = (run) => {
  try {
    const value = run();
    return Buffer.isBuffer(value) ? value.toString("hex") : inspect(value);
  } catch (error) {
    return [error.name, error.code, error.message.split("\n")[0], error.library, error.reason].join(" | ");
  }
};

export default async function run(log) {
  for (const name in KEYS) {
    const key = attemptKey(() => crypto.createPrivateKey({ key: KEYS[name], passphrase: "secret" }));
    const fromPem = attemptKey(() => crypto.createPublicKey({ key: KEYS[name], passphrase: "secret" }));
    for (const one of [key, fromPem, crypto.createPublicKey(key)]) {
      log(name, one.type, one.asymmetricKeyType, inspect(one.asymmetricKeyDetails), one.symmetricKeySize, one.equals(key), Object.prototype.toString.call(one), one instanceof crypto.KeyObject);
      for (const type of ["spki", "pkcs1", "pkcs8", "sec1", undefined]) for (const format of ["pem", "der"]) log(name, type, format, attempt(() => one.export({ type, format })));
      const jwk = attempt(() => JSON.stringify(one.export({ format: "jwk" })));
      log(jwk);
      if (!jwk.startsWith("'{")) continue;
      const again = one.type === "private" ? crypto.createPrivateKey({ key: one.export({ format: "jwk" }), format: "jwk" }) : crypto.createPublicKey({ key: one.export({ format: "jwk" }), format: "jwk" });
      log(again.equals(one), again.type);
    }
    for (const [type, read] of [["pkcs8", crypto.createPrivateKey], ["spki", crypto.createPublicKey]]) {
      const from = type === "spki" ? fromPem : key;
      const der = from.export({ type, format: "der" });
      log(read({ key: der, format: "der", type }).equals(from), attempt(() => crypto.createPublicKey({ key: der, format: "der", type }).equals(fromPem)));
    }
    for (const cipher of name === "pss" ? [] : ["aes-256-cbc", "aes-128-cbc"]) {
      const sealed = key.export({ type: "pkcs8", format: "pem", cipher, passphrase: "pass" });
      log(sealed.split("\n")[0], crypto.createPrivateKey({ key: sealed, passphrase: Buffer.from("pass") }).equals(key), attempt(() => crypto.createPrivateKey(sealed)));
      const der = key.export({ type: "pkcs8", format: "der", cipher, passphrase: "pass" });
      log(crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8", passphrase: "pass" }).equals(key));
    }
  }
  function attemptKey(run) { return run(); }
  const rsa = crypto.createPrivateKey(KEYS.rsa), ec = crypto.createPrivateKey(KEYS.ec), secret = crypto.createSecretKey(Buffer.from("abc"));
  const rsaPublic = crypto.createPublicKey(rsa);
  for (const options of [undefined, {}, { format: "pem" }, { format: "xx", type: "spki" }, { format: "jwk", passphrase: "x" }, { format: "pem", type: "pkcs8", passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: "aes-256-cbc" }, { format: "pem", type: "pkcs8", cipher: "nope", passphrase: "x" }, { format: "der", type: "pkcs1", cipher: "aes-256-cbc", passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: 5, passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: 5 }])
    log(inspect(options), attempt(() => rsa.export(options)), attempt(() => ec.export(options)), attempt(() => rsaPublic.export(options)));
  const traditional = rsa.export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  log(traditional.split("\n")[1], crypto.createPrivateKey({ key: traditional, passphrase: "x" }).equals(rsa), attempt(() => crypto.createPrivateKey(traditional)));
  // Of one in 256 passphrases the padding is right.
  for (const name of ["rsa-p8-enc", "rsa-trad-enc"]) log(attempt(() => crypto.createPrivateKey({ key: KEYS[name], passphrase: "other" })), attempt(() => crypto.createPublicKey({ key: KEYS[name], passphrase: "other" })));
  for (const options of [undefined, { format: "jwk" }, { format: "buffer" }, { format: "pem" }, 5]) log(attempt(() => secret.export(options)));
  for (const given of ["garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", undefined, 5, {}, { key: 5 }, { key: "x", format: "nope" }, { key: Buffer.from("x"), format: "der" }, { key: KEYS.rsa, passphrase: 5 }, { key: KEYS.rsa, passphrase: "needless" }, rsa, { key: rsa }, rsaPublic, secret, { key: "s", format: "jwk" }])
    log(attempt(() => crypto.createPrivateKey(given).type), attempt(() => crypto.createPublicKey(given).type));
  log(attempt(() => crypto.createPrivateKey({ key: Buffer.from("garbage"), format: "der", type: "spki" })), attempt(() => crypto.createPrivateKey(rsaPublic.export({ format: "pem", type: "spki" }))));
  const jwk = ec.export({ format: "jwk" });
  for (const key of [{ kty: "nope" }, { kty: "EC", crv: "P-256" }, { kty: "EC", crv: "P-999", x: "a", y: "b" }, { kty: "RSA" }, { kty: "OKP", crv: "Ed25519", x: "AA" }, { ...jwk, d: undefined }, { ...jwk, x: "AAAA" }, { ...jwk, d: 5 }])
    log(attempt(() => crypto.createPrivateKey({ key, format: "jwk" }).type), attempt(() => crypto.createPublicKey({ key, format: "jwk" }).type));
  log(attempt(() => crypto.createSecretKey(5)), attempt(() => crypto.createSecretKey(Buffer.alloc(0)).symmetricKeySize), attempt(() => crypto.createSecretKey("abcd", "hex").export()), attempt(() => crypto.createSecretKey(new Uint16Array([1, 2]).buffer).export()));
  log(attempt(() => new crypto.KeyObject("secret")), attempt(() => new crypto.KeyObject("x")), attempt(() => crypto.KeyObject.from(5)), attempt(() => secret.equals(5)), secret.equals(crypto.createSecretKey("abc")), secret.equals(rsa), secret.asymmetricKeyType);
  const webKey = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const hmacKey = await crypto.subtle.importKey("raw", Buffer.from("key"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  log(crypto.KeyObject.from(webKey).equals(ec), crypto.KeyObject.from(hmacKey).export().toString(), attempt(() => crypto.createHmac("sha256", crypto.KeyObject.from(hmacKey)).update("x").digest()), crypto.verify("sha256", Buffer.from("x"), crypto.createPublicKey(ec), crypto.sign("sha256", Buffer.from("x"), crypto.KeyObject.from(webKey))));

  for (const [type, options] of [["rsa", { modulusLength: 1024 }], ["rsa", { modulusLength: 1024, publicExponent: 3 }], ["rsa-pss", { modulusLength: 1024 }], ["ec", { namedCurve: "P-256" }], ["ec", { namedCurve: "secp256k1" }], ["ed25519"], ["ed448", {}], ["x25519"], ["x448"]]) {
    const pair = crypto.generateKeyPairSync(type, options);
    const later = await promisify(crypto.generateKeyPair)(type, { ...options, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "der" } });
    log(type, pair.publicKey.asymmetricKeyType, inspect(pair.privateKey.asymmetricKeyDetails), crypto.createPublicKey(pair.privateKey).equals(pair.publicKey), later.publicKey.slice(0, 26), Buffer.isBuffer(later.privateKey), crypto.createPublicKey(later.publicKey).asymmetricKeyType);
  }
  const sealed = crypto.generateKeyPairSync("ec", { namedCurve: "P-384", publicKeyEncoding: { format: "jwk" }, privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" } });
  log(Object.keys(sealed.publicKey).join(), sealed.privateKey.split("\n")[0]);
  for (const args of [["nope"], [5], ["rsa"], ["rsa", {}], ["rsa", { modulusLength: "x" }], ["ec"], ["ec", {}], ["ec", { namedCurve: "nope" }], ["ec", { namedCurve: 5 }], ["ed25519", 5], ["rsa", { modulusLength: 1024, publicKeyEncoding: { type: "x", format: "pem" } }], ["rsa", { modulusLength: 1024, publicKeyEncoding: 5 }], ["rsa", { modulusLength: 1024, privateKeyEncoding: { type: "spki", format: "pem" } }], ["ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs1", format: "pem" } }]]) log(inspect(args), attempt(() => crypto.generateKeyPairSync(...args)));
  log(attempt(() => crypto.generateKeyPair("ed25519", {})), (await promisify(crypto.generateKey)("aes", { length: 256 })).symmetricKeySize);
  for (const args of [["nope", { length: 8 }], ["hmac"], ["hmac", {}], ["hmac", { length: 7 }], ["hmac", { length: 64 }], ["aes", { length: 100 }], ["aes", { length: 128 }], ["hmac", { length: "x" }], ["hmac", { length: 12 }]]) log(inspect(args), attempt(() => crypto.generateKeySync(...args).symmetricKeySize));
}
