"""Tests written in JavaScript: each export with a method `test` is an item of pytest.

They run as workerd runs them: `test(ctrl, env, ctx)`, in an isolate of the test's own, with the
modules of Node.js. What `env` holds comes from a Wrangler configuration beside the file, whose
Worker is loaded, too, or from the table `[test]` of a `holdfast.toml` there; without either, from
the classes that the file exports.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog.bindings import (
    ASSETS_ENTRYPOINT,
    D1,
    AssetsBinding,
    Binding,
    KeyValue,
    ObjectNamespace,
    R2Bucket,
    Service,
    WorkerLoader,
)
from holdfast.catalog.dates import is_compatibility_date
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.project_files import find_project
from holdfast.testing.answers import settled
from holdfast.testing.errors import HarnessError, JavaScriptError, LeakError
from holdfast.testing.harness import Harness
from holdfast.testing.options import timeout_of
from holdfast.testing.sources import Found, Options, find, project_bindings
from holdfast.testing.worker import Worker

SETTINGS = "holdfast.toml"
SELF = "SELF"
SKIPPED = "TestSkipped"


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_table_of_texts(value: object) -> bool:
    return isinstance(value, dict) and _are_texts([*value.values()])


# What [test] may have: what tells whether a value will do, and what it has to be.
_KNOWN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "compatibility_date": (lambda value: is_compatibility_date(str(value)), "a date"),
    "compatibility_flags": (_are_texts, "a list of texts"),
    "d1": (_are_texts, "a list of texts"),
    "durable_objects": (_is_table_of_texts, "a table of classes' names"),
    "kv": (_are_texts, "a list of texts"),
    "loaders": (_are_texts, "a list of texts"),
    "r2": (_are_texts, "a list of texts"),
    "vars": (lambda value: isinstance(value, dict), "a table"),
    "worker": (lambda value: isinstance(value, str), "the name of a file"),
}


class JavaScriptFile(pytest.File):
    """A file of tests. What it exports is found by loading it, as for Python."""

    def collect(self) -> Iterable["JavaScriptTest"]:
        """One item for each export that is a test."""
        with Harness(timeout=timeout_of(self.config)) as harness:
            worker = load(harness, self.path)
            loaded = worker.loaded
            names = loaded.host.enter(harness.runtime.tool(loaded, "listTests"))
        if not names:
            raise HarnessError(
                f"{self.path} has no tests: export objects with a method test(ctrl, env, ctx)."
            )
        for name in names.split("\n"):
            yield JavaScriptTest.from_parent(self, name=name)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """A file that does not load, in its own words."""
        if isinstance(excinfo.value, HarnessError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class JavaScriptTest(pytest.Item):
    """One exported test."""

    def runtest(self) -> None:
        """Run it on a platform of its own."""
        harness = Harness(
            timeout=timeout_of(self.config),
            seed=self.config.getoption("--holdfast-seed"),
            strict=self.config.getini("holdfast_strict"),
        )
        try:
            with harness:
                worker = load(harness, self.path)
                loaded = worker.loaded
                tool = harness.runtime.tool(loaded, "runTest")
                answer = loaded.event(tool, self.name)
                harness.drive(
                    settled(harness, worker, answer, f"the test {self.path.name}::{self.name}")
                )
        except JavaScriptError as error:
            if error.name == SKIPPED:
                pytest.skip(error.message or "skipped by the test")
            raise
        finally:
            if text := harness.report():
                self.add_report_section("call", "holdfast", text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """JavaScript's error with its stack and the line; no Python."""
        if isinstance(excinfo.value, JavaScriptError | HarnessError | LeakError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and name."""
        return self.path, None, f"{self.path.name}::{self.name}"


def load(harness: Harness, file: Path) -> Worker:
    """Load a file of tests, and the Worker that it tests. Raises HarnessError."""
    settings = _settings(file.with_name(SETTINGS))
    project = find_project(file.parent) if "worker" not in settings else None
    tested: Worker | None = None
    if "worker" in settings:
        tested = harness.worker(file.parent / str(settings["worker"]))
    elif project is not None:
        tested = harness.worker(project)
    found = find(file, Options(), [file.parent], harness.workers)
    # TOML has dates of its own.
    dated = str(settings["compatibility_date"]) if "compatibility_date" in settings else None
    flags = tuple(settings.get("compatibility_flags", ()))
    if tested is not None:
        dated = dated or tested.found.script.compatibility_date
        flags = flags or tested.found.script.compatibility_flags
    # Tests have node:assert, whatever the Worker that they test may import.
    flags = (*(flag for flag in flags if not flag.endswith("nodejs_compat")), "nodejs_compat")
    script = replace(
        found.script,
        bindings=tuple(_bindings(settings, tested, found)),
        compatibility_date=dated,
        compatibility_flags=flags,
    )
    return harness.add(replace(found, script=script), dict(settings.get("vars", {})))


def _bindings(
    settings: Mapping[str, Any], tested: Worker | None, found: Found
) -> Iterator[Binding]:
    name = found.script.name
    owner = name if tested is None else tested.name
    taken = set()
    if tested is not None:
        project = tested.found.project
        bound = (
            project_bindings(project, tested.name)
            if project is not None
            else [
                ObjectNamespace(class_name, f"{tested.name}-{class_name}")
                for class_name in tested.loaded.exports.classes
            ]
        )
        for binding in bound:
            taken.add(binding.name)
            is_to_assets = isinstance(binding, AssetsBinding)
            yield (
                Service(binding.name, tested.name, ASSETS_ENTRYPOINT) if is_to_assets else binding
            )
        if SELF not in taken:
            yield Service(SELF, tested.name)
    for bound_name, class_name in dict(settings.get("durable_objects", {})).items():
        yield ObjectNamespace(bound_name, f"{owner}-{class_name}")
    for bound_name in settings.get("kv", ()):
        yield KeyValue(bound_name, bound_name)
    for bound_name in settings.get("d1", ()):
        yield D1(bound_name, bound_name)
    for bound_name in settings.get("r2", ()):
        yield R2Bucket(bound_name, bound_name)
    for bound_name in settings.get("loaders", ()):
        yield WorkerLoader(bound_name)


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(file.read_text("utf-8")).get("test", {})
        if not isinstance(table, dict):
            raise ValueError("test is no table")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HarnessError(f"{file} cannot be read: {error}") from error
    if unknown := [*(key for key in table if key not in _KNOWN)]:
        raise HarnessError(
            f"{file}: [test] has no {', '.join(unknown)}; it knows {', '.join(_KNOWN)}."
        )
    for key, value in table.items():
        will_do, what = _KNOWN[key]
        if not will_do(value):
            raise HarnessError(f"{file}: [test]: {key} must be {what}, not {value!r}.")
    if mistake := mistake_in(table.get("compatibility_flags", ())):
        raise HarnessError(f"{file}: [test]: {mistake}.")
    known: Mapping[str, Any] = table
    return known
