"""Messages as text: their headers, as far as Cloudflare's rules ask for them, and how one is made.

RFC 5322 and MIME are the standard library's. https://docs.python.org/3/library/email.html
"""

import json
import re
from collections.abc import Iterable
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import formataddr, formatdate, getaddresses, make_msgid, parseaddr
from typing import Any

from holdfast.dataclass import dataclass

MAX_REFERENCES = 100
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_SPACE = re.compile(r"\s+")
_BREAKS = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What is asked of a message. A header that is missing is empty.

    `headers` are all of them, each value in a line, as HTTP has them.
    """

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    in_reply_to: str
    references: str
    was_received: bool
    answers_nobody: bool
    headers: tuple[tuple[str, str], ...]

    @property
    def is_replyable(self) -> bool:
        """Whether a script may answer: not what a machine has written, nor what goes round."""
        if self.answers_nobody:
            return False
        if bool(self.in_reply_to) != bool(self.references):
            return False
        return self.references.count("@") < MAX_REFERENCES


def parse(raw: bytes) -> Parsed:
    """The headers of a message, whatever is wrong with it."""
    head = _END_OF_HEAD.split(raw, 1)[0]
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(head)
    headers = tuple((name, _line(value)) for name, value in message.items())
    first = {name.lower(): value for name, value in reversed(headers)}
    return Parsed(
        message_id=first.get("message-id", ""),
        sender=parseaddr(first.get("from", ""))[1],
        recipients=tuple(address for _, address in getaddresses([first.get("to", "")])),
        in_reply_to=first.get("in-reply-to", ""),
        references=first.get("references", ""),
        was_received="received" in first,
        answers_nobody=first.get("x-auto-response-suppress", "none").lower() != "none"
        or first.get("auto-submitted", "no").lower() != "no",
        headers=headers,
    )


def _line(value: object) -> str:
    text = str(value).encode("utf-8", "surrogateescape").decode(errors="replace")
    return _SPACE.sub(" ", text).strip()


def with_headers(raw: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """A message with these before its others."""
    added = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return added.encode("utf-8", "surrogateescape") + raw


def compose(fields: str, contents: bytes) -> bytes:
    """A message of these fields. Raises ValueError, and others that say what is wrong."""
    given = json.loads(fields)
    _refuse_breaks({name: value for name, value in given.items() if name not in ("text", "html")})
    message = EmailMessage(policy=policy.SMTP)
    _, sender = given["from"]
    message["From"] = formataddr(given["from"])
    for header, name in (("To", "to"), ("Cc", "cc")):
        if given[name]:
            message[header] = ", ".join(map(formataddr, given[name]))
    if given["replyTo"]:
        message["Reply-To"] = formataddr(given["replyTo"])
    message["Subject"] = given["subject"]
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    for name, value in given["headers"]:
        message[name] = value
    _set_content(message, given, contents)
    return message.as_bytes()


def _refuse_breaks(value: object) -> None:
    """Raise ValueError for a line break, which would begin another header."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            _refuse_breaks(each)
    elif isinstance(value, str) and not _BREAKS.isdisjoint(value):
        raise ValueError(f"{value!r} has a line break, which no header may have")


def _set_content(message: EmailMessage, given: dict[str, Any], contents: bytes) -> None:
    text, html = given["text"], given["html"]
    if text is not None or html is None:
        message.set_content(text or "")
        if html is not None:
            message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    start = 0
    for attachment in given["attachments"]:
        content = contents[start : start + attachment["length"]]
        start += attachment["length"]
        kind, _, subtype = attachment["type"].partition("/")
        message.add_attachment(
            content,
            maintype=kind or "application",
            subtype=subtype or "octet-stream",
            filename=attachment["filename"],
            disposition=attachment["disposition"],
            cid=f"<{attachment['contentId']}>" if attachment["contentId"] else None,
        )
