"""Static assets in front of a script and behind its binding."""

import json
import os

import pytest

from holdfast.testing.javascript import load

SCRIPT = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Thing extends DurableObject {
  async page() {
    await this.ctx.storage.put("a", 1);
    return (await this.env.ASSETS.fetch("http://any.example/page")).text();
  }
}

export class Other extends WorkerEntrypoint {
  fetch() { return new Response("other entrypoint"); }
  give() { return this.env.ASSETS; }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const get = (url, init) => env.ASSETS.fetch(url, init);
    switch (pathname) {
      case "/object": return new Response(await env.THING.getByName("a").page());
      case "/relative": return get(new URL("/page.html", "https://elsewhere.example"));
      case "/manual": return get("https://x.example/page.html", { redirect: "manual" });
      case "/head": return get("https://x.example/page", { method: "HEAD" });
      case "/post": return get("https://x.example/page", { method: "POST", body: "x" });
      case "/missing": return get("https://x.example/missing");
      case "/large": {
        const { body } = await get("https://x.example/large.bin");
        let size = 0;
        for await (const chunk of body) size += chunk.length;
        return new Response(`${size}`);
      }
      case "/left": {
        const { body } = await get("https://x.example/large.bin");
        await body.cancel();
        return new Response("left");
      }
      case "/self": return env.SELF.fetch("https://x.example/page");
      case "/loopback": return ctx.exports.default.fetch("https://x.example/page");
      case "/given": {
        using given = await env.OTHER.give();
        return given.fetch("https://x.example/page");
      }
      case "/called": return env.ASSETS.method().catch((error) => new Response(error.message));
      case "/odd": {
        const urls = ["foo:page", "foo://host", "foo:/page", "data:,x", "https://u:p@h:1/page#x"];
        const answers = await Promise.all(urls.map((url) => get(url)));
        return Response.json(answers.map(({ status }) => status));
      }
      case "/kind": return new Response(`${env.ASSETS}`);
    }
    return new Response(`script ${pathname}`);
  },
};
"""
LARGE = os.urandom(600_000)


@pytest.fixture
def site(tmp_path):
    """A folder with a project whose script has assets."""
    public = tmp_path / "public"
    public.mkdir()
    (public / "page.html").write_text("<p>page</p>")
    (public / "index.html").write_text("<p>index</p>")
    (public / "large.bin").write_bytes(LARGE)
    (tmp_path / "worker.mjs").write_text(SCRIPT)
    configure(tmp_path)
    return tmp_path


def configure(folder, **fields):
    configuration = {
        "name": "site",
        "main": "worker.mjs",
        "compatibility_date": "2026-01-01",
        "assets": {"directory": "public", "binding": "ASSETS"},
        "durable_objects": {"bindings": [{"name": "THING", "class_name": "Thing"}]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": ["Thing"]}],
        "services": [
            {"binding": "SELF", "service": "site"},
            {"binding": "OTHER", "service": "site", "entrypoint": "Other"},
        ],
        **fields,
    }
    given = {name: value for name, value in configuration.items() if value is not None}
    (folder / "wrangler.json").write_text(json.dumps(given))


def test_a_file_goes_before_the_script_and_the_script_before_nothing(holdfast, site):
    worker = holdfast.worker(site)
    page = worker.fetch("/page")
    assert page.text() == "<p>page</p>"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert worker.fetch("/else").text() == "script /else"
    assert worker.fetch("/page", entrypoint="Other").text() == "other entrypoint"


def test_a_client_that_has_a_file_is_told_so(holdfast, site):
    worker = holdfast.worker(site)
    etag = worker.fetch("/page").headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = worker.fetch("/page", headers={"If-None-Match": known})
        assert (same.status, same.content, same.headers["etag"]) == (304, b"", etag)
    assert worker.fetch("/page", headers={"If-None-Match": '"other"'}).status == 200
    (site / "public" / "page.html").write_text("<p>another</p>")
    assert worker.fetch("/page", headers={"If-None-Match": etag}).text() == "<p>another</p>"


def test_files_and_rules_can_change_at_any_time(holdfast, site):
    worker = holdfast.worker(site)
    assert worker.fetch("/new.txt").text() == "script /new.txt"
    (site / "public" / "new.txt").write_text("new")
    (site / "public" / "_headers").write_text("/new.txt\n  X-New: 1\n")
    answer = worker.fetch("/new.txt")
    assert (answer.text(), answer.headers["x-new"]) == ("new", "1")
    (site / "public" / "new.txt").unlink()
    (site / "public" / "_redirects").write_text("/new.txt /page 301\nodd\n")
    answer = worker.fetch("/new.txt")
    assert (answer.status, answer.headers["location"]) == (301, "/page")
    assert any("line 2: Expected exactly 2 or 3" in line.text for line in worker.logs)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/object", (200, "<p>page</p>")),
        ("/relative", (200, "<p>page</p>")),
        ("/manual", (307, "")),
        ("/head", (200, "")),
        ("/post", (405, "")),
        ("/missing", (404, "")),
        ("/large", (200, f"{len(LARGE)}")),
        ("/left", (200, "left")),
        ("/self", (200, "<p>page</p>")),
        ("/loopback", (200, "script /page")),
        ("/given", (200, "<p>page</p>")),
        ("/called", (200, "The receiver is not an RPC object")),
        ("/odd", (200, "[404,404,200,404,200]")),
        ("/kind", (200, "[object Fetcher]")),
    ],
)
def test_the_binding_answers_whatever_the_host_and_whoever_asks(holdfast, site, path, expected):
    answer = holdfast.worker(site).fetch(path)
    assert (answer.status, answer.text()) == expected


def test_a_large_file_comes_as_it_is(holdfast, site):
    worker = holdfast.worker(site)
    assert worker.fetch("/large.bin").content == LARGE
    head = worker.fetch("/large.bin", method="HEAD")
    assert (head.content, head.headers["content-length"]) == (b"", f"{len(LARGE)}")


def test_assets_can_be_all_there_is(holdfast, site):
    assets = {"directory": "public", "not_found_handling": "single-page-application"}
    alone = {"main": None, "durable_objects": None, "migrations": None, "services": None}
    configure(site, assets=assets, **alone)
    worker = holdfast.worker(site)
    assert worker.fetch("/page").text() == "<p>page</p>"
    assert worker.fetch("/anything").text() == "<p>index</p>"
    assert worker.fetch("/anything", method="POST", body="x").status == 405


def test_tests_in_javascript_have_the_assets_of_the_worker_that_they_test(holdfast, site):
    file = site / "a.test.mjs"
    file.write_text("export default { fetch: (_, env) => env.ASSETS.fetch('http://h/page') };")
    assert load(holdfast, file).fetch().text() == "<p>page</p>"


def test_another_worker_gets_what_clients_get(holdfast, site):
    other = holdfast.worker(
        "export default { fetch: (request, env) => env.SITE.fetch(request) }",
        env={"SITE": holdfast.worker(site)},
    )
    assert other.fetch("/page").text() == "<p>page</p>"
    assert other.fetch("/else").text() == "script /else"
