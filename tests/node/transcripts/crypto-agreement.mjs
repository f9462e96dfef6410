import crypto from "node:crypto";
import { inspect, promisify } from "node:util";
import { KEYS } from "./shared/keys.mjs";
import { attempt } from "./shared/attempt.mjs";

const CA = `-----BEGIN CERTIFICATE-----
MIICTjCCAbegAwIBAgIUEfaTI7AlSSwsx/U21767S8M5u1IwDQYJKoZIhvcNAQEL
BQAwODELMAkGA1UEBhMCREUxFzAVBgNVBAoMDkhvbGRmYXN0LCBJbmMuMRAwDgYD
VQQDDAdUZXN0IENBMCAXDTI2MTEyNjIwMjkxOFoYDzIxMjYxMTAyMjAyOTE4WjA4
MQswCQYDVQQGEwJERTEXMBUGA1UECgwOSG9sZGZhc3QsIEluYy4xEDAOBgNVBAMM
B1Rlc3QgQ0EwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAKaG63MBHVleylio
PLH33PIhvVyZIk9ovje2lxBhRdxZFUdjUKLdbdVkJF+waqUfqsPLWUcgtZ6KfFpX
HW+bqrNFCA+z7dfKT19AjTJBykCeQXmNYOnmSsG1faxH0d55U4fWk56QceXIt8zi
vgkfgy80eU1ydi+oPq5MW+S4PtdLAgMBAAGjUzBRMB0GA1UdDgQWBBR8H0c0bSKi
1HKA1DZf9oEzZkQ+DDAfBgNVHSMEGDAWgBR8H0c0bSKi1HKA1DZf9oEzZkQ+DDAP
BgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAFs0b8wIwthVeSwm3FHy
QeIUTV4f4snW54A476qupsjsi8lxADzC5ZP6mHsn48UZsTnm3lf8Vj8uPKxQ2JLc
AI+R16aaLBf9nuHFSvSwvZPUhfzFJH95bA0G9SG1docWoh3FrT34EeFtpVc23wyF
w2Lr7atAl9nVCG93EwJyho9I
-----END CERTIFICATE-----
`;
const LEAF = `-----BEGIN CERTIFICATE-----
MIIC/zCCAmigAwIBAgIUWmF+IlkBtoSk3s+N+yuCn126tK0wDQYJKoZIhvcNAQEL
BQAwODELMAkGA1UEBhMCREUxFzAVBgNVBAoMDkhvbGRmYXN0LCBJbmMuMRAwDgYD
VQQDDAdUZXN0IENBMCAXDTI2MTEyNjIwMjkxOFoYDzIxMjYxMTAyMjAyOTE4WjBN
MRQwEgYDVQQDDAtleGFtcGxlLmNvbTEKMAgGA1UECwwBQTEKMAgGA1UECwwBQjEd
MBsGCSqGSIb3DQEJARYObWVAZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQAu/yq+TtsDpXx3rauVilirULXLpgzMWtFa/QCtnw0TijFBbWr+9zM
HCKVHwGAoIAs0J+oXseXR8Fy2IxVzs8co4IBNDCCATAwZAYDVR0RBF0wW4ILZXhh
bXBsZS5jb22CDSouZXhhbXBsZS5vcmeHBH8AAAGHECABDbgAAAAAAAAAAAAAAAGB
D3lvdUBleGFtcGxlLm5ldIYUaHR0cHM6Ly9leGFtcGxlLmNvbS8wHQYDVR0lBBYw
FAYIKwYBBQUHAwEGCCsGAQUFBwMCMAkGA1UdEwQCMAAwXgYIKwYBBQUHAQEEUjBQ
MCQGCCsGAQUFBzABhhhodHRwOi8vb2NzcC5leGFtcGxlLmNvbS8wKAYIKwYBBQUH
MAKGHGh0dHA6Ly9jYS5leGFtcGxlLmNvbS9jYS5jcnQwHQYDVR0OBBYEFBLCZO1Q
AJE7XOSmvXLE7OM1pnfeMB8GA1UdIwQYMBaAFHwfRzRtIqLUcoDUNl/2gTNmRD4M
MA0GCSqGSIb3DQEBCwUAA4GBAKAtKqhwh0eEgpgRDnaDwalzMosfeDvkIYPkX/Gq
pvTt2Km1Y946cXilHfzrZMC/tWdIABU+0KghY7T5nkMOFSNLEqvttCIbUrq2vpaR
QWwmBvrK/RtBz9tErvSyUfLBLsznba8t+xvcG4dBW1r9/aQ+VbAAJQiurAWQk9ih
7kUu
-----END CERTIFICATE-----
`;
const SPKACS = [
  "MIIBRTCBrzCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAqrqiEwo7EYWweweT2OGF5Tdy1h34dPCbrSMsHrVosN4/YEB8dA7/yYiwKL7w951BtD5mFUiZ2MrCSUfcnprKSyFloEqhhcNGa56Y6+2FUjDCNGuiHz0JtklTt13cbpHHEVBhg+MS7ORlF9TczycagicnXdvPVXZYiOwKElrDmmcCAwEAARYLYSBjaGFsbGVuZ2UwDQYJKoZIhvcNAQELBQADgYEAX98+uqL2f5aAn1BfGwVnwFOLnUwzHKK/kRNjayS24Bb5uet+xj1/4z3v9x3tF7sVG/NtXmpBaYCDq30QWb5vhqmxwfJSUkjU4MtTy3ZeKYZt58QUdPLoPY2eeBqQQDhMe86IxKJF1XeuoOQtV65tKWLhDR6FC1oKs9tnDh4GLuA=",
  "MIHBMGgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT165VD87VbWDRxviDWgf/vkoVitCgqzNFVD3ZbKgQYMKmG4dkS+inq30LPxF7B6cMKyRUGFvx6VOTCJKog8CO4FgthIGNoYWxsZW5nZTAKBggqhkjOPQQDAgNJADBGAiEA6l6tGJndO+Yw1voQ3NOn8WIm/b8CCt6TdpUhwepVBygCIQD4bVerToDDsqGgPvnvB4rTvMOeRC6TJYFEjwl667JRCw==",
  "MIIBPTCBpzCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAqrqiEwo7EYWweweT2OGF5Tdy1h34dPCbrSMsHrVosN4/YEB8dA7/yYiwKL7w951BtD5mFUiZ2MrCSUfcnprKSyFloEqhhcNGa56Y6+2FUjDCNGuiHz0JtklTt13cbpHHEVBhg+MS7ORlF9TczycagicnXdvPVXZYiOwKElrDmmcCAwEAARYDbWQ1MA0GCSqGSIb3DQEBBAUAA4GBAHGsJNLVM9l3Zncfld/Tafz3I8f3cf8MAhQuwz3S+Ylj+NCCSEZO8cR/cRCsTwyLX8Yeh0ri1eJcmv+C3xc+J0UN8+RXlJKr0jvnaUsA+TutsfV7cN0hn4S/xJ5MOvuyOwc8aRxNlx8TIfuhhPfIstrQ1+bHHinxSitdYcONWmgp",
];
const LEAF_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIEMr5uzrDtua/572ODz+LYsE3fOZewtKjaIDart6aBbvoAoGCCqGSM49
AwEHoUQDQgAEALv8qvk7bA6V8d62rlYpYq1C1y6YMzFrRWv0ArZ8NE4oxQW1q/vc
zBwilR8BgKCALNCfqF7Hl0fBctiMVc7PHA==
-----END EC PRIVATE KEY-----
`;

export default async function run(log) {
  for (const name of ["modp1", "modp2", "modp5", "modp14", "modp15", "modp16", "modp17", "modp18", "MODP14"]) {
    const group = crypto.getDiffieHellman(name);
    log(name, crypto.createHash("sha256").update(group.getPrime()).digest("hex"), group.getPrime().length, group.getGenerator("hex"), group.verifyError, group.constructor.name, group.setPrivateKey);
  }
  const one = crypto.createDiffieHellmanGroup("modp14"), other = crypto.createDiffieHellman(one.getPrime(), 2);
  one.generateKeys();
  other.generateKeys("hex");
  log(one.computeSecret(other.getPublicKey()).equals(other.computeSecret(one.getPublicKey("base64"), "base64")), one.computeSecret(other.getPublicKey(), undefined, "hex").length, other.getPrime("hex") === one.getPrime("hex"));
  other.setPublicKey(Buffer.from([5]));
  log(other.getPublicKey("hex"), other.generateKeys().length > 200, crypto.getDiffieHellman("modp5").generateKeys("latin1").length > 150);
  log(other.verifyError, crypto.createDiffieHellman(crypto.getDiffieHellman("modp18").getPrime()).verifyError);
  const fixed = crypto.createDiffieHellman(one.getPrime("hex"), "hex", "02", "hex");
  fixed.setPrivateKey(Buffer.from("0123456789abcdef", "hex"));
  log(attempt(() => fixed.getPublicKey()), fixed.getPrivateKey("hex"), attempt(() => fixed.computeSecret(Buffer.from([5]))));
  log(fixed.generateKeys("hex"), fixed.getPublicKey("hex"), attempt(() => fixed.computeSecret(Buffer.from([1]))), attempt(() => fixed.computeSecret(fixed.getPrime())), attempt(() => fixed.computeSecret(Buffer.alloc(0))), attempt(() => fixed.computeSecret(5)));
  const small = crypto.createDiffieHellman(Buffer.from([23]), Buffer.from([5]));
  small.setPrivateKey(Buffer.from([6]));
  small.setPublicKey(Buffer.from([8]));
  log(small.getPublicKey("hex"), small.verifyError, crypto.createDiffieHellman(Buffer.from([21]), 5).verifyError);
  for (const args of [[null], ["ab", "hex"], [Buffer.from([23]), 1], [Buffer.from([23]), {}], ["x", 5, 5]]) log(attempt(() => crypto.createDiffieHellman(...args).getGenerator("hex")));
  log(attempt(() => crypto.getDiffieHellman("nope")), attempt(() => crypto.getDiffieHellman("modp5").getPublicKey()), attempt(() => crypto.getDiffieHellman("modp5").getPrivateKey()));

  for (const curve of ["secp256k1", "prime256v1", "secp384r1", "secp521r1", "secp224r1", "brainpoolP256r1"]) {
    const alice = crypto.createECDH(curve), bob = crypto.createECDH(curve);
    alice.setPrivateKey(Buffer.alloc(28, 7));
    log(curve, alice.getPublicKey("hex"), alice.getPublicKey("hex", "compressed"), alice.getPublicKey("base64", "hybrid"), alice.getPrivateKey("hex").replace(/^(00)+/, ""));
    bob.generateKeys();
    log(alice.computeSecret(bob.getPublicKey()).equals(bob.computeSecret(alice.getPublicKey(null, "compressed"))), bob.computeSecret(alice.getPublicKey("hex", "hybrid"), "hex", "hex").length);
    const text = alice.getPublicKey("hex", "compressed");
    log(crypto.ECDH.convertKey(text, curve, "hex", "hex", "uncompressed"), crypto.ECDH.convertKey(text, curve, "hex").toString("hex"));
  }
  const ecdh = crypto.createECDH("secp256k1");
  log(attempt(() => crypto.createECDH("nope")), attempt(() => crypto.createECDH(5)), attempt(() => ecdh.getPublicKey()), attempt(() => ecdh.getPrivateKey()), attempt(() => ecdh.setPrivateKey(Buffer.alloc(32))), attempt(() => ecdh.setPrivateKey(Buffer.alloc(32, 255))));
  ecdh.setPrivateKey("01".repeat(32), "hex");
  log(attempt(() => ecdh.computeSecret(Buffer.alloc(33))), attempt(() => ecdh.computeSecret(5)), attempt(() => ecdh.getPublicKey("hex", "nope")), attempt(() => crypto.ECDH.convertKey(Buffer.alloc(5), "secp256k1")), attempt(() => crypto.ECDH.convertKey("00", "nope", "hex")));

  const ec = crypto.createPrivateKey(KEYS.ec), x = crypto.createPrivateKey(KEYS.x25519);
  for (const [privateKey, publicKey] of [[ec, crypto.createPublicKey(ec)], [x, crypto.createPublicKey(x)], [x, x], [x, ec], [ec, crypto.createPrivateKey(KEYS.p521)], [crypto.createPrivateKey(KEYS.rsa), crypto.createPublicKey(KEYS.rsa)], [crypto.createPublicKey(x), x], [x, undefined], [undefined, x], [x, crypto.createSecretKey("x")]]) log(attempt(() => crypto.diffieHellman({ privateKey, publicKey })).slice(0, 90));
  log(attempt(() => crypto.diffieHellman(5)));

  for (const size of [8, 32, 64, 256]) for (const options of [{}, { safe: true }, { bigint: true }, { add: 12n, rem: 11n, bigint: true }, { add: 10n, bigint: true }]) {
    const prime = crypto.generatePrimeSync(size, options);
    const number = typeof prime === "bigint" ? prime : BigInt(`0x${Buffer.from(prime).toString("hex")}`);
    // OpenSSL steps on by `add` until it meets a prime, which in 8 bits now and then ends in a ninth.
    const bits = options.add && size === 8 ? "" : number.toString(2).length;
    log(size, inspect(options), crypto.checkPrimeSync(prime), bits, options.safe ? crypto.checkPrimeSync((number - 1n) / 2n) : "", options.add ? number % options.add : "", prime.constructor.name);
  }
  for (const candidate of [0n, 1n, 2n, 3n, 4n, 97n, 561n, 7919n, 7921n, 2n ** 127n - 1n, 2n ** 128n + 1n, Buffer.from([0, 13]), new Uint8Array([15]).buffer]) log(attempt(() => crypto.checkPrimeSync(candidate)), await promisify(crypto.checkPrime)(candidate));
  for (const args of [[0], [-1], ["x"], [8, 5], [8, { safe: 1 }], [8, { add: 5 }], [8, { add: 1000n }], [8, { add: 5n, rem: 7n }], [8, { bigint: 5 }]]) log(inspect(args), attempt(() => crypto.generatePrimeSync(...args)));
  log(attempt(() => crypto.generatePrime(0)), attempt(() => crypto.generatePrime(8)), attempt(() => crypto.checkPrime("x")), attempt(() => crypto.checkPrime(7n)), attempt(() => crypto.hkdf(5)));
  for (const args of [[-1n], ["x"], [7n, 5], [7n, { checks: -1 }], [7n, { checks: "x" }]]) log(inspect(args), attempt(() => crypto.checkPrimeSync(...args)));
  log(crypto.generatePrimeSync(3, { bigint: true }), crypto.generatePrimeSync(2, { bigint: true }), crypto.generatePrimeSync(3, { safe: true, bigint: true }));
  log(typeof (await promisify(crypto.generatePrime)(40, { bigint: true })), (await promisify(crypto.generatePrime)(40)).byteLength);

  for (const pem of [CA, LEAF]) {
    const certificate = new crypto.X509Certificate(pem);
    for (const name of ["subject", "subjectAltName", "issuer", "issuerCertificate", "infoAccess", "validFrom", "validTo", "fingerprint", "fingerprint256", "fingerprint512", "keyUsage", "serialNumber", "ca"]) log(name, inspect(certificate[name]));
    const { raw, pubkey, ...legacy } = certificate.toLegacyObject();
    log(certificate.raw.toString("base64"), certificate.toString() === pem, JSON.stringify(certificate) === JSON.stringify(pem), certificate.publicKey.asymmetricKeyType, raw.equals(certificate.raw), new crypto.X509Certificate(raw).fingerprint, crypto.createPublicKey(pem).equals(certificate.publicKey));
    log(inspect(legacy.subject), inspect(legacy.issuer), legacy.valid_from, legacy.serialNumber, legacy.subjectaltname);
    for (const host of ["example.com", "EXAMPLE.com", "a.example.org", "a.b.example.org", "example.org", "other.com", "Test CA", ""]) log(host, certificate.checkHost(host), certificate.checkHost(host, { subject: "always" }), certificate.checkHost(host, { subject: "never" }), certificate.checkHost(host, { wildcards: false }));
    for (const email of ["you@example.net", "me@example.com", "you@EXAMPLE.net", "YOU@example.net", "x"]) log(email, certificate.checkEmail(email), certificate.checkEmail(email, { subject: "always" }));
    for (const ip of ["127.0.0.1", "::1", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "x"]) log(ip, attempt(() => certificate.checkIP(ip)));
  }
  for (const spkac of SPKACS) {
    const changed = Buffer.from(spkac, "base64");
    changed[changed.length - 40] ^= 1;
    for (const tool of [crypto.Certificate, new crypto.Certificate(), crypto.Certificate()]) log(tool.verifySpkac(spkac), tool.verifySpkac(Buffer.from(spkac)), tool.verifySpkac(changed.toString("base64")), tool.exportChallenge(spkac).toString(), tool.exportPublicKey(spkac).toString());
  }
  for (const given of ["garbage", "AAAA", "MAA=", 5, undefined]) log(attempt(() => crypto.Certificate.verifySpkac(given)), attempt(() => crypto.Certificate.exportChallenge(given)), attempt(() => crypto.Certificate.exportPublicKey(given)));
  log(Object.keys(crypto.Certificate).join());
  const ca = new crypto.X509Certificate(CA), leaf = new crypto.X509Certificate(LEAF);
  log(leaf.checkIssued(ca), ca.checkIssued(ca), ca.checkIssued(leaf), leaf.verify(ca.publicKey), ca.verify(ca.publicKey), ca.verify(leaf.publicKey), leaf.checkPrivateKey(crypto.createPrivateKey(LEAF_KEY)), ca.checkPrivateKey(crypto.createPrivateKey(LEAF_KEY)));
  log(attempt(() => new crypto.X509Certificate(5)), attempt(() => leaf.checkHost(5)), attempt(() => leaf.checkHost("x", { subject: "no" })), attempt(() => leaf.checkIssued(5)), attempt(() => leaf.verify(5)), attempt(() => leaf.checkPrivateKey(5)));
}
