"""Workers Sites: a folder of files, which the script finds in a KV namespace."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from holdfast.testing import Harness, HarnessError

MODULE = """
import text from "__STATIC_CONTENT_MANIFEST";
const manifest = JSON.parse(text);
export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname.slice(1);
    if (path === "all") return Response.json(manifest);
    if (path === "keys") {
      const first = await env.__STATIC_CONTENT.list({ prefix: "a", limit: 1 });
      const rest = await env.__STATIC_CONTENT.list({ prefix: "a", cursor: first.cursor });
      return Response.json([...first.keys, ...rest.keys].map(({ name }) => name));
    }
    if (path === "write") {
      const tried = [env.__STATIC_CONTENT.put("a", "b"), env.__STATIC_CONTENT.delete("a")];
      return Response.json((await Promise.allSettled(tried)).map(({ reason }) => `${reason}`));
    }
    return new Response(await env.__STATIC_CONTENT.get(manifest[path] ?? path, "stream"));
  },
};
"""
SERVICE_WORKER = """
addEventListener("fetch", (event) => {
  const key = JSON.parse(__STATIC_CONTENT_MANIFEST)["index.html"];
  event.respondWith(__STATIC_CONTENT.get(key).then((text) => new Response(text)));
});
"""


def make(folder: Path, script: str, **site: Any) -> Path:
    public = folder / "public"
    for name in ("index.html", "a/b.c.css", "a/noext", ".well-known/x", ".hidden", "z.map"):
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_text(f"this is {name}")
    (public / "node_modules").mkdir()
    (public / "node_modules" / "m.js").write_text("")
    (folder / "main.js").write_text(script)
    fields = {"name": "www", "main": "main.js", "site": {"bucket": "./public", **site}}
    (folder / "wrangler.json").write_text(json.dumps(fields))
    return folder


def test_files_are_found_by_the_keys_of_the_manifest(holdfast: Harness, tmp_path: Path) -> None:
    worker = holdfast.worker(make(tmp_path, MODULE))
    manifest = worker.fetch("/all").json()
    assert sorted(manifest) == [".well-known/x", "a/b.c.css", "a/noext", "index.html", "z.map"]
    head, digits, suffix = manifest["a/b.c.css"].rsplit(".", 2)
    assert (head, len(digits), suffix) == ("a/b.c", 10, "css")
    assert worker.fetch("/a/b.c.css").text() == "this is a/b.c.css"
    assert worker.fetch("/nothing").text() == ""
    assert worker.fetch("/keys").json() == sorted([manifest["a/b.c.css"], manifest["a/noext"]])
    assert worker.fetch("/write").json() == [
        "Error: KV PUT failed: 405 Cannot put() with Workers Sites namespace",
        "Error: KV DELETE failed: 405 Cannot delete() with Workers Sites namespace",
    ]


def test_a_service_worker_has_them_as_globals(holdfast: Harness, tmp_path: Path) -> None:
    assert holdfast.worker(make(tmp_path, SERVICE_WORKER)).fetch("/").text() == "this is index.html"


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ({"include": ["a/*"], "exclude": ["*.css"]}, ["a/b.c.css", "a/noext"]),
        ({"exclude": ["*.map", "a", ".well-known"]}, ["index.html"]),
    ],
)
def test_patterns_choose_among_them(
    holdfast: Harness, tmp_path: Path, site: dict[str, Any], expected: list[str]
) -> None:
    worker = holdfast.worker(make(tmp_path, MODULE, **site))
    assert sorted(worker.fetch("/all").json()) == expected


def test_a_file_that_has_changed_has_another_key(holdfast: Harness, tmp_path: Path) -> None:
    folder = make(tmp_path, MODULE)
    before = holdfast.worker(folder).fetch("/all").json()["index.html"]
    os.utime(folder / "public" / "index.html", (1, 1))
    assert holdfast.worker(folder, name="again").fetch("/all").json()["index.html"] != before


def test_a_folder_that_is_not_there_is_told(holdfast: Harness, tmp_path: Path) -> None:
    folder = make(tmp_path, MODULE, bucket="./dist")
    with pytest.raises(HarnessError, match=r'"site\.bucket" is no folder'):
        holdfast.worker(folder)
