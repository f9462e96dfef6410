"""`--log-format json`: an object a line, whatever it is that is told."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.json_log import JsonFormatter
from tests.cli.running import Running, get, holdfast
from tests.cli.serving import ANY_PORTS

JSON = ("--log-format", "json")

SCRIPT = """
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  fetch() {
    this.ctx.abort("enough");
  }
}
export default { async fetch(request, env) {
  if (request.url.endsWith("/throw")) throw new TypeError("thrown");
  if (request.url.endsWith("/reset")) {
    const stub = env.Counter.get(env.Counter.idFromName("a"));
    return new Response(await stub.fetch(request).then(String, String));
  }
  console.log("lines\\nand \\u001b[31mcolours\\u001b[0m", "é\\u2028\\ud800", { a: 1 });
  console.warn("careful");
  console.debug("x".repeat(5000));
  return new Response("ok");
} };
"""


def lines_of(lines: list[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in lines]
    for entry in found:
        assert entry["time"].endswith("Z") and {"level", "logger", "message"} <= entry.keys()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_script_prints_comes_with_its_name_and_level(tmp_path: Path, workers: str) -> None:
    (tmp_path / "site.mjs").write_text(SCRIPT)
    options = ("--port", "0", *JSON, "--workers", workers)
    with Running("run", "site.mjs", *options, folder=tmp_path) as server:
        url = server.line(r"listening on (http://\S+)/")[1]
        assert get(url).text == "ok"
        assert get(f"{url}/throw").status == 500
        assert server.stop() == 0
    out = lines_of(server.out)
    assert out[0]["logger"] == "holdfast.cli"
    told = [entry for entry in out if entry["logger"] == "console"]
    assert {entry["script"] for entry in told} == {"site"}
    assert [entry["level"] for entry in told] == ["info", "warning", "debug", "error"]
    assert told[0]["message"].startswith("lines\nand \x1b[31mcolours\x1b[0m é\u2028")
    assert told[2]["message"] == "x" * 5000
    assert "TypeError: thrown" in told[3]["message"]


@pytest.mark.slow
def test_our_own_log_names_script_and_object(tmp_path: Path) -> None:
    (tmp_path / "site.mjs").write_text(SCRIPT)
    options = ("--port", "0", *JSON, "--log-level", "debug")
    with Running("run", "site.mjs", *options, folder=tmp_path) as server:
        url = server.line(r"listening on (http://\S+)/")[1]
        get(f"{url}/reset")
        assert server.stop() == 0
    one, all_of_them = [
        entry for entry in lines_of(server.err) if entry["logger"] == "holdfast.objects"
    ]
    assert one["level"] == "debug" and one["script"] == "site"
    assert len(one["object"]) == 64 and one["object"] in one["message"]
    assert all_of_them["message"] == "1 object of Counter reset: enough"
    assert all_of_them["level"] == "info" and all_of_them["script"] == "site"


@pytest.mark.slow
def test_dev_tells_requests_in_fields(tmp_path: Path) -> None:
    (tmp_path / "site.mjs").write_text(SCRIPT)
    with Running("dev", "site.mjs", "--port", "0", *JSON, folder=tmp_path) as server:
        url = server.line(r"listening on (http://\S+)/")[1]
        get(f"{url}/a?b=%22")
        server.line("holdfast.requests")
        assert server.stop() == 0
    [told] = [entry for entry in lines_of(server.out) if entry["logger"] == "holdfast.requests"]
    assert (told["method"], told["target"], told["status"]) == ("GET", "/a?b=%22", 200)
    assert told["milliseconds"] > 0


@pytest.mark.slow
def test_why_a_server_does_not_start_is_json_too(tmp_path: Path) -> None:
    (tmp_path / ".holdfast").write_text("")
    done = holdfast("serve", *ANY_PORTS, *JSON, folder=tmp_path)
    assert done.code == 1
    [entry] = lines_of(done.err.splitlines())
    assert entry["level"] == "error" and entry["logger"] == "holdfast.cli"
    assert "the data folder .holdfast cannot be used" in entry["message"]


def test_an_exception_is_a_field_of_its_own() -> None:
    try:
        raise ValueError("wrong\nthing")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "%s!", ("b",), sys.exc_info())
    text = JsonFormatter().format(record)
    assert "\n" not in text
    entry = json.loads(text)
    assert (entry["logger"], entry["level"], entry["message"]) == ("a", "error", "b!")
    assert entry["exception"].startswith("Traceback") and "thing" in entry["exception"]
    assert "script" not in entry and "object" not in entry
