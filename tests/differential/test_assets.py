"""Static assets as Cloudflare's own asset worker and router worker serve them, in Miniflare."""

import http.client
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.peers import REPOSITORY
from tests.serving import HoldfastProcess, free_ports

pytestmark = pytest.mark.slow

PEER = Path(__file__).parent / "assets" / "peer.mjs"
MODULES = REPOSITORY / "node_modules"

FILES = (
    "index.html",
    "404.html",
    "both.html",
    "both/index.html",
    "bin",
    "bin.html",
    "folder/index.html",
    "folder/file.html",
    "folder/404.html",
    "folder/index/index.html",
    "deep/er/a.html",
    "index-only/index.html",
    "named/index",
    "plain.txt",
    "script.js",
    "module.mjs",
    "data.json",
    "picture.svg",
    "unknown.zzz",
    "Makefile",
    ".well-known/thing",
    "sp ace.html",
    "[b]racket.txt",
    "ümlaut.txt",
    "per%cent.txt",
    "a+b&c=d.txt",
    "kept/one.tmp",
    "left-out/two.tmp",
    "left-out/three.txt",
)
IGNORED = "*.tmp\n!one.tmp\n/left-out/three.txt\n"
HEADERS = """
# a comment
/*
  X-All: yes
  ! CF-Cache-Status
/folder/*
  X-All: again
  X-Splat: :splat
  Set-Cookie: a=1
/:first/file
  X-First: <:first>
  Set-Cookie: b=2
/plain.txt
  Content-Type: text/fancy
  Cache-Control: max-age=5
https://*.localhost/data.json
  X-Host: :splat
https://:name.localhost/picture.svg
  X-Name: :name
  X-Empty:
/two/*/stars/*
  X-Never: 1
"""
REDIRECTS = """
# a comment
/moved /plain.txt
/moved-for-good /plain.txt 301
/other https://example.com/there?x=1#y 303
/keeps https://example.com/there#y
/temporarily /a/b?c=d 307
/for-ever /a/b 308 # and a comment
/proxied /plain.txt 200
/proxied-away https://example.com/ 200
/wrong /x 404
/moved /again 301
/* /index.html 200
/blog/:year/:slug /posts/:slug-:year 302
/files/* /folder/:splat 200
/out/* https://example.com/:splat
//double/* /x//:splat
/late /plain.txt 301
/one
"""

