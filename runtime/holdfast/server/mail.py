"""Where mails of scripts go: to an SMTP relay, or into the folder `mail` of the data folder."""

import asyncio
import os
import smtplib
import ssl
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from holdfast.dataclass import dataclass
from holdfast.host.context import Tell
from holdfast.host.mail import Mail, MailFailed
from holdfast.storage.disk import make_folder, sync_path

RELAY_SECONDS = 30.0
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Relay:
    """An SMTP server that takes mails for everybody."""

    host: str
    port: int
    is_encrypted: bool  # from the first byte on; else from STARTTLS on, where that is offered
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> "Relay":
        """The relay of smtp://[user:password@]host[:port], or smtps://. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("a relay is told as smtp://user:password@host:port, or smtps://…")
        return cls(
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            parts.scheme == "smtps",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    async def deliver(self, mail: Mail) -> None:
        """Have the relay take it. Raises MailFailed."""
        try:
            await asyncio.to_thread(self._send, mail)
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(f"the relay {self.host} has not taken it: {error}") from error

    def _send(self, mail: Mail) -> None:
        client = self._connected()
        try:
            if self.user:
                client.login(self.user, self.password)
            refused = client.sendmail(mail.sender, mail.recipients, mail.raw)
            with suppress(smtplib.SMTPException, OSError):  # it has taken the mail
                client.quit()
        finally:
            client.close()
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)  # some of several

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.is_encrypted:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=RELAY_SECONDS, context=context)
        client = smtplib.SMTP(self.host, self.port, timeout=RELAY_SECONDS)
        client.ehlo_or_helo_if_needed()
        if client.has_extn("starttls"):
            client.starttls(context=context)
        elif self.user:
            client.close()
            raise smtplib.SMTPException("it has no STARTTLS, and is told no password without")
        return client


class MailFolder:
    """Keeps mails as files, which are whole once they have their names, and says where."""

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._folder = folder
        self._tell = tell

    async def deliver(self, mail: Mail) -> None:
        """Have it on the disk. Raises MailFailed."""
        try:
            path = await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise MailFailed(str(error)) from error
        to = ", ".join(mail.recipients)
        self._tell(mail.script, "info", f"mail {mail.kind}, from {mail.sender} to {to}: {path}")

    def _write(self, mail: Mail) -> Path:
        make_folder(self._folder)
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
        path = self._folder / f"{moment}-{uuid4().hex[:8]}.eml"
        fresh = path.with_suffix(".new")
        try:
            with fresh.open("xb") as file:
                file.write(mail.raw)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            fresh.unlink(missing_ok=True)  # of a full disk, perhaps
            raise
        fresh.rename(path)
        sync_path(self._folder)
        return path.absolute()
