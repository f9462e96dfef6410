"""node:crypto's limits, its states on the host, and its keys beside those of Web Crypto."""

from holdfast.host.node_crypto import states
from tests.inprocess import Server
from tests.node.test_limits import told

IMPORTS = "import crypto from 'node:crypto'; import { promisify } from 'node:util';"


async def test_what_takes_long_is_refused(server: Server) -> None:
    lines = await told(
        server,
        "crypto.generateKeyPairSync('rsa', { modulusLength: 8192 })",
        "promisify(crypto.generateKeyPair)('rsa', { modulusLength: 8192 })",
        "crypto.generateKeyPairSync('dsa', { modulusLength: 8192 })",
        "crypto.generatePrimeSync(4096)",
        "crypto.generatePrimeSync(1024, { safe: true })",
        "crypto.createDiffieHellman(2048)",
        "crypto.checkPrimeSync(2n ** 20_000n - 1n)",
        "promisify(crypto.checkPrime)(2n ** 20_000n - 1n)",
        "crypto.generateKeySync('hmac', { length: 2 ** 30 })",
        "crypto.createHash('shake256', { outputLength: 2 ** 31 })",
        "crypto.createDiffieHellman(Buffer.alloc(4096, 255)).generateKeys()",
        imports=IMPORTS,
    )
    assert all(line.startswith(("Error", "RangeError")) for line in lines), lines


async def test_a_key_that_is_not_extractable_is_used_and_not_exported(server: Server) -> None:
    lines = await told(
        server,
        "attempt(await key(true, 'AES-GCM'))",
        "attempt(await key(false, 'AES-GCM'))",
        "crypto.KeyObject.from((await pair()).privateKey).export({ format: 'jwk' })",
        "signs(await pair())",
        "signsLater(await pair())",
        "watched(await key(false, 'AES-GCM'))",
        imports=f"""
        {IMPORTS}
        const {{ subtle }} = crypto.webcrypto;
        const key = (extractable, name) =>
          subtle.importKey("raw", Buffer.alloc(16), name, extractable, ["encrypt"]);
        const pair = () =>
          subtle.generateKey({{ name: "ECDSA", namedCurve: "P-256" }}, false, ["sign", "verify"]);
        const signsLater = async ({{ privateKey, publicKey }}) => {{
          const data = Buffer.from("x");
          const signature = await promisify(crypto.sign)("sha256", data, privateKey);
          return crypto.verify("sha256", data, publicKey, signature);
        }};
        // Whoever replaces the getters that arrays have must not be handed the key.
        const watched = (key) => {{
          const seen = [];
          const prototype = Object.getPrototypeOf(Uint8Array.prototype);
          const kept = Object.getOwnPropertyDescriptors(prototype);
          for (const name of ["length", "buffer", "byteLength", "byteOffset"])
            Object.defineProperty(prototype, name, {{ configurable: true, get() {{
              const value = Reflect.apply(kept[name].get, this, []);
              seen.push(this);
              return value;
            }} }});
          crypto.createHmac("sha256", key).update("x").digest();
          crypto.createCipheriv("aes-128-ecb", key, null).final();
          const size = crypto.KeyObject.from(key).symmetricKeySize;
          Object.defineProperties(prototype, kept);
          const zeros = seen.filter((array) => array.length === 16 && !array.some(Boolean));
          return `${{size}} ${{zeros.length}}`;
        }};
        const attempt = (key) =>
          crypto.createCipheriv("aes-128-cbc", key, Buffer.alloc(16)).final("hex").length +
          crypto.KeyObject.from(key).export().length;
        const signs = ({{ privateKey, publicKey }}) => {{
          const data = Buffer.from("x");
          const signature = crypto.sign("sha256", data, privateKey);
          return crypto.verify("sha256", data, publicKey, signature);
        }};
        """,
    )
    assert lines[0] == "48" and lines[3] == lines[4] == "true"
    assert lines[5] == "16 0"
    assert lines[1].startswith("Error ERR_CRYPTO_INVALID_STATE")
    assert lines[2].startswith("Error ERR_CRYPTO_INVALID_STATE")


async def test_states_go_with_what_they_belong_to(server: Server) -> None:
    lines = await told(
        server,
        """(() => {
          const data = Buffer.alloc(100_000);
          for (let i = 0; i < 100; i++) {
            crypto.createHash("sha256").update(data);
            crypto.createHash("sha256").update(data).digest();
            crypto.createCipheriv("aes-128-gcm", data.subarray(0, 16), data.subarray(0, 12));
          }
          return "done";
        })()""",
        imports=IMPORTS,
    )
    assert lines == ["done"]
    host = server.runtime.worker("main").host
    for _ in range(3):  # turns, in which the registry tells of what was lost before
        host.isolate.collect_garbage()
        assert await server.text() == '["done"]'
    assert len(states._states[host]) <= 400  # those of the last two requests


async def test_gcm_agrees_with_web_crypto(server: Server) -> None:
    lines = await told(
        server,
        """(async () => {
          const [secret, iv] = [Buffer.alloc(32, 7), Buffer.alloc(12, 9)];
          const cipher = crypto.createCipheriv("aes-256-gcm", secret, iv);
          cipher.setAAD(Buffer.from("known"));
          const parts = [cipher.update("a text"), cipher.final(), cipher.getAuthTag()];
          const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["decrypt"]);
          const algorithm = { name: "AES-GCM", iv, additionalData: Buffer.from("known") };
          const opened = await crypto.subtle.decrypt(algorithm, key, Buffer.concat(parts));
          return Buffer.from(opened).toString();
        })()""",
        imports=IMPORTS,
    )
    assert lines == ["a text"]


async def test_a_key_object_becomes_a_crypto_key(server: Server) -> None:
    lines = await told(
        server,
        """(async () => {
          const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
          const data = Buffer.from("data");
          const key = privateKey.toCryptoKey("Ed25519", false, ["sign"]);
          const signature = await crypto.subtle.sign("Ed25519", key, data);
          return [key.extractable, crypto.verify(null, data, publicKey, Buffer.from(signature))];
        })()""",
        """(async () => {
          const secret = crypto.createSecretKey(Buffer.alloc(32, 1));
          const key = secret.toCryptoKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
          const mac = Buffer.from(await crypto.subtle.sign("HMAC", key, Buffer.from("x")));
          return mac.equals(crypto.createHmac("sha256", secret).update("x").digest());
        })()""",
        "crypto.createSecretKey(Buffer.alloc(3)).toCryptoKey('AES-GCM', true, ['encrypt'])",
        """(() => {
          const key = crypto.createSecretKey(Buffer.alloc(16)).toCryptoKey("AES-CBC", false,
            ["encrypt"]);
          return crypto.KeyObject.from(key).toCryptoKey("AES-GCM", true, ["encrypt"]).extractable;
        })()""",
        imports=IMPORTS,
    )
    assert lines[:2] == ["false,true", "true"]
    assert lines[2].startswith("DataError")
    assert lines[3] == "false"


async def test_a_private_key_in_pkcs8_is_read_whatever_its_type_is_said_to_be(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        import { createPrivateKey, generateKeyPairSync } from "node:crypto";
        export default { fetch() {
          const { privateKey } = generateKeyPairSync("ed25519");
          const key = privateKey.export({ type: "pkcs8", format: "der" });
          return Response.json(["pkcs1", "pkcs8", "sec1"].map((type) =>
            createPrivateKey({ key, format: "der", type }).equals(privateKey)));
        } };
        """,
    )
    assert await server.text() == "[true,true,true]"
