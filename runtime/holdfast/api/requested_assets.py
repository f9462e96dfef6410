"""What an upload's metadata says of static assets.

https://developers.cloudflare.com/workers/static-assets/direct-upload/#uploaddeploy-new-version
"""

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.assets import AssetsConfig, AssetsInvalid
from holdfast.assets.headers import HeaderRules
from holdfast.assets.redirects import Redirects
from holdfast.catalog.errors import rejected
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RequestedAssets:
    """The assets that an upload asks for.

    `token` is that of an upload of files; with `keeps`, those of the latest version stay where
    there is none. `config` is None where it is not said how they are served.
    """

    token: str | None = None
    config: AssetsConfig | None = None
    keeps: bool = False

    @property
    def are_any(self) -> bool:
        """Whether the version may have assets."""
        return self.token is not None or self.keeps

    @property
    def notes(self) -> Iterator[str]:
        """What of `_headers` and `_redirects` is left out, as it is wrong."""
        if self.config is None:
            return
        for mistake in HeaderRules(self.config.headers or "").mistakes:
            yield f"_headers: {mistake}"
        redirects = Redirects(self.config.redirects or "", self.config.html_handling)
        for mistake in redirects.mistakes:
            yield f"_redirects: {mistake}"


def parse_assets(fields: Mapping[str, Any]) -> RequestedAssets:
    """The metadata's `assets` and `keep_assets`. Raises UploadRejected."""
    assets = fields.get("assets")
    keeps = fields.get("keep_assets")
    if keeps is not None and not isinstance(keeps, bool):
        raise rejected("metadata.keep_assets must be a boolean.")
    if not assets:
        return RequestedAssets(keeps=bool(keeps))
    if not isinstance(assets, dict):
        raise rejected("metadata.assets must be an object.")
    token, config = assets.get("jwt"), assets.get("config")
    if token is not None and not isinstance(token, str):
        raise rejected("metadata.assets.jwt must be a string.")
    if not token and not keeps:
        raise rejected(
            "metadata.assets.jwt is missing: it is what the upload of the assets ends with."
        )
    if config is not None and not isinstance(config, dict):
        raise rejected("metadata.assets.config must be an object.")
    try:
        parsed = None if config is None else AssetsConfig.parse(config)
    except AssetsInvalid as error:
        raise rejected(f"metadata.assets.config has a mistake: {error}.") from error
    return RequestedAssets(token or None, parsed, bool(keeps))
