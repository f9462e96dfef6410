"""Mail that comes in: what a script is told of it, and what it has said of it.

https://developers.cloudflare.com/email-routing/email-workers/runtime-api/
"""

import json
from typing import Self

from holdfast.dataclass import dataclass
from holdfast.host.header_lines import in_lines
from holdfast.host.mail import MAX_MAIL_BYTES
from holdfast.host.mail_text import parse
from holdfast.host.rpc import Message

NO_ADDRESSES = (
    "Invalid email. Your request must include URL parameters specifying the `from` and `to` "
    "addresses, as well as an email in the body"
)
TOO_LARGE = "Email message size is bigger than the production size limit of 25MiB."
NO_MESSAGE_ID = "Email could not be parsed: invalid or no message id provided"


class MailUnusable(ValueError):
    """A mail that is given to no script; the message says why, in Miniflare's words."""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail with its envelope; `headers` are names and values, one a line."""

    sender: str
    recipient: str
    headers: str
    raw: bytes

    @classmethod
    def read(cls, sender: str, recipient: str, raw: bytes) -> Self:
        """A mail from its text. Raises MailUnusable."""
        if not (sender and recipient and raw):
            raise MailUnusable(NO_ADDRESSES)
        if len(raw) > MAX_MAIL_BYTES:
            raise MailUnusable(TOO_LARGE)
        parsed = parse(raw)
        if not parsed.message_id:
            raise MailUnusable(NO_MESSAGE_ID)
        return cls(sender, recipient, in_lines(parsed.headers), raw)


def rejection_of(answer: Message) -> str | None:
    """Why a script rejects the mail that it was given; None where it does not."""
    rejection: str | None = json.loads(answer.data)["rejection"]
    return rejection
