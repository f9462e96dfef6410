"""Mail of scripts that were uploaded: by the API, into files, and to a relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holdfast.host.mail import Mail, MailFailed
from holdfast.server.backup import archive, unpack
from holdfast.server.mail import Relay
from tests.server.deployment import TOKEN, Deployment

SOURCE = """
export default {
  async fetch(request, env) {
    const mail = { from: "a@x.test", to: request.headers.get("to"), subject: "s", text: "t" };
    return new Response(await env.MAIL.send(mail).then(() => "sent", ({ message }) => message));
  },
  async email(message) {
    console.log(message.from, message.to);
    if (message.to.startsWith("no")) message.setReject("nobody");
    if (message.to.startsWith("broken")) throw new Error("broken");
    await message.forward("b@x.test");
  },
};
"""
BINDING = {"type": "send_email", "name": "MAIL", "allowed_destination_addresses": ["b@x.test"]}
RAW = b"From: a@x.test\r\nMessage-ID: <1@x.test>\r\n\r\nhello\r\n"


async def given(deployment: Deployment, to: str, raw: bytes = RAW) -> dict[str, object]:
    url = f"http://127.0.0.1:{deployment.api_port}/client/v4/accounts/a/workers/scripts/main/email"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
    query = {"from": "a@x.test", "to": to}
    async with deployment.session.post(url, params=query, data=raw, headers=headers) as response:
        answer: dict[str, object] = await response.json()
        return answer


async def test_mail_comes_by_the_api_and_goes_into_files(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    assert (await given(deployment, "me@x.test"))["result"] == {"rejected": False, "reason": None}
    folder = deployment.runtime.settings.data / "mail"
    [file] = folder.iterdir()
    assert file.read_bytes() == RAW
    assert deployment.lines == [
        "main log: a@x.test me@x.test",
        f"main info: mail forwarded, from a@x.test to b@x.test: {file}",
    ]
    answer = await given(deployment, "no@x.test")
    assert answer["result"] == {"rejected": True, "reason": "nobody"}
    assert "has failed: Error: broken" in str((await given(deployment, "broken@x.test"))["errors"])
    assert "no message id" in str((await given(deployment, "me@x.test", b"a: b\n\n"))["errors"])
    assert "must include URL parameters" in str((await given(deployment, ""))["errors"])


async def test_a_backup_holds_the_mails_that_no_relay_has(
    deployment: Deployment, tmp_path: Path
) -> None:
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    assert (await given(deployment, "me@x.test"))["success"]
    folder = deployment.runtime.settings.data / "mail"
    [mail] = folder.iterdir()
    (folder / "of-a-killed-process.new").touch()
    (folder / "notes.eml").touch()
    file, restored = tmp_path / "backup.tar", tmp_path / "restored"
    with file.open("wb") as content:
        async for piece in archive(deployment.runtime):
            content.write(piece)
    restored.mkdir()
    assert f"mail/{mail.name}" in {*unpack(file, restored)}
    [copy] = (restored / "mail").iterdir()
    assert copy.read_bytes() == RAW
    assert copy.stat().st_mtime == pytest.approx(mail.stat().st_mtime, abs=1)


async def test_mail_is_sent_to_whom_the_binding_allows(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    assert await deployment.text("main", headers={"to": "b@x.test"}) == "200 sent"
    refused = await deployment.text("main", headers={"to": "c@x.test"})
    assert refused == "200 email to c@x.test not allowed"
    shown = (await deployment.api("GET", "scripts/main/bindings"))["result"]
    assert shown == [BINDING]


@pytest.mark.parametrize(
    "fields",
    [
        {"destination_address": "a@x.test", "allowed_destination_addresses": []},
        {"allowed_sender_addresses": "a@x.test"},
        {"allowed_destination_addresses": [1]},
    ],
)
async def test_a_binding_that_makes_no_sense_is_refused(
    deployment: Deployment, fields: dict[str, object]
) -> None:
    entry = {"type": "send_email", "name": "MAIL", **fields}
    refused = await deployment.upload("main", SOURCE, bindings=[entry])
    assert refused["errors"][0]["code"] == 10021


@asynccontextmanager
async def smtp_server(refusal: str = "") -> AsyncIterator[tuple[int, list[str]]]:
    """A relay without encryption: its port, and the lines that it was told."""
    lines: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        is_content = False
        while received := await reader.readline():
            line = received.decode().rstrip("\r\n")
            lines.append(line)
            if is_content:
                is_content = line != "."
                answer = "" if is_content else "250 ok"
            elif line == "data":
                is_content, answer = True, "354 go on"
            else:
                answer = refusal if refusal and line.startswith("rcpt") else "250 ok"
            writer.write(f"{answer}\r\n".encode() if answer else b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], lines
    server.close()


MAIL = Mail("main", "sent", "a@x.test", ("b@x.test", "c@x.test"), b"Subject: s\r\n\r\n.hello\r\n")


async def test_a_relay_takes_mails() -> None:
    async with smtp_server() as (port, lines):
        await Relay.parse(f"smtp://127.0.0.1:{port}").deliver(MAIL)
    told = [line for line in lines if line.partition(" ")[0] in ("mail", "rcpt")]
    assert told == ["mail FROM:<a@x.test>", "rcpt TO:<b@x.test>", "rcpt TO:<c@x.test>"]
    assert "Subject: s" in lines


async def test_a_relay_that_refuses_fails_the_call() -> None:
    async with smtp_server("550 nobody") as (port, _):
        with pytest.raises(MailFailed, match="nobody"):
            await Relay.parse(f"smtp://127.0.0.1:{port}").deliver(MAIL)
        with pytest.raises(MailFailed, match="no password without"):
            await Relay.parse(f"smtp://me:secret@127.0.0.1:{port}").deliver(MAIL)
    with pytest.raises(MailFailed, match=r"127\.0\.0\.1"):
        await Relay.parse(f"smtp://127.0.0.1:{port}").deliver(MAIL)


def test_a_relay_is_told_by_a_url() -> None:
    assert Relay.parse("smtps://a%40b:c%3Ad@relay") == Relay("relay", 465, True, "a@b", "c:d")
    assert Relay.parse("smtp://relay:587/").port == 587
    assert "secret" not in repr(Relay.parse("smtp://me:secret@relay"))
    for url in ("relay", "http://relay", "smtp://", "smtp://a/b"):
        with pytest.raises(ValueError, match="a relay is told as"):
            Relay.parse(url)
