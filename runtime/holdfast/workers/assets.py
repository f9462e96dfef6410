"""What answers for static assets, in front of a script and behind its binding.

`AssetEntrance` decides which requests are for assets and which for the script, as Cloudflare's
router worker does; `AssetServer` answers the former, as its asset worker does.

https://developers.cloudflare.com/workers/static-assets/routing/worker-script/
"""

import asyncio
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

import ada_url

from holdfast.assets.asset import Asset, AssetFiles
from holdfast.assets.configuration import AssetsConfig, NotFoundHandling
from holdfast.assets.headers import Fields, HeaderRules
from holdfast.assets.html_handling import Intent, intent_of
from holdfast.assets.redirects import Redirects
from holdfast.assets.rule_text import Mistake
from holdfast.assets.rules import RuleUrl
from holdfast.catalog.bindings import ASSETS_ENTRYPOINT
from holdfast.dataclass import dataclass
from holdfast.host.byte_streams import discard_body
from holdfast.host.file_bodies import open_body
from holdfast.host.header_lines import in_lines, pairs_in
from holdfast.workers.errors import AssetUnreadable
from holdfast.workers.worker import Body, WorkerResponse

CACHE_CONTROL = "public, max-age=0, must-revalidate"
_METHODS = ("GET", "HEAD")
_HTTP = re.compile(r"https?://([^/]*)(/.*)", re.DOTALL)
_NOT_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = "-_.!~*'()"  # beside letters and digits, by encodeURIComponent()


class Fetch(Protocol):
    """A Worker's `fetch`."""

    def __call__(
        self,
        method: str,
        url: str,
        headers: str,
        body: Body,
        entrypoint: str = "",
        *,
        props: str | None = None,
        cf: str | None = None,
    ) -> "asyncio.Future[WorkerResponse]":
        """See Worker.fetch."""


