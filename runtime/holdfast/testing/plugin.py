"""The pytest plugin: the fixtures `holdfast` and `aholdfast`, JavaScript tests, reports.

Every run of pytest loads this module, so it imports what it needs when a test needs it.
"""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from holdfast.testing.options import declare_options, timeout_of
from holdfast.testing.owners import shared_fixtures

if TYPE_CHECKING:
    from holdfast.testing.harness import AsyncHarness, Harness
    from holdfast.testing.stage import Stage

SECTION = "holdfast"
OURS = "holdfast."


class _AsItIs:
    """Finds Holdfast's modules before pytest does, which would compile each of them anew.

    pytest rewrites the assertions of every package that brings a plugin; where it may not write
    that down (PYTHONDONTWRITEBYTECODE), that takes a second of each run.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """See importlib.abc.MetaPathFinder."""
        return PathFinder.find_spec(name, path, target) if name.startswith(OURS) else None


sys.meta_path.insert(0, _AsItIs)

_harnesses: "pytest.StashKey[list[tuple[str | None, Stage]]]" = pytest.StashKey()
_open_before: "pytest.StashKey[frozenset[Stage]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    declare_options(parser)


# ---- fixtures --------------------------------------------------------------------------


@pytest.fixture
def holdfast(request: pytest.FixtureRequest) -> "Iterator[Harness]":
    """A platform of the test's own for Workers and Durable Objects; see docs/testing.md."""
    yield from _harness(request)


def holdfast_fixture(scope: Any = "function") -> Any:
    """Make a fixture like `holdfast` with another scope.

    `shop = holdfast_fixture("module")` in a test module or a conftest.py.
    """

    @pytest.fixture(scope=scope)
    def shared(request: pytest.FixtureRequest) -> "Iterator[Harness]":
        yield from _harness(request)

    return shared


@pytest.fixture
def aholdfast(request: pytest.FixtureRequest) -> "AsyncHarness":
    """The same for async tests: what takes time is awaited."""
    node: Any = request.node
    test = node.obj
    if not inspect.iscoroutinefunction(test):
        pytest.fail(
            f"{node.name} is no async function: aholdfast is for those, holdfast for the others.",
            pytrace=False,
        )
    harness: AsyncHarness = _harness_module().AsyncHarness(**_options(request))
    _remember(request, harness)
    # It has to end in the test's own loop, and this is the one place that surely runs there.
    node.obj = _closing(test, harness)
    return harness


def _harness_module() -> Any:
    from holdfast.importing import without_collections

    with without_collections():
        return importlib.import_module("holdfast.testing.harness")


def _closing(test: Callable[..., Any], harness: "AsyncHarness") -> Callable[..., Any]:
    @functools.wraps(test)
    async def run(*arguments: Any, **named: Any) -> Any:
        async with harness:
            return await test(*arguments, **named)

    return run


def _harness(request: pytest.FixtureRequest) -> "Iterator[Harness]":
    harness: Harness = _harness_module().Harness(**_options(request))
    _remember(request, harness)
    try:
        yield harness
    finally:
        harness.close()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: "pytest.FixtureDef[Any]", request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """A harness that a fixture of a wider scope makes is not the test's to close."""
    if fixturedef.scope == "function":
        return (yield)
    made: list[Stage] = []
    fixturedef.addfinalizer(lambda: _check_closed(made, f"The fixture {fixturedef.argname}"))
    shared_fixtures.append(made)
    try:
        return (yield)
    finally:
        shared_fixtures.pop()
        for harness in made:
            if not harness.has_owner:  # it is none of `holdfast_fixture`
                _remember(request, harness)


def _check_closed(harnesses: "Iterable[Stage]", who: str) -> None:
    left = [harness for harness in harnesses if harness.is_open]
    if left:
        for harness in left:
            harness.abandoned()
        pytest.fail(
            f"{who} has left {len(left)} Harness open: use it in a with statement, or the "
            "fixture holdfast.",
            pytrace=False,
        )


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    config = request.config
    test_file: Path | None = getattr(request, "path", None)  # a session has none
    beside = [] if test_file is None else _up_to(config.rootpath, test_file.parent)
    return {
        "timeout": timeout_of(config),
        "seed": config.getoption("--holdfast-seed"),
        "folders": [*beside, config.rootpath],
        "strict": config.getini("holdfast_strict"),
    }


def _up_to(root: Path, folder: Path) -> list[Path]:
    """A test's folder and those above it, as far as pytest's root folder."""
    above = [one for one in folder.parents if one.is_relative_to(root)]
    return [folder, *above]


def _remember(request: pytest.FixtureRequest, harness: "Stage") -> None:
    harness.has_owner = True
    request.node.stash.setdefault(_harnesses, []).append((request.fixturename, harness))


# ---- JavaScript tests ------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect JavaScript tests; what exports nothing is another runner's."""
    if file_path.suffix not in (".js", ".mjs"):
        return None
    patterns = parent.config.getini("holdfast_js_files")
    if not any(file_path.match(pattern) for pattern in patterns):
        return None
    if b"export" not in file_path.read_bytes():
        return None
    from holdfast.testing.javascript import JavaScriptFile

    return JavaScriptFile.from_parent(parent, path=file_path)


# ---- reports ---------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the scripts have said and answered in a test that failed."""
    report = yield
    if report.failed:
        if crash := getattr(report.longrepr, "reprcrash", None):  # for the summary's few letters
            crash.message = crash.message.removeprefix("holdfast.testing.")
        used = getattr(item, "fixturenames", ())
        for node in item.listchain():
            for fixture, harness in node.stash.get(_harnesses, []):
                if fixture in used and (text := harness.report()):
                    report.sections.append((SECTION, text))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember which harnesses were open before a test; afterwards, forget those that ended."""
    item.stash[_open_before] = frozenset(_open_harnesses())
    try:
        return (yield)
    finally:
        del item.stash[_open_before]
        for node in item.listchain():
            if known := node.stash.get(_harnesses, None):
                known[:] = [entry for entry in known if not entry[1].closed]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that has made a Harness and has not closed it."""
    yield
    before = item.stash[_open_before]
    _check_closed([h for h in _open_harnesses() if h not in before], "The test")


def _open_harnesses() -> "list[Stage]":
    """Those that no fixture of ours takes care of."""
    module: Any = sys.modules.get("holdfast.testing.stage")
    return [] if module is None else [h for h in module.open_harnesses if not h.has_owner]
