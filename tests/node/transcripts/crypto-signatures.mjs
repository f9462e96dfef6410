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
  const data = Buffer.from("data to be signed");
  const { subtle } = crypto.webcrypto;
  const key = (name) => crypto.createPrivateKey({ key: KEYS[name], passphrase: "secret" });
  for (const hash of ["md5", "sha1", "sha224", "sha256", "RSA-SHA384", "sha512", "sha512-256", "sha3-256"]) {
    const signature = crypto.sign(hash, data, KEYS.rsa);
    log(hash, signature.toString("hex"), crypto.createSign(hash).update("data to ").update(Buffer.from("be signed")).sign(KEYS.rsa, "base64"), crypto.verify(hash, data, KEYS.rsa, signature), crypto.verify(hash, Buffer.from("other"), KEYS.rsa, signature));
  }
  log(crypto.sign(null, data, key("rsa")).toString("base64"), crypto.sign(undefined, data, key("ed25519")).toString("hex"), crypto.sign(null, data, key("ed448")).toString("hex"));
  for (const name of ["ec", "k1", "p521", "dsa"]) for (const dsaEncoding of [undefined, "der", "ieee-p1363"]) {
    const signature = crypto.sign("sha256", data, { key: key(name), dsaEncoding });
    const other = dsaEncoding === "ieee-p1363" ? "der" : "ieee-p1363";
    log(name, dsaEncoding, dsaEncoding === "ieee-p1363" ? signature.length : signature[0], crypto.verify("sha256", data, { key: key(name), dsaEncoding }, signature), crypto.verify("sha256", data, { key: key(name), dsaEncoding: other }, signature), crypto.verify("sha1", data, { key: key(name), dsaEncoding }, signature), crypto.createVerify("sha256").update(data).verify({ key: crypto.createPublicKey(key(name)), dsaEncoding }, signature));
  }
  for (const name of ["rsa", "pss"]) for (const saltLength of [undefined, 0, 20, -1, -2, 1000, -5]) for (const padding of [6]) {
    const signed = attempt(() => { const s = crypto.sign("sha256", data, { key: key(name), padding, saltLength }); return [s.length, [undefined, -1, 20, 0].map((length) => crypto.verify("sha256", data, { key: key(name), padding, saltLength: length }, s))]; });
    log(name, saltLength, signed);
  }
  log(attempt(() => crypto.verify("sha256", data, key("pss"), crypto.sign("sha256", data, key("pss")))), attempt(() => crypto.sign("sha256", data, { key: key("pss"), padding: 1 })), attempt(() => crypto.publicEncrypt(KEYS.pss, data)));
  for (const name of ["ed25519", "ed448"]) {
    const signature = crypto.sign(null, data, key(name));
    log(crypto.verify(null, data, key(name), signature), crypto.verify(null, Buffer.from("x"), key(name), signature), crypto.verify(null, data, crypto.createPublicKey(key(name)), Buffer.alloc(5)), attempt(() => crypto.sign("sha256", data, key(name))), attempt(() => crypto.createSign("sha256").update(data).sign(key(name))));
  }
  const callback = await promisify(crypto.sign)("sha256", data, KEYS.rsa);
  log(callback.toString("hex"), await promisify(crypto.verify)("sha256", data, KEYS.rsa, callback));
  const signature = crypto.sign("sha256", data, KEYS.rsa);
  const webKey = await subtle.importKey("spki", crypto.createPublicKey(KEYS.rsa).export({ type: "spki", format: "der" }), { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, true, ["verify"]);
  log(await subtle.verify("RSASSA-PKCS1-v1_5", webKey, signature, data), crypto.verify("sha256", data, crypto.KeyObject.from(webKey), signature));
  for (const args of [["nope", data, KEYS.rsa], [5, data, KEYS.rsa], ["sha256", 5, KEYS.rsa], ["sha256", data], ["sha256", data, null], ["sha256", data, 5], ["sha256", data, {}], ["sha256", data, "garbage"], ["sha256", data, crypto.createPublicKey(KEYS.rsa)], ["sha256", data, crypto.createSecretKey("x")], ["sha256", data, key("x25519")], ["sha256", data, { key: KEYS.ec, dsaEncoding: "x" }], ["sha256", data, { key: KEYS.rsa, padding: "x" }], ["sha256", data, { key: KEYS.rsa, padding: 99 }], ["sha256", data, { key: KEYS.rsa, padding: 3 }], ["sha256", data, { key: KEYS.rsa, padding: 6, saltLength: "x" }]]) log(attempt(() => crypto.sign(...args)), attempt(() => crypto.createSign(args[0]).update(args[1]).sign(args[2])));
  for (const args of [["nope", data, KEYS.rsa, signature], ["sha256", data, KEYS.rsa, "text"], ["sha256", data, KEYS.rsa], ["sha256", data, KEYS.rsa, Buffer.alloc(5)], ["sha256", data, KEYS.ec, Buffer.alloc(5)], ["sha256", data, key("x25519"), signature]]) log(attempt(() => crypto.verify(...args)), attempt(() => crypto.createVerify(args[0]).update(args[1]).verify(args[2], args[3])));
  const sign = crypto.createSign("sha256").update("a");
  sign.sign(KEYS.rsa);
  log(attempt(() => sign.sign(KEYS.rsa)), attempt(() => sign.update("a")), attempt(() => crypto.createVerify("sha256").update("data to be signed").verify(KEYS.rsa, signature.toString("hex"), "hex")), attempt(() => crypto.createSign("sha256").update("6162", "hex").sign(KEYS.rsa, "hex")));
  const streamed = crypto.createSign("sha256");
  streamed.write("data to be ");
  streamed.end("signed");
  log(streamed.sign(KEYS.rsa, "hex"));

  const sealed = "3e4c1c3e7ad4b8f9";
  for (const options of [{}, { oaepHash: "sha256" }, { oaepHash: "sha512" }, { oaepLabel: Buffer.from("label") }, { padding: 4 }]) {
    const secret = attempt(() => { const c = crypto.publicEncrypt({ key: KEYS.rsa, ...options }, Buffer.from("hi")); return [c.length, crypto.privateDecrypt({ key: KEYS.rsa, ...options }, c).toString()]; });
    log(inspect(options), secret);
  }
  log(crypto.privateEncrypt(KEYS.rsa, Buffer.from(sealed, "hex")).toString("hex"), crypto.publicDecrypt(KEYS.rsa, crypto.privateEncrypt(KEYS.rsa, Buffer.from("hi"))).toString(), crypto.publicDecrypt(KEYS.rsa, signature).toString("hex"));
  const whole = Buffer.alloc(128, 1);
  log(crypto.publicEncrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.privateDecrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.privateEncrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.publicDecrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"));
  log(crypto.publicEncrypt({ key: KEYS.rsa, padding: 1 }, Buffer.from("hi")).length, attempt(() => crypto.privateDecrypt({ key: KEYS.rsa, padding: 1 }, whole)));
  for (const [options, given] of [[{ key: KEYS.rsa }, whole], [{ key: KEYS.rsa }, Buffer.alloc(5)], [{ key: KEYS.rsa, oaepHash: "nope" }, whole], [{ key: KEYS.rsa, oaepHash: 5 }, whole], [{ key: KEYS.rsa, oaepLabel: 5 }, whole], [{ key: KEYS.rsa, padding: 3 }, Buffer.alloc(30)], [{ key: KEYS.rsa, padding: 3 }, Buffer.alloc(128, 255)], [{ key: KEYS.rsa, padding: 99 }, whole], [{ key: KEYS.rsa, padding: "x" }, whole], [KEYS.ec, whole], [KEYS.rsa, 5], [crypto.createPublicKey(KEYS.rsa), whole], [KEYS.k1, whole]]) log(attempt(() => crypto.privateDecrypt(options, given)), attempt(() => crypto.publicEncrypt(options, Buffer.isBuffer(given) && options?.padding !== 3 ? Buffer.alloc(300) : given)), attempt(() => crypto.publicDecrypt(options, given)).replace("BLOCK_TYPE_IS_NOT_01", "INVALID_PADDING").replace("0200006A", "0200008A").replaceAll("block type is not 01", "invalid padding"));
  log(attempt(() => crypto.privateEncrypt(KEYS.rsa, Buffer.alloc(125))), attempt(() => crypto.privateEncrypt({ key: KEYS.rsa, padding: 4 }, Buffer.alloc(25))));
}
