"""What a project says of its assets: `assets` in Wrangler's configuration and in an upload.

https://developers.cloudflare.com/workers/wrangler/configuration/#assets
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from holdfast.assets.static_routing import StaticRouting
from holdfast.dataclass import dataclass


class AssetsInvalid(ValueError):
    """The assets, or what is said of them, cannot be used; the message is for their author."""


class HtmlHandling(StrEnum):
    """At which paths a file `….html` is served."""

    AUTO = "auto-trailing-slash"
    FORCE = "force-trailing-slash"
    DROP = "drop-trailing-slash"
    NONE = "none"


class NotFoundHandling(StrEnum):
    """What is served where there is no file."""

    SINGLE_PAGE = "single-page-application"
    PAGE = "404-page"
    NONE = "none"


_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class AssetsConfig:
    """How assets are served.

    `run_worker_first` are rules, or whether the script gets all requests; `headers` and
    `redirects` are the texts of `_headers` and `_redirects`, where they were uploaded.
    """

    html_handling: HtmlHandling = HtmlHandling.AUTO
    not_found_handling: NotFoundHandling = NotFoundHandling.NONE
    run_worker_first: bool | tuple[str, ...] = False
    headers: str | None = None
    redirects: str | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "AssetsConfig":
        """The configuration in these fields, others aside. Raises AssetsInvalid."""
        first = fields.get("run_worker_first")
        if first is None:
            first = fields.get("serve_directly") is False
        if isinstance(first, list) and all(isinstance(rule, str) for rule in first):
            first = tuple(first)
        if not isinstance(first, bool | tuple):
            raise AssetsInvalid('"run_worker_first" must be a boolean or a list of strings')
        config = cls(
            html_handling=_choice(HtmlHandling, fields, "html_handling") or HtmlHandling.AUTO,
            not_found_handling=(
                _choice(NotFoundHandling, fields, "not_found_handling") or NotFoundHandling.NONE
            ),
            run_worker_first=first,
            headers=_text(fields, "_headers"),
            redirects=_text(fields, "_redirects"),
        )
        config.static_routing()
        return config

    def static_routing(self) -> StaticRouting | None:
        """The rules of `run_worker_first`; None where it is a boolean. Raises AssetsInvalid."""
        if isinstance(self.run_worker_first, bool):
            return None
        try:
            return StaticRouting(self.run_worker_first)
        except ValueError as error:
            raise AssetsInvalid(str(error)) from error

    def fields(self) -> dict[str, Any]:
        """The configuration as an upload has it, but for what is not said."""
        first = self.run_worker_first
        told = {
            "html_handling": str(self.html_handling),
            "not_found_handling": str(self.not_found_handling),
            "run_worker_first": first if isinstance(first, bool) else list(first),
            "_headers": self.headers,
            "_redirects": self.redirects,
        }
        return {name: value for name, value in told.items() if value is not None}


def _choice(kind: type[_Choice], fields: Mapping[str, Any], name: str) -> _Choice | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(f'"{one}"' for one in kind)
        raise AssetsInvalid(f'"{name}" must be one of {known}, not {value!r}') from None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise AssetsInvalid(f'"{name}" must be a string')
    return value