PATHS = (
    *("/", "/index", "/index.html", "/index/", "/404", "/404.html"),
    *("/both", "/both/", "/both.html", "/both/index", "/both/index.html"),
    *("/bin", "/bin/", "/bin.html", "/bin/index", "/bin/index.html"),
    *("/folder", "/folder/", "/folder.html", "/folder/index", "/folder/index.html"),
    *("/folder/file", "/folder/file/", "/folder/file.html", "/folder/file/index"),
    *("/folder/file/index.html", "/folder/none", "/folder/deeper/none", "/folder/index/"),
    *("/folder/index/index", "/folder/index/index.html"),
    *("/deep/er/a", "/deep/er/a.html", "/deep/er/", "/deep/er", "/deep"),
    *("/index-only", "/index-only.html", "/index-only/", "/named/index", "/named", "/named/"),
    *("/plain.txt", "/plain.txt/", "/plain", "/script.js", "/module.mjs", "/data.json"),
    *("/picture.svg", "/unknown.zzz", "/Makefile", "/.well-known/thing", "/PLAIN.TXT"),
    *("/sp%20ace", "/sp%20ace.html", "/[b]racket.txt", "/%5Bb%5Dracket.txt", "/%5bb%5dracket.txt"),
    *("/%C3%BCmlaut.txt", "/%c3%bcmlaut.txt", "/per%25cent.txt", "/per%cent.txt", "/%FF.txt"),
    *("/a+b&c=d.txt", "/a%2Bb%26c%3Dd.txt", "/folder%2Ffile", "/folder%2ffile.html"),
    *("//plain.txt", "//folder//file", "/folder//", "///", "/./plain.txt", "/folder/../plain.txt"),
    *("/%2e%2e/plain.txt", "/..%2fplain.txt", "/folder/..%2Fplain.txt", "/folder%2F..%2Fplain.txt"),
    *(
        "/%2Fplain.txt",
        "/plain.txt%00",
        "/kept/one.tmp",
        "/left-out/two.tmp",
        "/left-out/three.txt",
    ),
    *("/_headers", "/_redirects", "/.assetsignore", "/none", "/none/", "/none.html", "/?a=b"),
    *("/folder?a=b", "/index.html?a=b&c", "/plain.txt?", "/api/x", "/api/open/plain.txt"),
    *("/moved", "/moved?q=1", "/moved-for-good", "/other", "/other?z=1", "/keeps?z=1"),
    *("/temporarily", "/temporarily?e=f", "/for-ever", "/proxied", "/proxied?x", "/proxied-away"),
    *("/blog/2026/hello", "/blog/2026", "/blog/a/b/c", "/files/file", "/files/none", "/files/"),
    *("/out/", "/out/a/b?c", "/out//evil.com", "/double/a", "/late", "/wrong", "/one"),
)
SCRIPT = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/x") return new Response("script");
    const answer = await env.ASSETS.fetch(request);
    const headers = new Headers(answer.headers);
    headers.set("x-by", "script");
    return new Response(answer.body, { status: answer.status, headers });
  },
};
"""
DATE, OLD_DATE = "2026-01-01", "2024-09-23"
CASES = {
    "auto": {},
    "force": {"html_handling": "force-trailing-slash"},
    "drop": {"html_handling": "drop-trailing-slash"},
    "raw": {"html_handling": "none", "not_found_handling": "404-page"},
    "page": {"not_found_handling": "404-page"},
    "single": {"not_found_handling": "single-page-application"},
    "script": {"binding": "ASSETS"},
    "old": {"binding": "ASSETS", "not_found_handling": "404-page"},
    "navigated": {"binding": "ASSETS", "not_found_handling": "single-page-application"},
    "first": {"binding": "ASSETS", "run_worker_first": True, "not_found_handling": "404-page"},
    "rules": {
        "binding": "ASSETS",
        "run_worker_first": ["/api/*", "/plain.txt", "!/api/open/*"],
        "not_found_handling": "single-page-application",
    },
}
REQUESTS = (
    ("HEAD", {}),
    ("POST", {}),
    ("GET", {"Sec-Fetch-Mode": "navigate"}),
    ("GET", {"Range": "bytes=0-3"}),
    ("GET", {"Authorization": "Bearer x"}),
)
IN_ALL_WAYS = (
    "/",
    "/index.html",
    "/plain.txt",
    "/api/x",
    "/none",
    "/moved",
    "/proxied",
    "/files/none",
)
COMPARED = (
    *(
        "location",
        "content-type",
        "cache-control",
        "cf-cache-status",
        "x-all",
        "x-splat",
        "x-first",
    ),
    *("x-host", "x-name", "x-empty", "x-never", "x-by", "set-cookie"),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "public"
    for name in FILES:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"this is {name}\n")
    (folder / ".assetsignore").write_text(IGNORED)
    (folder / "_headers").write_text(HEADERS)
    (folder / "_redirects").write_text(REDIRECTS)
    return folder


def date_of(name):
    return OLD_DATE if name == "old" else DATE


@pytest.fixture(scope="module")
def peer(directory):
    """The port of Miniflare, with all cases."""
    node = shutil.which("node")
    if node is None or not (MODULES / "miniflare").is_dir():
        pytest.skip("there is no Miniflare: run `make peers`")
    workers = [
        {
            "name": name,
            "directory": str(directory),
            "script": SCRIPT if "binding" in assets else None,
            "assets": assets,
            "date": date_of(name),
        }
        for name, assets in CASES.items()
    ]
    with subprocess.Popen(
        [node, PEER, MODULES, json.dumps(workers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield int(process.stdout.readline())
        process.stdin.close()
        process.wait(30)


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture
def ours(case, directory, tmp_path):
    """The port of `holdfast run` with one case."""
    assets = {**CASES[case], "directory": str(directory)}
    config = {"name": case, "compatibility_date": date_of(case), "assets": assets}
    if "binding" in assets:
        (tmp_path / "worker.mjs").write_text(SCRIPT)
        config["main"] = "worker.mjs"
    (tmp_path / "wrangler.json").write_text(json.dumps(config))
    (port,) = free_ports(1)
    process = HoldfastProcess(["run", ".", "--port", str(port)], [port], tmp_path)
    yield port
    process.stop()


def observed(port, host, requests):
    """What each of the requests is answered, as far as it is to be the same."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    seen = {}
    for method, path, headers in requests:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        told = {name: response.headers.get_all(name) for name in COMPARED}
        told = {name: ", ".join(values) for name, values in told.items() if values}
        has_etag = "etag" in response.headers
        seen[f"{method} {path} {headers or ''}"] = (response.status, told, has_etag, body)
    connection.close()
    return seen


def test_assets_are_served_as_by_cloudflares_workers(case, peer, ours):
    requests = [("GET", path, {}) for path in PATHS]
    requests += [(method, path, headers) for path in IN_ALL_WAYS for method, headers in REQUESTS]
    host = f"{case}.localhost"
    with ThreadPoolExecutor() as pool:
        theirs, mine = pool.map(lambda port: observed(port, host, requests), (peer, ours))
    differing = [
        f"{name}\n  theirs: {theirs[name]}\n  ours:   {mine[name]}"
        for name in theirs
        if theirs[name] != mine[name]
    ]
    assert not differing, "\n".join(["they differ:", *differing])
