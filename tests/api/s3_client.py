"""A client of S3 that signs by itself: what it sends can be wrong in any way that a test wants.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import base64
import hashlib
import hmac
import io
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, unquote_plus, urlsplit

import aiohttp
from yarl import URL

UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass
class Signer:
    """Signs with an access key."""

    key_id: str
    secret: str
    region: str = "auto"

    def scope(self, time):
        return f"{time[:8]}/{self.region}/s3/aws4_request"

    def key(self, time):
        key = f"AWS4{self.secret}".encode()
        for part in self.scope(time).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key

    def signature(self, method, url, headers, payload, time):
        """Of a request whose `headers` are all signed."""
        parts = urlsplit(url)
        pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
        query = sorted((reescaped(k), reescaped(v)) for k, _, v in pairs)
        lines = [f"{name}:{headers[name]}\n" for name in sorted(headers)]
        canonical = "\n".join(
            (
                method,
                escaped(unquote(parts.path, errors="surrogateescape"), "/"),
                "&".join(f"{name}={value}" for name, value in query),
                "".join(lines),
                ";".join(sorted(headers)),
                payload,
            )
        )
        hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{time}\n{self.scope(time)}\n{hashed}"
        return hmac.digest(self.key(time), text.encode(), "sha256").hex()

    def signed(self, method, url, headers=(), payload=EMPTY, time=None):
        """The headers of a request, with an Authorization."""
        time = time or now()
        signed = {name.lower(): value for name, value in dict(headers).items()}
        signed |= {"x-amz-date": time, "x-amz-content-sha256": payload}
        signed.setdefault("host", urlsplit(url).netloc)
        signature = self.signature(method, url, signed, payload, time)
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key_id}/{self.scope(time)},"
            f"SignedHeaders={';'.join(sorted(signed))},Signature={signature}"
        )
        return signed

    def presigned(self, method, url, headers=(), *, expires=60, time=None):
        """A URL that is good by itself."""
        time = time or now()
        signed = {"host": urlsplit(url).netloc, **dict(headers)}
        asked = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.key_id}/{self.scope(time)}",
            "X-Amz-Date": time,
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": ";".join(sorted(signed)),
        }
        mark = "&" if "?" in url else "?"
        url += mark + "&".join(f"{name}={escaped(value)}" for name, value in asked.items())
        return f"{url}&X-Amz-Signature={self.signature(method, url, signed, UNSIGNED, time)}"

    def chunks(self, seed, time, pieces, trailers=None, *, is_signed=True):
        """A body in chunks; `trailers` None for a form without."""
        before, body = seed, b""
        for piece in [*pieces, b""]:
            body += f"{len(piece):x}".encode()
            if is_signed:
                digest = hashlib.sha256(piece).hexdigest()
                before = self._next("PAYLOAD", time, before, EMPTY, digest)
                body += f";chunk-signature={before}".encode()
            body += b"\r\n" + piece + (b"\r\n" if piece else b"")
        if trailers is not None:
            text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            body += text.replace("\n", "\r\n").encode()
            if is_signed:
                digest = hashlib.sha256(text.encode()).hexdigest()
                signature = self._next("TRAILER", time, before, digest)
                body += f"x-amz-trailer-signature:{signature}\r\n".encode()
        return body + b"\r\n"

    def _next(self, kind, time, before, *hashes):
        text = "\n".join((f"AWS4-HMAC-SHA256-{kind}", time, self.scope(time), before, *hashes))
        return hmac.digest(self.key(time), text.encode(), "sha256").hex()


@dataclass
class Told:
    """An answer."""

    status: int
    headers: dict
    body: bytes

    @property
    def xml(self):
        return ET.fromstring(self.body)

    @property
    def code(self):
        """S3's code of an error."""
        assert self.xml.tag == "Error"
        return self.xml.findtext("Code")

    def texts(self, path):
        """The texts of elements, by a path without namespaces."""
        return [one.text or "" for one in self.xml.findall(namespaced(path))]

    def text(self, path):
        [text] = self.texts(path)
        return text


@dataclass
class S3:
    """A server, and somebody who has its token."""

    base: str
    session: aiohttp.ClientSession
    signer: Signer

    async def call(self, method, path, body=b"", headers=(), *, payload=None, time=None):
        """A signed request."""
        payload = payload or hashlib.sha256(body).hexdigest()
        url = f"{self.base}{path}"
        signed = self.signer.signed(method, url, headers, payload, time)
        return await self.send(method, url, body, signed)

    async def send(self, method, url, body=b"", headers=()):
        """A request as it is."""
        given = {"Content-Type": "", **dict(headers)} if method == "PUT" else dict(headers)
        given = {name: value for name, value in given.items() if value != ""}
        async with self.session.request(
            method,
            URL(url, encoded=True),
            data=io.BytesIO(body) if body else None,
            headers=given,
            skip_auto_headers=["Content-Type"],
        ) as answer:
            return Told(answer.status, answer.headers, await answer.read())

    async def chunked(self, path, pieces, payload, trailers=None, *, tamper=None, headers=()):
        """PUT a body in chunks; `tamper` changes what is sent."""
        time, url = now(), f"{self.base}{path}"
        length = sum(map(len, pieces))
        given = {**dict(headers), "x-amz-decoded-content-length": str(length)}
        if trailers is not None:
            given["x-amz-trailer"] = ",".join(trailers)
        signed = self.signer.signed("PUT", url, given, payload, time)
        seed = signed["authorization"].rpartition("=")[2]
        is_signed = "HMAC" in payload
        body = self.signer.chunks(seed, time, pieces, trailers, is_signed=is_signed)
        return await self.send("PUT", url, tamper(body) if tamper else body, signed)


def now(offset_s=0):
    moment = datetime.fromtimestamp(datetime.now(UTC).timestamp() + offset_s, UTC)
    return moment.strftime("%Y%m%dT%H%M%SZ")


def escaped(text, safe=""):
    return quote(text, safe=safe + "-_.~", encoding="utf-8", errors="surrogateescape")


def reescaped(text):
    return escaped(unquote_plus(text, errors="surrogateescape"))


def base64_of(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def namespaced(path):
    return "/".join(f"{NAMESPACE}{name}" for name in path.split("/"))
