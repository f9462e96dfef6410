"""Mail as tests see it: what is given to a handler, and what a script has sent."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

from holdfast.dataclass import dataclass
from holdfast.host.mail import Mail
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks
from holdfast.workers.mail import NO_MESSAGE_ID, IncomingMail, MailUnusable

__tracebackhide__ = hidden_from_tracebacks


@dataclass(frozen=True, slots=True)
class SentMail(Mail):
    """A mail that a script has sent; `kind` is "sent", "forwarded" or "replied"."""

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed by Python's `email`."""
        return message_from_bytes(self.raw, policy=policy.default)


class Outbox:
    """Where the mails of a harness's scripts go (host.mail.Outlet)."""

    def __init__(self) -> None:
        self.mails: list[SentMail] = []

    async def deliver(self, mail: Mail) -> None:
        """See Outlet."""
        sent = SentMail(mail.script, mail.kind, mail.sender, mail.recipients, mail.raw)
        self.mails.append(sent)


def incoming(
    message: str | bytes | EmailMessage, sender: str | None, recipient: str | None
) -> IncomingMail:
    """A mail for a handler. Raises HarnessError for one that no server would take."""
    raw = message.encode() if isinstance(message, str) else bytes(message)
    parsed = message_from_bytes(raw, policy=policy.default)
    try:
        return IncomingMail.read(
            sender or parseaddr(parsed["from"] or "")[1],
            recipient or parseaddr(parsed["to"] or "")[1],
            raw,
        )
    except MailUnusable as error:
        needed = "\nGive it a line such as Message-ID: <1@example.com>."
        hint = needed if str(error) == NO_MESSAGE_ID else ""
        raise HarnessError(f"{error}{hint}") from None
