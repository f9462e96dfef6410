"""Ciphers under way: AES in its modes, ChaCha20, and ChaCha20-Poly1305, piece by piece.

Names, lengths and the order of calls are checked in `polyfills/node/crypto-cipher.js`.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-cipher
"""

from typing import Any, Protocol

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.node_crypto.errors import bad_decrypt, wrong_block
from holdfast.host.node_crypto.states import keep, state_of
from holdfast.host.ops import op

_STREAMS = {"ctr": "CTR", "ofb": "OFB", "cfb": "CFB", "cfb8": "CFB8"}


class _Cipher(Protocol):
    """One direction of one cipher."""

    def add(self, data: bytes) -> bytes:
        """Take a piece in; what can be given out by then."""

    def end(self, tag: bytes | None) -> bytes:
        """The rest. `tag`: what must come out."""


class _Authenticated(_Cipher, Protocol):
    tag: bytes  # after the end of encrypting

    def know(self, data: bytes) -> None:
        """Take data that is authenticated and not encrypted."""


def _refused() -> ScriptError:
    return ScriptError("Error", "Unsupported state or unable to authenticate data")


class _Stream:
    """A cipher that gives out as many bytes as it takes."""

    def __init__(self, context: Any) -> None:
        self.add = context.update
        self._context = context

    def end(self, tag: bytes | None) -> bytes:
        rest: bytes = self._context.finalize()
        return rest


class _Blocks:
    """A cipher of whole blocks, with the padding of PKCS #7.

    When it decrypts what is padded, the last block is held back.
    """

    def __init__(self, context: Any, size: int, *, encrypts: bool) -> None:
        self._context, self._size, self._encrypts = context, size, encrypts
        self._rest = b""
        self.pads = True

    def add(self, data: bytes) -> bytes:
        self._rest += data
        held = 1 if self.pads and not self._encrypts else 0
        whole = max(0, len(self._rest) - held) // self._size * self._size
        out: bytes = self._context.update(self._rest[:whole])
        self._rest = self._rest[whole:]
        return out

    def end(self, tag: bytes | None) -> bytes:
        if self._encrypts and self.pads:
            missing = self._size - len(self._rest)
            self._rest += bytes([missing]) * missing
        if len(self._rest) % self._size or (self.pads and not self._rest):
            raise wrong_block()
        last: bytes = self._context.update(self._rest)
        if self._encrypts or not self.pads:
            return last
        count = last[-1]
        if not 1 <= count <= self._size or last[-count:] != bytes([count]) * count:
            raise bad_decrypt()
        return last[:-count]


class _Galois:
    """AES-GCM."""

    def __init__(self, context: Any, *, encrypts: bool) -> None:
        self.add, self.know = context.update, context.authenticate_additional_data
        self._context, self._encrypts = context, encrypts
        self.tag = b""

    def end(self, tag: bytes | None) -> bytes:
        from cryptography.exceptions import InvalidTag

        if self._encrypts:
            self._context.finalize()
            self.tag = self._context.tag
        else:
            try:
                self._context.finalize_with_tag(tag or b"")
            except (InvalidTag, ValueError) as error:
                raise _refused() from error
        return b""


class _ChaChaPoly:
    """RFC 8439, 2.8, whose parts are there for streams as the whole is not."""

    def __init__(self, key: bytes, nonce: bytes, *, encrypts: bool) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
        from cryptography.hazmat.primitives.poly1305 import Poly1305

        self._stream = Cipher(ChaCha20(key, bytes(4) + nonce), None).encryptor()
        # The first block of 64 bytes is the key of the tag.
        self._mac = Poly1305(self._stream.update(bytes(64))[:32])
        self._encrypts = encrypts
        self._known = self._sealed = 0
        self.tag = b""

    def know(self, data: bytes) -> None:
        self._mac.update(data)
        self._known += len(data)

    def add(self, data: bytes) -> bytes:
        if data and self._sealed == 0:
            self._fill(self._known)
        out = self._stream.update(data)
        self._mac.update(out if self._encrypts else data)
        self._sealed += len(data)
        return out

    def _fill(self, size: int) -> None:
        self._mac.update(bytes(-size % 16))

    def end(self, tag: bytes | None) -> bytes:
        from cryptography.exceptions import InvalidSignature

        self._fill(self._sealed or self._known)
        self._mac.update(self._known.to_bytes(8, "little") + self._sealed.to_bytes(8, "little"))
        if self._encrypts:
            self.tag = self._mac.finalize()
        else:
            try:
                self._mac.verify(tag or b"")
            except InvalidSignature as error:
                raise _refused() from error
        return b""


@op
def node_cipher_begin(
    host: Host, number: int, family: str, mode: str, encrypts: bool, key: bytes, iv: bytes
) -> None:
    """Begin to encrypt or decrypt with a key and an IV of the right lengths.

    `family`: "aes", "des-ede3", "chacha20" or "chacha20-poly1305"; `mode`: "cbc" and so on.
    """
    if family == "chacha20-poly1305":
        keep(host, number, _ChaChaPoly(key, iv, encrypts=encrypts))
        return
    cipher = _library_cipher(family, mode, key, iv)
    context = cipher.encryptor() if encrypts else cipher.decryptor()
    if mode == "gcm":
        keep(host, number, _Galois(context, encrypts=encrypts))
    elif mode in ("cbc", "ecb"):
        keep(host, number, _Blocks(context, 16 if family == "aes" else 8, encrypts=encrypts))
    else:
        keep(host, number, _Stream(context))


def _library_cipher(family: str, mode: str, key: bytes, iv: bytes) -> Any:
    from cryptography.hazmat.decrepit.ciphers import modes as old_modes
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20

    if family == "chacha20":
        return Cipher(ChaCha20(key, iv), None)
    algorithm = AES(key) if family == "aes" else TripleDES(key)
    if mode == "ecb":
        return Cipher(algorithm, modes.ECB())  # noqa: S305 - the script asks for it by name
    if mode == "cbc":
        return Cipher(algorithm, modes.CBC(iv))
    if mode == "gcm":
        return Cipher(algorithm, modes.GCM(iv, None, min_tag_length=4))
    name = _STREAMS[mode]
    return Cipher(
        algorithm, (getattr(modes, name) if mode == "ctr" else getattr(old_modes, name))(iv)
    )


@op
def node_cipher_know(host: Host, number: int, data: bytes) -> None:
    """Add data that is authenticated and not encrypted."""
    cipher: _Authenticated = state_of(host, number)
    cipher.know(data)


@op
def node_cipher_add(host: Host, number: int, data: bytes) -> bytes:
    """Add a piece; returns what can be given out by then."""
    cipher: _Cipher = state_of(host, number)
    return cipher.add(data)


@op
def node_cipher_pad(host: Host, number: int, pads: bool) -> None:
    """Say whether the last block is padded, which means something to ciphers of blocks."""
    cipher: _Cipher = state_of(host, number)
    if isinstance(cipher, _Blocks):
        cipher.pads = pads


@op
def node_cipher_end(host: Host, number: int, tag: bytes | None) -> bytes:
    """The rest of the output. Raises an Error where the input was not what it had to be."""
    cipher: _Cipher = state_of(host, number)
    return cipher.end(tag)


@op
def node_cipher_tag(host: Host, number: int) -> bytes:
    """The tag of what was encrypted, all 16 bytes of it."""
    cipher: _Authenticated = state_of(host, number)
    return cipher.tag
