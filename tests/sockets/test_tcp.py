"""connect() of cloudflare:sockets, against real servers on this machine."""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.host import sockets_tcp
from holdfast.host.egress import public_only
from tests.inprocess import Server
from tests.patience import PATIENCE_S

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SCRIPT = """
import {{ connect }} from "cloudflare:sockets";
const send = async (socket, text) => {{
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}};
const all = (socket) => new Response(socket.readable).text();
const failure = (promise) => promise.then(() => "it did not fail", String);
async function run(port) {{ {body} }}
export default {{ async fetch() {{
  const told = await run({port});
  return told instanceof Response ? told : Response.json(told ?? null);
}} }};
"""


async def run(server: Server, port: int, body: str) -> object:
    """What a script's function returns, given the port of a server."""
    server.add("main", SCRIPT.format(body=body, port=port))
    return json.loads(await server.text())


@asynccontextmanager
async def serving(serve: Serve, **options: object) -> AsyncIterator[int]:
    """A TCP server on a port of its own."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    tcp = await asyncio.start_server(handle, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
    async with tcp:
        yield tcp.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, and close when the other side does."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say a line, then one more with what came."""
    writer.write(b"hello\n")
    writer.write(b"you said " + await reader.readline())


async def test_bytes_go_both_ways(server: Server) -> None:
    async with serving(echo) as port:
        told = await run(
            server,
            port,
            """
            const socket = connect({ hostname: "127.0.0.1", port }, { allowHalfOpen: true });
            const { remoteAddress } = await socket.opened;
            const writer = socket.writable.getWriter();
            const reading = all(socket);
            for (let i = 0; i < 50; i++) await writer.write(new Uint8Array(10_000).fill(65 + i));
            await writer.close();
            const text = await reading;
            await socket.closed;
            return [remoteAddress === `127.0.0.1:${port}`, text.length, text[0], text.at(-1),
              socket.secureTransport, socket.upgraded];
            """,
        )
    assert told == [True, 500_000, "A", "r", "off", False]


async def test_a_connection_ends_with_the_servers_half(server: Server) -> None:
    async with serving(greet) as port:
        told = await run(
            server,
            port,
            """
            const socket = connect(`127.0.0.1:${port}`);
            await send(socket, "hi\\n");
            const text = await all(socket);
            await socket.closed;
            return [text, await failure(send(socket, "more")) !== "it did not fail"];
            """,
        )
    assert told == ["hello\nyou said hi\n", True]


async def test_close_sends_what_was_written(server: Server) -> None:
    got = asyncio.get_running_loop().create_future()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result(await reader.read(-1))

    async with serving(keep) as port:
        told = await run(
            server,
            port,
            """
            const socket = connect({ hostname: "127.0.0.1", port });
            const writer = socket.writable.getWriter();
            writer.write(new TextEncoder().encode("last words"));
            await socket.close();
            return [await socket.closed, await failure(writer.write(new Uint8Array(1)))];
            """,
        )
        assert await got == b"last words"
    assert told == [None, "TypeError: This WritableStream has been closed."]


async def test_what_is_received_can_be_the_body_of_a_response(server: Server) -> None:
    async with serving(greet) as port:
        body = """
            const socket = connect({ hostname: "127.0.0.1", port });
            await send(socket, "x\\n");
            return new Response(socket.readable);
        """
        server.add("main", SCRIPT.format(body=body, port=port))
        assert await server.text() == "hello\nyou said x\n"


async def test_a_connection_that_cannot_be_made_fails_what_waits_for_it(server: Server) -> None:
    async with serving(echo) as port:
        pass  # nothing listens there any more
    told = await run(
        server,
        port,
        """
        const socket = connect({ hostname: "127.0.0.1", port });
        const reading = failure(socket.readable.getReader().read());
        const writing = failure(socket.writable.getWriter().write(new Uint8Array(1)));
        const all = [failure(socket.opened), failure(socket.closed), reading, writing];
        return [...await Promise.all(all), await failure(connect("127.0.0.1:80").opened)];
        """,
    )
    error = "Error: proxy request failed, cannot connect to the specified address"
    hint = ". It looks like you might be trying to connect to a HTTP-based service — consider "
    assert told == [error] * 4 + [error + hint + "using fetch instead"]


