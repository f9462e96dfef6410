"""The same tests on workerd, each in a process of its own, for `make wpt ARGS=--peer`.

A Worker of a few lines stands for environment.js: it gives testharness.js and the scripts to
workerd's own `eval` binding, which runs them as classic scripts in the global scope, within a
handler, where workerd lets them do things.
"""

import asyncio
import json
import os
import socket
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import aiohttp

from tests.wpt.discovery import Test
from tests.wpt.expected import Expectations
from tests.wpt.isolate import HARNESS_STATUSES, SUBTEST_STATUSES, Outcome
from tests.wpt.server import Address
from tests.wpt.worker import HARNESS, content_of, resolved

PATIENCE_SECONDS = 15.0  # for starting, and a loaded machine

_WORKER = """
const define = (name, value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
export default {
  async fetch(request, env) {
    const { address, scripts, seconds } = await request.json();
    const results = [];
    const location = {};
    for (const name of ["href", "origin", "protocol", "host", "hostname", "port", "pathname",
      "search", "hash"]) location[name] = new URL(address)[name];
    location.toString = () => address;
    define("location", location);
    define("isSecureContext", true);
    // testharness.js shall not take it for the scope of a service worker, as workerd calls it.
    define("ServiceWorkerGlobalScope", class {});
    define("WorkerGlobalScope", class {});
    define("GLOBAL", { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false });
    const { fetch } = globalThis;
    // workerd looks names up in the machine's DNS, which does not know the tests' host.
    const found = (input) => {
      if (typeof input !== "string") return input;
      const url = new URL(input, address);
      url.hostname = "127.0.0.1";
      return url.href;
    };
    define("fetch", (input, init) => fetch(found(input), init));
    const [[, harness], ...others] = scripts;
    env.EVAL.eval(harness, "testharness.js");
    return await new Promise((resolve) => {
      let message = "";
      setup({ explicit_done: true });
      add_result_callback((test) => results.push([test.name, test.status, test.message]));
      add_completion_callback((_, { status }) =>
        resolve(Response.json({ status, message, results })));
      setTimeout(() => globalThis.timeout(), seconds * 1000);
      try {
        for (const [name, source] of others) env.EVAL.eval(source, name);
      } catch (error) {
        message = String(error);
        resolve(Response.json({ status: 1, message, results }));
      }
      setTimeout(() => globalThis.done(), 0);
    });
  },
};
"""

_CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "main.mjs", esModule = embed "main.mjs")],
      compatibilityDate = "2026-07-01",
      bindings = [(name = "EVAL", unsafeEval = void)],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:%d", http = (), service = "main")],
);
"""


class Peer:
    """workerd in the place of Holdfast's isolates."""

    def __init__(self, checkout: Path, address: Address, binary: Path) -> None:
        self._binary = binary
        self._checkout = checkout
        self._address = address

    async def run(self, tests: Iterable[Test]) -> dict[str, Outcome]:
        """What comes of every test, by its name."""
        waiting = sorted(tests, key=lambda test: test.seconds)
        found: dict[str, Outcome] = {}

        async def work() -> None:
            while waiting:
                test = waiting.pop()
                found[test.name] = await self._run(test)

        await asyncio.gather(*(work() for _ in range(os.cpu_count() or 1)))
        return found

    async def _run(self, test: Test) -> Outcome:
        names = [HARNESS, *(resolved(test.file, name) for name in test.metadata.scripts), test.file]
        address = self._address
        scripts = [
            (
                address.url(name),
                content_of(self._checkout / name, address).decode("utf-8", "replace"),
            )
            for name in names
        ]
        told = {"address": address.url(test.name), "scripts": scripts, "seconds": test.seconds}
        with (
            tempfile.TemporaryDirectory() as folder,
            socket.create_server(("127.0.0.1", 0)) as free,
        ):
            port = free.getsockname()[1]
            free.close()
            (Path(folder) / "main.mjs").write_text(_WORKER)
            (Path(folder) / "config.capnp").write_text(_CONFIG % port)
            process = await asyncio.create_subprocess_exec(
                self._binary, "serve", "--experimental", f"{folder}/config.capnp",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                return await _ask(port, told, test.seconds + PATIENCE_SECONDS)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                return Outcome("CRASH", str(error))
            finally:
                process.kill()
                await process.wait()


async def _ask(port: int, told: dict[str, object], seconds: float) -> Outcome:
    timeout = aiohttp.ClientTimeout(total=seconds)
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            try:
                async with session.post(f"http://127.0.0.1:{port}/", json=told) as response:
                    answer = json.loads(await response.text())
                    break
            except aiohttp.ClientConnectorError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.02)  # until it listens
    subtests = [(str(n), SUBTEST_STATUSES[s], m or "") for n, s, m in answer["results"]]
    return Outcome(HARNESS_STATUSES[answer["status"]], answer["message"], subtests)


def comparison(
    tests: Iterable[Test],
    ours: dict[str, Outcome],
    theirs: dict[str, Outcome],
    expectations: Expectations,
) -> str:
    """A table: of the subtests that either side knows and that apply, how many each passes."""
    tallies: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for test in tests:
        local = test.name.removeprefix(test.area + "/")
        mine, other = (
            {name: status for name, status, _ in side[test.name].subtests}
            for side in (ours, theirs)
        )
        for name in mine.keys() | other.keys():
            meant = expectations.area(test.area).meant(local, name)
            if meant and meant[0][0].kind == "inapplicable":
                continue
            tally = tallies[test.area]
            tally[0] += 1
            tally[1] += mine.get(name) == "PASS"
            tally[2] += other.get(name) == "PASS"
    lines = [f"{'area':<40} {'subtests':>9} {'Holdfast':>9} {'workerd':>9}"]
    for area, (total, passed, peer) in sorted(tallies.items()):
        lines.append(f"{area:<40} {total:>9} {passed:>9} {peer:>9}")
    return "\n".join(lines)
