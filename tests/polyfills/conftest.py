"""Collects `tests/polyfills/<area>/<behaviour>.js`: each exported function is a test.

A test file is loaded into an isolate of its own under an internal name, so it can
import any polyfill (`holdfast:url/url.js`) besides using the globals. Its exported
functions run one after the other in that isolate's event context; a test that is
not done when the isolate has nothing left to do fails as hanging.
"""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from holdfast.engine import Handle, Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock
from tests.patience import PATIENCE_S

HERE = Path(__file__).parent
EXPORTED = re.compile(r"^export (?:async )?function (\w+)", re.MULTILINE)
RUNNER = """
import { Context, runTurn } from "holdfast:kernel/turns.js";
import { describeError } from "holdfast:kernel/errors.js";
import * as tests from "./%s";
const context = new Context();
let outcome = "";
export function start(name) {
  outcome = "";
  runTurn(context, async () => {
    try {
      await tests[name]();
      outcome = "passed";
    } catch (error) {
      outcome = describeError(error);
    }
  });
}
export const result = () => outcome;
"""
_platform: list[Platform] = []


class IsolateForTests:
    """An isolate with all polyfills and the modules of one test file in it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        if not _platform:
            _platform.append(Platform())
        self.lines: list[str] = []
        capabilities = Capabilities(
            console=lambda level, text: self.lines.append(f"{level}: {text}")
        )
        self.host = Host(loop, SystemClock(), capabilities)
        _platform[0].create_isolate(
            self.host, limits=Limits(), on_rejection=lambda e: self.lines.append(f"rejection: {e}")
        )
        isolate = self.host.isolate
        runner = RUNNER % path.name
        sources = {"assert.js": (HERE / "assert.js").read_bytes(), "runner.js": runner.encode()}
        sources[path.name] = path.read_bytes()
        names = {"holdfast:test/" + name: text for name, text in sources.items()}
        isolate.add_modules({n: Module(n, ModuleKind.ESM, text) for n, text in names.items()})
        namespace = isolate.evaluate("holdfast:test/runner.js")
        self._start = isolate.export(namespace, "start")
        self._result = isolate.export(namespace, "result")

    async def run(self, name: str) -> str:
        finished = asyncio.Event()
        self.host.on_idle = finished.set
        self.host.enter(self._start, name)
        while not (result := self._call(self._result)):
            assert self.host.pending, "the test waits for something that never happens"
            finished.clear()
            await asyncio.wait_for(finished.wait(), PATIENCE_S)
        return result

    def _call(self, function: Handle) -> str:
        return str(self.host.isolate.call(function))

    def close(self) -> None:
        self.host.close()
        self.host.isolate.close()


class JavaScriptTest(pytest.Item):
    def __init__(self, *, test: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.test = test

    def runtest(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        isolate = IsolateForTests(asyncio.get_running_loop(), self.path)
        try:
            outcome = await isolate.run(self.test)
            assert outcome == "passed", outcome + "".join("\n" + line for line in isolate.lines)
        finally:
            isolate.close()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:  # type: ignore[override]
        return f"{self.path.name}::{self.test}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.test}"


class JavaScriptFile(pytest.File):
    def collect(self) -> Iterable[pytest.Item]:
        for name in EXPORTED.findall(self.path.read_text()):
            yield JavaScriptTest.from_parent(self, name=name, test=name)


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    if file_path.suffix == ".js" and file_path.parent != HERE:
        return JavaScriptFile.from_parent(parent, path=file_path)
    return None
