"""Mail, in Miniflare and in Holdfast: the same script, observation by observation."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture

FOLDER = Path(__file__).parent / "email"
FIXTURE = Fixture("email", "main", "", (Ask(),))
BINDINGS = [
    {"name": "ANY"},
    {"name": "ONLY", "destination_address": "only@y.test"},
    {
        "name": "SOME",
        "allowed_destination_addresses": ["a@y.test", "b@y.test"],
        "allowed_sender_addresses": ["a@x.test"],
    },
]
PROJECT = {
    "name": "email",
    "main": "main.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "send_email": BINDINGS,
}
HEADERS = {"From": "Me <me@x.test>", "Subject": "a\r\n b  c", "Message-ID": "<1@x.test>"}
THREAD = {"In-Reply-To": "<0@x.test>", "References": "<0@x.test>"}
# By a name: who it is for, and the headers.
MAILS = {
    **{
        name: (name, HEADERS)
        for name in (
            "reads",
            "forwards",
            "replies",
            "replies-whole",
            "replies-to-nothing",
            "replies-to-another",
            "replies-otherwise",
            "replies-as-another",
            "replies-without-id",
            "does nothing",
        )
    },
    "a thread": ("replies", HEADERS | THREAD),
    "a thread, whole": ("replies-to-all", HEADERS | THREAD),
    "a thread, in part": ("replies-whole", HEADERS | THREAD),
    "half a thread": ("replies", HEADERS | {"References": "<0@x.test>"}),
    "a long thread": ("replies", HEADERS | THREAD | {"References": "<0@x.test>\r\n " * 100}),
    "of a machine": ("replies", HEADERS | {"Auto-Submitted": "auto-replied"}),
    "of a person": ("replies", HEADERS | {"Auto-Submitted": "no"}),
    "no answers": ("replies", HEADERS | {"X-Auto-Response-Suppress": "All"}),
    "no id": ("reads", {"From": "me@x.test"}),
    "nobody": ("", HEADERS),
}

# Miniflare falls over it.
WANTED = {"no From"}


def answers(port: int) -> dict[str, str]:
    """What becomes of each mail."""
    told = {}
    for name, (to, headers) in MAILS.items():
        lines = [*(f"{header}: {value}" for header, value in headers.items()), "", "text"]
        envelope = {"from": "me@x.test", "to": to and f"{to}@y.test"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        path = f"/cdn-cgi/handler/email?{urlencode(envelope)}"
        connection.request("POST", path, "\r\n".join(lines).encode())
        response = connection.getresponse()
        told[name] = f"{response.status} {response.read().decode().strip()}"
        connection.close()
    return told


@pytest.mark.slow
def test_mail_is_handled_the_same(tmp_path: Path) -> None:
    sources = [SHARED, *FOLDER.iterdir()]
    told = (COMPATIBILITY_DATE, json.dumps(BINDINGS))
    with miniflare(copied(sources, tmp_path / "miniflare"), *told) as port:
        theirs = transcript(FIXTURE, port) | answers(port)
    with holdfast(copied(sources, tmp_path / "holdfast"), PROJECT, "--trigger-urls") as port:
        ours = transcript(FIXTURE, port) | answers(port)
    assert len(list((tmp_path / "holdfast" / "data" / "mail").iterdir())) > 10
    assert_alike(theirs, ours, WANTED)