OnMistakes = Callable[[str, tuple[Mistake, ...]], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: an asset, or nothing but a status and where to go.

    `is_none` where no rule and no file is for the request, so that a script gets it.
    """

    status: int
    asset: Asset | None = None
    location: str | None = None
    is_none: bool = False


class Asked(NamedTuple):
    """A request as far as assets are concerned; `fields` are its headers, names in lower case."""

    method: str
    url: RuleUrl
    search: str
    whole: str
    fields: dict[str, str]

    @classmethod
    def of(cls, method: str, url: str, headers: str) -> "Asked":
        """Of a request with this URL, in canonical form, and these lines of headers."""
        found = _HTTP.match(url)
        # A script may ask its binding for any URL; those of other schemes have no host, for us.
        host, rest = found.groups() if found else ("", url.partition(":")[2])
        path, _, search = rest.partition("#")[0].partition("?")
        hostname = re.sub(r":\d+$", "", host)
        fields = {name.lower(): value for name, value in pairs_in(headers)}
        return cls(
            method.upper(), RuleUrl(hostname, path), f"?{search}" if search else "", url, fields
        )


class AssetServer:
    """Answers requests with the assets of one version of a script."""

    def __init__(
        self,
        files: AssetFiles,
        config: AssetsConfig,
        loop: asyncio.AbstractEventLoop,
        on_mistakes: OnMistakes,
    ) -> None:
        """`on_mistakes` is told what is wrong with a file of rules, by its name."""
        self._files = files
        self.config = config
        self._without_not_found = replace(config, not_found_handling=NotFoundHandling.NONE)
        self._loop = loop
        self._on_mistakes = on_mistakes
        self._texts: tuple[str | None, str | None] = (None, None)
        self._headers = HeaderRules()
        self._redirects = Redirects()
        self._read_rules()

    def _read_rules(self) -> None:
        headers, redirects = self._files.rule_files()
        if headers is None:
            headers = self.config.headers
        if redirects is None:
            redirects = self.config.redirects
        known_headers, known_redirects = self._texts
        if headers is not known_headers:
            self._headers = HeaderRules(headers or "")
            self._tell("_headers", self._headers.mistakes)
        if redirects is not known_redirects:
            self._redirects = Redirects(redirects or "", self.config.html_handling)
            self._tell("_redirects", self._redirects.mistakes)
        self._texts = headers, redirects

    def _tell(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        if mistakes:
            self._on_mistakes(name, mistakes)

    def reply(self, asked: Asked, *, with_not_found: bool = True) -> Reply:
        """What is to be answered; `with_not_found`, also where there is no such file."""
        self._read_rules()
        path = asked.url.path
        target = self._redirects.find(asked.url)
        if target is not None:
            try:
                there = ada_url.URL(target.to, asked.whole)
            except ValueError:  # what was filled in makes no URL
                return Reply(500)
            if target.status != 200:
                return Reply(target.status, location=_location(there, asked))
            path = str(there.pathname)
        decoded = decoded_path(path)
        config = self.config if with_not_found else self._without_not_found
        intent = intent_of(
            decoded, config.html_handling, config.not_found_handling, self._files.find
        )
        if intent is None:
            return Reply(404, is_none=target is None)
        if asked.method not in _METHODS:
            return Reply(405)
        return _reply_of(intent, path, decoded, asked.search)

    def respond(self, asked: Asked, reply: Reply) -> WorkerResponse:
        """The response that a reply is. Raises OSError where a file cannot be read."""
        fields: Fields = {}
        status, body = reply.status, None
        if reply.location is not None:
            fields["location"] = [reply.location]
        if reply.asset is not None:
            status, body = self._respond_with(reply.asset, reply.status, asked, fields)
        self._headers.apply(asked.url, fields)
        lines = in_lines((name, value) for name, values in fields.items() for value in values)
        return WorkerResponse(status, "", lines, body)

    def _respond_with(
        self, asset: Asset, status: int, asked: Asked, fields: Fields
    ) -> tuple[int, Body]:
        etag = f'"{asset.etag}"'
        fields["etag"] = [etag]
        if asset.content_type is not None:
            fields["content-type"] = [asset.content_type]
        if "authorization" not in asked.fields and "range" not in asked.fields:
            fields["cache-control"] = [CACHE_CONTROL]
        fields["cf-cache-status"] = ["HIT"]
        if _names(asked.fields.get("if-none-match", ""), etag):
            return 304, None
        if asked.method == "HEAD":
            fields["content-length"] = [f"{asset.size}"]
            return status, None
        return status, open_body(asset.file)

    def fetch(
        self, method: str, url: str, headers: str, body: Body
    ) -> "asyncio.Future[WorkerResponse]":
        """Answer a request, as `Worker.fetch` does."""
        discard_body(body)
        asked = Asked.of(method, url, headers)
        return self.answered(asked, self.reply(asked))

    def answered(self, asked: Asked, reply: Reply) -> "asyncio.Future[WorkerResponse]":
        """A future of the response, which is there."""
        answer: asyncio.Future[WorkerResponse] = self._loop.create_future()
        try:
            answer.set_result(self.respond(asked, reply))
        except OSError as error:
            answer.set_exception(AssetUnreadable(f"an asset cannot be read: {error}"))
        return answer


class AssetEntrance:
    """In front of a script that has assets: gives each request to the one or to the other."""

    def __init__(
        self,
        server: AssetServer,
        fetch: Fetch,
        *,
        has_script: bool,
        navigation_prefers_assets: bool,
        on_response: Callable[[int], None],
    ) -> None:
        """`fetch` is the script's; `on_response` is told the status of what it does not answer."""
        self._server = server
        self._fetch = fetch
        self._has_script = has_script
        self._navigation_prefers_assets = navigation_prefers_assets
        self._on_response = on_response
        self._static = server.config.static_routing()
        self._script_first = server.config.run_worker_first is True

    def fetch(
        self,
        method: str,
        url: str,
        headers: str,
        body: Body,
        entrypoint: str = "",
        *,
        props: str | None = None,
        cf: str | None = None,
    ) -> "asyncio.Future[WorkerResponse]":
        """See Worker.fetch."""
        if entrypoint == ASSETS_ENTRYPOINT:
            return self._server.fetch(method, url, headers, body)
        if not entrypoint:
            asked = Asked.of(method, url, headers)
            reply = self._reply(asked)
            if reply is not None:
                discard_body(body)
                answer = self._server.answered(asked, reply)
                self._on_response(500 if answer.exception() else answer.result().status)
                return answer
        return self._fetch(method, url, headers, body, entrypoint, props=props, cf=cf)

    def _reply(self, asked: Asked) -> Reply | None:
        """What the assets answer; None for what is the script's."""
        decided = None if self._static is None else self._static.decide(asked.url.path)
        if not self._has_script or decided is False:
            return self._server.reply(asked)
        if decided or self._script_first:
            return None
        keeps = self._static is not None or (
            self._navigation_prefers_assets and asked.fields.get("sec-fetch-mode") == "navigate"
        )
        reply = self._server.reply(asked, with_not_found=keeps)
        if reply.is_none:
            return None
        # The assets' it is: what stands for a page that is missing is theirs, too.
        return reply if keeps or reply.status != 404 else self._server.reply(asked)


def decoded_path(path: str) -> str:
    """A URL's path without escapes; what is no escape of UTF-8 stays, and slashes become one."""
    decoded = "/".join(map(_decoded, path.split("/"))) if "%" in path else path
    return re.sub("/{2,}", "/", decoded)


def encoded_path(path: str) -> str:
    """The path under which a file is served: that which `encodeURIComponent` makes."""
    return urllib.parse.quote(path, safe=f"/{_UNRESERVED}", errors="surrogatepass")


def _decoded(part: str) -> str:
    if _NOT_ESCAPED.search(part):
        return part
    try:
        return urllib.parse.unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return part


def _reply_of(intent: Intent, path: str, decoded: str, search: str) -> Reply:
    """An asset is served at one path only: from others, clients are sent there."""
    wanted = encoded_path(intent.redirect if intent.redirect is not None else decoded)
    if intent.redirect is not None or wanted != path:
        return Reply(307, location=wanted + search)
    return Reply(intent.status, intent.asset)


def _location(url: ada_url.URL, asked: Asked) -> str:
    """Where a redirect leads to; the request's query goes with it unless the rule has one."""
    tail = f"{url.search or asked.search}{url.hash}"
    if url.origin == ada_url.URL(asked.whole).origin:
        return f"{url.pathname}{tail}"
    bare = str(url.href)
    return f"{bare[: len(bare) - len(url.search) - len(url.hash)]}{tail}"


def _names(if_none_match: str, etag: str) -> bool:
    """Whether a client has what it would get (RFC 9110, section 13.1.2)."""
    if not if_none_match:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return etag in known or known == ["*"]
