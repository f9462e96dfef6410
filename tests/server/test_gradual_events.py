"""Batches of queues, mails and static assets of a script of which two versions are live."""

import asyncio
import base64
import hashlib
from typing import Any

import aiohttp
import pytest

from tests.patience import PATIENCE_S
from tests.server.deployment import TOKEN, Deployment
from tests.server.test_mail import RAW
from tests.server.test_queues import BINDING, api

MODULE = "application/javascript+module"
SOURCE = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/send") await env.JOBS.sendBatch(Array(20).fill({ body: "job" }));
    return new Response("LETTER");
  },
  queue(batch) { for (const { body } of batch.messages) console.log(body, "in LETTER"); },
  async email(message) { message.setReject("LETTER"); },
};
"""
ONE_BY_ONE = {"batch_size": 1, "max_wait_time_ms": 0}


class Split:
    """A script of which A is live and B is kept, until `deploy` says otherwise."""

    def __init__(self, deployment: Deployment) -> None:
        self.it = deployment
        self.versions: dict[str, str] = {}

    async def keep(self, letter: str) -> None:
        """Upload a version; the first one goes live."""
        name = "page.html"
        content = f"page of {letter}".encode()
        jwt = await self.uploaded(f"/{name}", content)
        metadata = {"main_module": "main.mjs", "bindings": [BINDING], "assets": {"jwt": jwt}}
        form = aiohttp.FormData()
        form.add_field("metadata", aiohttp.payload.JsonPayload(metadata))
        source = SOURCE.replace("LETTER", letter)
        form.add_field("file", source, filename="main.mjs", content_type=MODULE)
        method, path = (
            ("POST", "scripts/main/versions") if self.versions else ("PUT", "scripts/main")
        )
        answer = await self.it.api(method, path, data=form)
        assert answer["success"], answer
        latest = (await self.it.api("GET", "scripts/main/versions"))["result"]["items"][0]
        self.versions[letter] = latest["id"]

    async def uploaded(self, path: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()[:32]
        manifest = {"manifest": {path: {"hash": digest, "size": len(content)}}}
        begun = await self.it.api("POST", "scripts/main/assets-upload-session", json=manifest)
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field(digest, base64.b64encode(content), filename=digest, content_type="text/html")
        url = f"http://127.0.0.1:{self.it.api_port}/client/v4/accounts/a/workers/assets/upload"
        headers = {"Authorization": f"Bearer {begun['result']['jwt']}"}
        async with self.it.session.post(f"{url}?base64=true", data=form, headers=headers) as answer:
            jwt: str = (await answer.json())["result"]["jwt"]
            return jwt

    async def deploy(self, **percentages: int) -> None:
        shares = [
            {"version_id": self.versions[letter], "percentage": percentage}
            for letter, percentage in percentages.items()
        ]
        body = {"strategy": "percentage", "versions": shares}
        answer = await self.it.api("POST", "scripts/main/deployments", json=body)
        assert answer["success"], answer

    async def mail(self) -> Any:
        url = f"http://127.0.0.1:{self.it.api_port}/client/v4/accounts/a/workers/scripts/main/email"
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
        query = {"from": "a@x.test", "to": "b@x.test"}
        async with self.it.session.post(url, params=query, data=RAW, headers=headers) as answer:
            return (await answer.json())["result"]["reason"]

    async def ask(self, path: str, letter: str) -> str:
        override = {"Cloudflare-Workers-Version-Overrides": f'main="{self.versions[letter]}"'}
        return (await self.it.text("main", path, headers=override)).removeprefix("200 ")


@pytest.fixture
async def split(deployment: Deployment) -> Split:
    split = Split(deployment)
    await api(deployment, "POST", "", {"queue_name": "jobs"})
    await split.keep("A")
    await split.keep("B")
    return split


async def test_batches_are_given_to_both_versions(split: Split) -> None:
    consumer = {"type": "worker", "script_name": "main", "settings": ONE_BY_ONE}
    await api(split.it, "POST", "/jobs/consumers", consumer)
    await split.deploy(A=50, B=50)
    await split.it.text("main", "/send")
    async with asyncio.timeout(PATIENCE_S):
        while len(split.it.lines) < 20:
            await asyncio.sleep(0)
    assert {*split.it.lines} == {"main log: job in A", "main log: job in B"}
    split.it.lines.clear()
    await split.deploy(A=0, B=100)
    await split.it.text("main", "/send")
    async with asyncio.timeout(PATIENCE_S):
        while len(split.it.lines) < 20:
            await asyncio.sleep(0)
    assert {*split.it.lines} == {"main log: job in B"}


async def test_mails_are_given_to_both_versions(split: Split) -> None:
    await split.deploy(A=50, B=50)
    assert {await split.mail() for _ in range(30)} == {"A", "B"}
    await split.deploy(A=0, B=100)
    assert {await split.mail() for _ in range(5)} == {"B"}


async def test_files_are_those_of_the_version_that_a_request_goes_to(split: Split) -> None:
    assert await split.ask("/page", "A") == "page of A"
    await split.deploy(A=50, B=50)
    for letter in ("A", "B"):
        assert await split.ask("/", letter) == letter
        assert await split.ask("/page", letter) == f"page of {letter}"
    found = {await split.it.text("main", "/page") for _ in range(30)}
    assert found == {"200 page of A", "200 page of B"}
    key = {"Cloudflare-Workers-Version-Key": "ada"}
    script = await split.it.text("main", "/", headers=key)
    for _ in range(5):
        page = await split.it.text("main", "/page", headers=key)
        assert page.removeprefix("200 page of ") == script.removeprefix("200 ")
    # What a browser has kept of one version is not taken for the other's.
    assert await etag_of(split, "A") != await etag_of(split, "B")


async def etag_of(split: Split, letter: str) -> str | None:
    override = {"Cloudflare-Workers-Version-Overrides": f'main="{split.versions[letter]}"'}
    headers = {"Host": "main.localhost", **override}
    url = f"http://127.0.0.1:{split.it.port}/page"
    async with split.it.session.get(url, headers=headers) as response:
        return response.headers.get("ETag")
