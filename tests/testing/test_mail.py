"""Mail in tests: given to a handler, and found where it was sent."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from holdfast.testing import Harness, HarnessError, JavaScriptError

SOURCE = """
import { EmailMessage } from "cloudflare:email";
export default {
  async fetch(request, env) {
    const sent = await env.MAIL.send(await request.json());
    return Response.json(sent);
  },
  async email(message, env, ctx) {
    const subject = message.headers.get("subject");
    if (subject === "spam") return message.setReject("no spam");
    if (subject === "broken") throw new TypeError("cannot");
    if (subject === "twice") await message.forward("second@x.test", { "X-Copy": "yes" });
    if (subject === "odd") await message.forward("second@x.test", { Received: "no" });
    if (subject === "answer") {
      await message.reply({ from: message.to, subject: "Re", text: "thanks" });
    }
    await message.forward("first@x.test");
  },
};
"""


@pytest.fixture
def mailing(holdfast: Harness, tmp_path: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "main.mjs").write_text(SOURCE)
    (tmp_path / "wrangler.json").write_text(
        '{"name": "mailing", "main": "main.mjs", "send_email": [{"name": "MAIL"}]}'
    )
    return holdfast.worker(tmp_path)


def mail(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@x.test>", "me@x.test", subject
    message["Message-ID"] = "<1@x.test>"
    message.set_content("hello")
    return message


def test_what_a_script_makes_of_a_mail_is_told(mailing, holdfast) -> None:  # type: ignore[no-untyped-def]
    assert mailing.email(mail("spam")) == "no spam"
    assert holdfast.outbox == []
    assert mailing.email(mail("twice")) is None
    assert [(m.kind, m.recipients) for m in holdfast.outbox] == [
        ("forwarded", ("second@x.test",)),
        ("forwarded", ("first@x.test",)),
    ]
    assert holdfast.outbox[0].message["x-copy"] == "yes"
    assert holdfast.outbox[1].raw == bytes(mail("twice"))
    with pytest.raises(JavaScriptError, match="cannot"):
        mailing.email(mail("broken"))
    with pytest.raises(JavaScriptError, match=r"only X-\* can"):
        mailing.email(mail("odd"))
    with pytest.raises(HarnessError, match=r"no message id[^$]+ Message-ID: <1@"):
        mailing.email("From: a@x.test\nTo: b@x.test\n\n")


def test_an_answer_belongs_to_the_thread(mailing, holdfast) -> None:  # type: ignore[no-untyped-def]
    mailing.email(mail("answer"), recipient="sales@x.test")
    reply = holdfast.outbox[0]
    assert (reply.sender, reply.recipients) == ("sales@x.test", ("ada@x.test",))
    assert reply.message["In-Reply-To"] == reply.message["References"] == "<1@x.test>"
    assert reply.message.get_content().strip() == "thanks"


def test_what_is_described_is_sent_as_mime(mailing, holdfast) -> None:  # type: ignore[no-untyped-def]
    described = {
        "from": {"name": "Büro", "email": "office@x.test"},
        "to": "a@x.test",
        "cc": [{"name": "B", "email": "b@x.test"}],
        "bcc": ["c@x.test"],
        "replyTo": "answers@x.test",
        "subject": "Grüße",
        "headers": {"X-Kind": "test"},
        "text": "plain",
        "html": "<b>rich</b>",
        "attachments": [{"filename": "a.txt", "type": "text/plain", "content": "aGVsbG8="}],
    }
    sent = mailing.fetch(json=described).json()
    [found] = holdfast.outbox
    message = found.message
    assert found.recipients == ("a@x.test", "b@x.test", "c@x.test")
    assert sent == {"messageId": message["Message-ID"]}
    assert (message["From"], message["Subject"]) == ("Büro <office@x.test>", "Grüße")
    assert (message["Cc"], message["Bcc"], message["X-Kind"]) == ("B <b@x.test>", None, "test")
    assert message.get_body(("plain",)).get_content().strip() == "plain"
    assert message.get_body(("html",)).get_content().strip() == "<b>rich</b>"
    [attachment] = message.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("a.txt", "hello")


def test_an_address_may_come_with_a_name_in_one_text(mailing, holdfast) -> None:  # type: ignore[no-untyped-def]
    described = {
        "from": "Shop <shop@x.test>",
        "to": ["Ada Lovelace <ada@x.test>", "<b@x.test>", '"Doe, \\"J\\"" <doe@x.test>'],
        "replyTo": "Answers <answers@x.test>",
        "text": "t",
    }
    mailing.fetch(json=described)
    [found] = holdfast.outbox
    assert (found.sender, found.message["From"]) == ("shop@x.test", "Shop <shop@x.test>")
    assert found.recipients == ("ada@x.test", "b@x.test", "doe@x.test")
    to = 'Ada Lovelace <ada@x.test>, b@x.test, "Doe, \\"J\\"" <doe@x.test>'
    assert (found.message["To"], found.message["Reply-To"]) == (to, "Answers <answers@x.test>")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"subject": "a\r\nBcc: d@x.test"}, "could not build email"),
        ({"to": []}, "no recipient"),
        ({"to": "nobody"}, "no email address"),
        ({"to": "A <b> <a@x.test>"}, "no email address"),
        ({"to": "A\nB <a@x.test>"}, "could not build email"),
        ({"to": "a@x.test\n"}, "could not build email"),
        ({"attachments": [{"filename": "a", "content": "-"}]}, "neither bytes nor base64"),
        ({"headers": {"X-A": "b\nc"}}, "could not build email"),
    ],
)
def test_what_cannot_be_sent_is_refused(mailing, holdfast, fields, why) -> None:  # type: ignore[no-untyped-def]
    described = {"from": "a@x.test", "to": "b@x.test", "subject": "s", "text": "t", **fields}
    with pytest.raises(JavaScriptError, match=why):
        mailing.fetch(json=described)
    assert holdfast.outbox == []
