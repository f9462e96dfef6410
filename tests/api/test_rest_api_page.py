"""docs/rest-api.md keeps up with the code."""

import inspect
import re
from pathlib import Path

import holdfast.api
from holdfast.api import d1, envelope, key_value, objects, queues, workflows
from holdfast.api.app import ACCOUNT, make_app
from holdfast.api.metadata import _REFUSED_FIELDS, KNOWN_FIELDS
from holdfast.api.upload import CONTENT_TYPES, SOURCE_MAP
from holdfast.catalog import ErrorCode
from holdfast.catalog.binding_entries import _PARSERS
from tests.api.fakes import TOKEN

PAGE = (Path(__file__).parents[2] / "docs" / "rest-api.md").read_text()


def test_every_error_code_is_on_the_page_and_none_besides():
    own = {
        value
        for module in (envelope, key_value, objects, workflows, d1, queues)
        for name, value in vars(module).items()
        if not name.startswith(("MAX_", "DEFAULT_", "_"))
        if name.isupper() and isinstance(value, int) and value != envelope.INFORMATION
    }
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)]
    assert codes == sorted(set(codes))
    assert set(codes) == own | {int(code) for code in ErrorCode}


def test_every_field_type_and_function_is_on_the_page():
    words = [*KNOWN_FIELDS, *_REFUSED_FIELDS, *_PARSERS, *CONTENT_TYPES, SOURCE_MAP]
    assert [word for word in words if f"`{word}`" not in PAGE] == []
    functions = [n for n in holdfast.api.__all__ if inspect.isfunction(getattr(holdfast.api, n))]
    assert [name for name in functions if name != "make_app" and name not in PAGE] == []


def canonical_path(route):
    """The route's path as the page writes it."""
    path = route.resource.canonical.removeprefix(ACCOUNT).removeprefix("/workers")
    return path.replace("{key:.*}", "{key}")


def test_every_route_is_on_the_page(platform):
    app = make_app(platform, holdfast.api.ApiSettings(TOKEN))
    paths = {
        re.sub(r"\{(\w+)\}", r":\1", canonical_path(route))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(ACCOUNT)
    }
    assert len(paths) == 87
    assert [path for path in paths if path not in PAGE] == []
