"""R2 buckets in tests: each test has its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.testing import Harness

SOURCE = """
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") return Response.json(await env.FILES.put(key, request.body));
    const object = await env.FILES.get(key);
    return object === null ? new Response(null, { status: 404 }) : new Response(object.body);
  },
};
"""


@pytest.fixture
def worker(holdfast: Harness, tmp_path: Path) -> Any:
    (tmp_path / "main.mjs").write_text(SOURCE)
    buckets = [{"binding": "FILES", "bucket_name": "files"}]
    config = {"name": "main", "main": "main.mjs", "r2_buckets": buckets}
    (tmp_path / "wrangler.json").write_text(json.dumps(config))
    return holdfast.worker(tmp_path)


@pytest.mark.parametrize("run", [1, 2])
def test_a_bucket_is_a_tests_own(worker: Any, run: int) -> None:
    assert worker.fetch("/k").status == 404
    assert worker.fetch("/k", method="PUT", body=b"v").json()["size"] == 1
    assert worker.fetch("/k").text() == "v"


def test_an_object_is_told_the_time_of_the_test(holdfast: Harness, worker: Any) -> None:
    now = holdfast.clock.now
    told = worker.fetch("/k", method="PUT", body=b"v").json()
    assert told["uploaded"].startswith(now.isoformat()[:13])


def test_what_was_put_survives_a_crash(holdfast: Harness, worker: Any) -> None:
    large = "x" * 300_000
    worker.fetch("/small", method="PUT", body=b"v")
    worker.fetch("/large", method="PUT", body=large)
    holdfast.crash()
    assert worker.fetch("/small").text() == "v"
    assert worker.fetch("/large").text() == large
    worker.fetch("/small", method="PUT", body=b"w")
    assert worker.fetch("/small").text() == "w"
