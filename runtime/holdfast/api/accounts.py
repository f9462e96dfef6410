"""Who asks, and where Workers are to be found: what clients look up before they upload.

A Holdfast is one account, of whoever has the token.
https://developers.cloudflare.com/api/resources/accounts/
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import success
from holdfast.api.json_body import read_object
from holdfast.api.paging import paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.s3.credentials import access_key_id
from holdfast.api.settings import ApiSettings
from holdfast.catalog.errors import rejected
from holdfast.catalog.previews import PREVIEWS_ENABLED

OPERATOR = "operator@localhost"
"""The author of everything, for want of users."""

_ACCOUNT = {"id": "local", "name": "Holdfast", "type": "standard", "settings": {}}
_DEFAULT_PAGE = 20


class AccountHandlers:
    """The handlers of `/accounts`, `/memberships`, `/user` and of the subdomains of Workers."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account, and beside it."""
        base = account.removesuffix("/accounts/{account}")
        return [
            ("GET", f"{base}/user", self.user),
            ("GET", f"{base}/user/tokens/verify", self.verify),
            ("GET", f"{account}/tokens/verify", self.verify),
            ("GET", f"{base}/memberships", self.memberships),
            ("GET", f"{base}/accounts", self.accounts),
            ("GET", account, self.account),
            ("GET", f"{account}/workers/subdomain", self.subdomain),
            ("GET", f"{account}/workers/scripts/{{name}}/subdomain", self.script_subdomain),
            ("POST", f"{account}/workers/scripts/{{name}}/subdomain", self.put_script_subdomain),
        ]

    async def user(self, _request: web.Request) -> web.Response:
        """The one user."""
        return success({"id": "local", "email": OPERATOR})

    async def verify(self, request: web.Request) -> web.Response:
        """The token is sound, or the request would not have come here."""
        return success({"id": access_key_id(request.app[SETTINGS].token), "status": "active"})

    async def accounts(self, request: web.Request) -> web.Response:
        """The one account."""
        return paged([_ACCOUNT], request, dict, _DEFAULT_PAGE)

    async def account(self, _request: web.Request) -> web.Response:
        """The account, whatever it is called in the path."""
        return success(_ACCOUNT)

    async def memberships(self, request: web.Request) -> web.Response:
        """The one user's part in the one account."""
        entry = {"id": "local", "status": "accepted", "account": _ACCOUNT, "roles": []}
        return paged([entry], request, dict, _DEFAULT_PAGE)

    async def subdomain(self, request: web.Request) -> web.Response:
        """Where Workers are: a client puts the script's name in front, and ".workers.dev" after.

        That would be no host of theirs, so it is made a fragment of the URL.
        """
        return success({"subdomain": f"{request.app[SETTINGS].workers.host}/#"})

    async def script_subdomain(self, request: web.Request) -> web.Response:
        """A script is always on its subdomain, and its versions unless it was said otherwise."""
        name = request.match_info["name"]
        kept = self._platform.catalog.settings(name)
        return success(shown_subdomain(name, kept, request.app[SETTINGS]))

    async def put_script_subdomain(self, request: web.Request) -> web.Response:
        """Say whether versions have URLs: as the script has its own, where that alone is said.

        The script keeps its own, whatever is said of that.
        """
        fields = await read_object(request)
        for field in ("enabled", PREVIEWS_ENABLED):
            if not isinstance(fields.get(field), bool | None):
                raise rejected(f'"{field}" must be true or false.')
        wanted = fields.get(PREVIEWS_ENABLED)
        if wanted is None:
            wanted = fields.get("enabled")
        if wanted is not None:
            await self._platform.put_settings(
                request.match_info["name"], {PREVIEWS_ENABLED: wanted}
            )
        return await self.script_subdomain(request)


def shown_subdomain(name: str, kept: Mapping[str, Any], settings: ApiSettings) -> dict[str, Any]:
    """Where a script is, of which such settings are `kept`.

    Clients read no port out of `url`, so one that needs it is not told. They put the digits of a
    version, or its alias, before `preview_url_suffix`.
    """
    shown: dict[str, Any] = {
        "enabled": True,
        PREVIEWS_ENABLED: kept.get(PREVIEWS_ENABLED, True),
        "preview_url_suffix": f"-{name}.{settings.workers.host}",
    }
    if settings.workers.has_usual_port:
        shown["url"] = f"https://{name}.{settings.workers.host}"
    return shown