@pytest.mark.parametrize("hostname", ["a..b", "a" * 64 + ".example"])
async def test_a_name_that_can_be_nobodys_fails_the_connection(
    server: Server, hostname: str
) -> None:
    told = await run(server, 9, f'return failure(connect("{hostname}:9").opened);')
    assert told == "Error: proxy request failed, cannot connect to the specified address"


async def test_the_egress_policy_holds_for_connections(server: Server) -> None:
    server.runtime._fetch._egress = public_only
    told = await run(server, 9, 'return failure(connect("127.0.0.1:9").opened);')
    assert told.startswith("Error: This script may not connect to 127.0.0.1: --allow-private")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("connect('127.0.0.1')", "Specified address is missing port."),
        ("connect(':80')", "Specified address could not be parsed."),
        ("connect('a b:80')", "Specified address could not be parsed."),
        (
            "connect({ hostname: 'a b', port: 80 })",
            "Specified address is empty string, contains unsupported characters or is too long.",
        ),
        (
            "connect('127.0.0.1:1', { secureTransport: 'maybe' })",
            "Unsupported value in secureTransport socket option: maybe",
        ),
        (
            "connect('127.0.0.1:1').startTls()",
            (
                "The `secureTransport` socket option must be set to 'starttls' for startTls to "
                "be used."
            ),
        ),
        (
            "connect('127.0.0.1:1', { secureTransport: 'on' }).startTls()",
            "Cannot startTls on a TLS socket.",
        ),
    ],
)
async def test_arguments_are_checked(server: Server, call: str, error: str) -> None:
    told = await run(server, 1, f"try {{ {call}; }} catch (error) {{ return String(error); }}")
    assert told == f"TypeError: {error}"


async def test_a_connection_ends_with_the_event_that_opened_it(server: Server) -> None:
    ended = asyncio.get_running_loop().create_future()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.set_result(await reader.read(-1))

    async with serving(wait) as port:
        await run(
            server,
            port,
            """await connect({ hostname: "127.0.0.1", port }).opened;""",
        )
        async with asyncio.timeout(PATIENCE_S):
            assert await ended == b""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, trusted by scripts."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(sockets_tcp, "tls_context", lambda: context)
    return certificate


async def test_tls_from_the_beginning(server: Server, trusted: Path) -> None:
    async with serving(greet, ssl=server_context(trusted)) as port:
        told = await run(
            server,
            port,
            """
            const socket = connect(`127.0.0.1:${port}`, { secureTransport: "on" });
            await send(socket, "secret\\n");
            return [await all(socket), socket.secureTransport];
            """,
        )
    assert told == ["hello\nyou said secret\n", "on"]


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: Server, certificate: Path
) -> None:
    async with serving(greet, ssl=server_context(certificate)) as port:
        told = await run(
            server,
            port,
            'return failure(connect(`127.0.0.1:${port}`, { secureTransport: "on" }).opened);',
        )
    assert told == "Error: proxy request failed, cannot connect to the specified address"


async def test_tls_after_some_plain_words(server: Server, trusted: Path) -> None:
    async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"go ahead\n")
        await writer.start_tls(server_context(trusted))
        await greet(reader, writer)

    async with serving(polite) as port:
        told = await run(
            server,
            port,
            """
            const socket = connect(`127.0.0.1:${port}`, { secureTransport: "starttls" });
            await send(socket, "STARTTLS\\n");
            const reader = socket.readable.getReader();
            const answer = new TextDecoder().decode((await reader.read()).value);
            reader.releaseLock();
            const secure = socket.startTls();
            await secure.opened;
            await socket.closed;
            await send(secure, "secret\\n");
            return [answer, await all(secure), socket.upgraded, secure.secureTransport];
            """,
        )
    assert told == ["go ahead\n", "hello\nyou said secret\n", True, "on"]
