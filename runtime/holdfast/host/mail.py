"""Ops behind email: what scripts send, forward and answer.

https://developers.cloudflare.com/email-routing/email-workers/runtime-api/
What is refused, and in which words, is Miniflare's.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from holdfast.dataclass import dataclass
from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.header_lines import pairs_in
from holdfast.host.ops import async_op, op

if TYPE_CHECKING:
    from holdfast.catalog.bindings import SendEmail
    from holdfast.host.mail_text import Parsed


MAX_MAIL_BYTES = 25 << 20  # as at Cloudflare
TOO_LARGE = "the email is larger than 25 MiB"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail on its way out of a script; `kind` is "sent", "forwarded" or "replied"."""

    script: str
    kind: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class MailFailed(Exception):
    """A mail could not be handed over; the message says why."""


class Outlet(Protocol):
    """Where mails go."""

    async def deliver(self, mail: Mail) -> None:
        """Hand it over; once this returns, it is not lost by a crash. Raises MailFailed."""


class MailBindings:
    """What one isolate may send, by the number of a binding (the capability `mail`)."""

    def __init__(self, script: str, outlet: Callable[[], Outlet]) -> None:
        """`outlet` is asked for when there is a mail."""
        self._script = script
        self._outlet = outlet
        self._bindings: list[SendEmail] = []

    def bind(self, binding: "SendEmail") -> int:
        """Let the isolate send by a binding; its number there."""
        self._bindings.append(binding)
        return len(self._bindings) - 1

    def check(self, number: int, sender: str, recipients: Sequence[str]) -> None:
        """Raise ScriptError for addresses that the binding is not for."""
        binding = self._bindings[number]
        senders = binding.allowed_sender_addresses
        if senders is not None and sender not in senders:
            raise ScriptError("Error", f"email from {sender} not allowed")
        for recipient in recipients:
            only, allowed = binding.destination_address, binding.allowed_destination_addresses
            if only not in (None, recipient) or (allowed is not None and recipient not in allowed):
                raise ScriptError("Error", f"email to {recipient} not allowed")

    async def deliver(self, kind: str, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """See Outlet. Raises ScriptError."""
        if len(raw) > MAX_MAIL_BYTES:
            raise ScriptError("Error", TOO_LARGE)
        for address in (sender, *recipients):
            if "@" not in address or not address.isprintable() or " " in address:
                raise ScriptError("Error", f"{address!r} is no email address")
        try:
            mail = Mail(self._script, kind, sender, tuple(recipients), raw)
            await self._outlet().deliver(mail)
        except MailFailed as error:
            raise ScriptError("Error", f"could not send email: {error}") from error


@async_op
async def mail_send(host: Host, binding: int, sender: str, recipients: str, raw: bytes) -> str:
    """Send a message by a binding; `recipients` are one a line. Its Message-ID."""
    to = recipients.split("\n")
    mail: MailBindings = host.capabilities.mail
    mail.check(binding, sender, to)
    parsed = _checked(sender, raw)
    await mail.deliver("sent", sender, to, raw)
    return parsed.message_id


@async_op
async def mail_forward(host: Host, sender: str, recipient: str, headers: str, raw: bytes) -> str:
    """Forward a message that came in, with more headers, one name or value a line; its Message-ID.

    Only headers that nobody else gives a meaning may be added.
    """
    from holdfast.host.mail_text import parse, with_headers

    more = pairs_in(headers)
    for name, _ in more:
        if not name.lower().startswith("x-"):
            raise ScriptError("Error", f"the header {name} cannot be added: only X-* can")
    await host.capabilities.mail.deliver("forwarded", sender, [recipient], with_headers(raw, more))
    return parse(raw).message_id


@async_op
async def mail_reply(host: Host, original: bytes, sender: str, recipient: str, raw: bytes) -> str:
    """Answer a message that came in; the answer's Message-ID."""
    from holdfast.host.mail_text import parse, with_headers

    incoming = parse(original)
    if not incoming.is_replyable:
        raise ScriptError("Error", "Original email is not replyable")
    reply = _checked(sender, raw)
    if not reply.in_reply_to:
        raise ScriptError("Error", "no In-Reply-To header found in reply message")
    if reply.in_reply_to != incoming.message_id:
        raise ScriptError("Error", "In-Reply-To does not match original Message-ID")
    if not reply.references:
        references = f"{incoming.message_id} {incoming.references}".strip()
        raw = with_headers(raw, [("References", references)])
    elif not (incoming.message_id in reply.references and incoming.references in reply.references):
        raise ScriptError("Error", "provided References header is invalid")
    await host.capabilities.mail.deliver("replied", sender, [recipient], raw)
    return reply.message_id


@op
def mail_compose(_host: Host, fields: str, contents: bytes) -> bytes:
    """A message in MIME; `fields` are JSON as polyfills/email/builder.js writes it."""
    from holdfast.host.mail_text import compose

    if len(contents) > MAX_MAIL_BYTES:
        raise ScriptError("Error", TOO_LARGE)
    try:
        return compose(fields, contents)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ScriptError("Error", f"could not build email: {error}") from error


def _checked(sender: str, raw: bytes) -> "Parsed":
    """A message that is to go out. Raises ScriptError for one that others would refuse."""
    from holdfast.host.mail_text import parse

    parsed = parse(raw)
    if not parsed.message_id:
        raise ScriptError("Error", "invalid message-id")
    if parsed.sender != sender:
        raise ScriptError("Error", "From: header does not match mail from")
    if parsed.was_received:
        raise ScriptError("Error", "invalid headers set")
    return parsed
