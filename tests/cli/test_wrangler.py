"""Cloudflare's own Wrangler, unmodified, against `holdfast serve`."""

import json
import os
import re
import subprocess

import pytest

from tests.peers import wrangler_binary
from tests.serving import TOKEN, Platform

pytestmark = pytest.mark.slow

TIMEOUT_S = 120

WORKER = """
import { DurableObject } from "cloudflare:workers";

export class Counter extends DurableObject {
  async up() {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}

export default {
  async fetch(request, env) {
    const count = await env.COUNTER.getByName("one").up();
    const kept = await env.KV.get("a/b c");
    const { GREETING: greeting, SECRET: secret } = env;
    return Response.json({ count, kept, greeting, secret, number: NUMBER });
  },
  async scheduled() {},
};
"""

CONFIGURATION = {
    "name": "counter",
    "main": "worker.js",
    "compatibility_date": "2026-01-01",
    "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
    "vars": {"GREETING": "hello"},
    "triggers": {"crons": ["*/5 * * * *"]},
}


class Project:
    """A Wrangler project in a folder, and a platform that it is deployed to."""

    def __init__(self, folder, platform):
        self.folder = folder
        self.platform = platform
        self._binary = wrangler_binary()

    def write(self, number, **configuration):
        """The script, which tells `number`, and the configuration file."""
        (self.folder / "worker.js").write_text(WORKER.replace("NUMBER", str(number)))
        text = json.dumps({**CONFIGURATION, **configuration})
        (self.folder / "wrangler.json").write_text(text)

    def run(self, *arguments, typed=None):
        """What a successful command prints."""
        done = self.attempt(*arguments, typed=typed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *arguments, typed=None):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CI": "1",
            "NO_COLOR": "1",
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_HIDE_BANNER": "true",
            "CLOUDFLARE_API_BASE_URL": self.platform.api,
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": "local",
        }
        return subprocess.run(
            [self._binary, *arguments],
            cwd=self.folder,
            env=env,
            input=typed or "",
            text=True,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def ask(self):
        return json.loads(self.platform.ask("counter").text)


@pytest.fixture
def project(tmp_path):
    wrangler_binary()
    (tmp_path / "platform").mkdir()
    (tmp_path / "project").mkdir()
    platform = Platform(tmp_path / "platform")
    yield Project(tmp_path / "project", platform)
    platform.process.stop()


def test_wrangler_deploys_keeps_secrets_rolls_back_and_deletes(project):
    created = project.run("kv", "namespace", "create", "entries")
    (namespace,) = re.findall(r'"id": "(\w+)"', created)
    entry = ("--remote", "--namespace-id", namespace)
    project.run("kv", "key", "put", "a/b c", "kept", *entry)

    bindings = {"kv_namespaces": [{"binding": "KV", "id": namespace}]}
    project.write(1, **bindings)
    printed = project.run("deploy")
    assert "schedule: */5 * * * *" in printed
    assert re.search(r"https://counter\.localhost:\d+/#", printed)
    told = {"count": 1, "kept": "kept", "greeting": "hello", "number": 1}
    assert project.ask() == told

    project.run("secret", "put", "SECRET", typed="a secret")
    project.write(2, **bindings, vars={"GREETING": "again"})
    (live,) = re.findall(r"Current Version ID: (\S+)", project.run("deploy", "--message", "two"))
    told = {"kept": "kept", "greeting": "again", "secret": "a secret"}
    assert project.ask() == {"count": 2, "number": 2, **told}

    project.write(3, **bindings)
    (version,) = re.findall(r"Worker Version ID: (\S+)", project.run("versions", "upload"))
    assert project.ask() == {"count": 3, "number": 2, **told}
    printed = project.run("versions", "deploy", f"{version}@0%", f"{live}@100%", "--yes")
    assert f"version {version} at 0%" in printed and f"version {live} at 100%" in printed
    override = f'Cloudflare-Workers-Version-Overrides: counter="{version}"'
    chosen = project.platform.ask("counter", "/", "--header", override)
    assert (json.loads(chosen.text)["number"], project.ask()["number"]) == (3, 2)
    assert re.search(rf"\(0%\) {version}", project.run("deployments", "status"))
    project.run("versions", "deploy", "--yes", "--version-id", version)
    assert project.ask()["number"] == 3
    project.run("rollback", "--yes")
    assert project.ask() == {"count": 7, "number": 2, **told}
    deployments = json.loads(project.run("deployments", "list", "--json"))
    deployed = [[entry["version_id"] for entry in d["versions"]] for d in deployments]
    assert deployed[-4:] == [[live], [version, live], [version], [live]]

    refused = project.attempt("delete")
    assert "10064" in refused.stdout + refused.stderr
    project.run("delete", "--force")
    assert project.attempt("deployments", "list").returncode != 0


def test_wrangler_shows_why_an_upload_is_refused(project):
    project.write(1, vectorize=[{"binding": "V", "index_name": "index"}])
    refused = project.attempt("deploy")
    assert refused.returncode != 0
    assert "Holdfast has no binding of type 'vectorize'" in refused.stdout + refused.stderr


BUCKET_WORKER = """
export default {
  async fetch(request, env) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const object = await env.FILES.get(key);
    if (object === null) return new Response("none", { status: 404 });
    return new Response(object.body, { headers: { etag: object.httpEtag } });
  },
};
"""


def test_wrangler_creates_buckets_fills_them_and_deploys_with_them(project):
    project.run("r2", "bucket", "create", "files")
    assert re.search(r"name:\s+files", project.run("r2", "bucket", "list"))
    (project.folder / "large.bin").write_bytes(os.urandom(3 << 20))
    arguments = ("--remote", "--file", "large.bin", "--content-type", "a/b")
    project.run("r2", "object", "put", "files/a/large b.bin", *arguments)
    got = ("--remote", "--file", "got.bin")
    project.run("r2", "object", "get", "files/a/large b.bin", *got)
    content = (project.folder / "large.bin").read_bytes()
    assert (project.folder / "got.bin").read_bytes() == content
    told = project.run("r2", "bucket", "info", "files")
    assert re.search(r"object_count:\s+1", told) and "3.15 MB" in told

    configuration = {
        "name": "reader",
        "main": "worker.js",
        "compatibility_date": "2026-01-01",
        "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}],
    }
    (project.folder / "worker.js").write_text(BUCKET_WORKER)
    (project.folder / "wrangler.json").write_text(json.dumps(configuration))
    project.run("deploy")
    served = project.folder / "served.bin"
    answer = project.platform.ask("reader", "/a/large%20b.bin", "--output", served)
    assert (answer.status, served.read_bytes()) == (200, content)

    refused = project.attempt("r2", "bucket", "delete", "files")
    assert "10008" in refused.stdout + refused.stderr
    project.run("r2", "object", "delete", "files/a/large b.bin", "--remote")
    assert project.platform.ask("reader", "/a/large%20b.bin").status == 404
    project.run("r2", "bucket", "delete", "files")
    missing = project.attempt("r2", "bucket", "info", "files")
    assert "10006" in missing.stdout + missing.stderr


def test_wrangler_deploys_routes_and_custom_domains(project):
    def ask(host, path="/"):
        header = f"Host: {host}:{project.platform.port}"
        return project.platform.ask("nobody", path, "--header", header).status

    configuration = {"compatibility_date": "2026-01-01", "main": "worker.js"}
    (project.folder / "worker.js").write_text("export default { fetch: () => new Response() };")

    def deploy(name, *routes):
        fields = {**configuration, "name": name, "workers_dev": False, "routes": routes}
        (project.folder / "wrangler.json").write_text(json.dumps(fields))
        return project.attempt("deploy")

    api = {"pattern": "www.app.example/api/*", "zone_name": "app.example"}
    deployed = deploy("app", {"pattern": "app.example", "custom_domain": True}, api)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "app.example (custom domain)" in deployed.stdout
    assert ask("app.example", "/x") == ask("www.app.example", "/api/x") == 200
    assert ask("www.app.example", "/x") == 404

    refused = deploy("other", "www.app.example/api/*")
    assert refused.returncode != 0
    assert '"app" is already assigned to routes' in refused.stdout + refused.stderr
    project.run("delete", "--name", "app", "--force")
    assert ask("app.example", "/x") == 404
    assert deploy("other", "www.app.example/api/*").returncode == 0
    assert ask("www.app.example", "/api/x") == 200


ASSETS_WORKER = """
export default {
  async fetch(request, env) {
    const { status } = await env.FILES.fetch(new URL("/nothing", request.url));
    return new Response(`script, ${status}, ${await env.FILES.fetch("http://h/a").then(text)}`);
  },
};
const text = (response) => response.text();
"""


def test_wrangler_deploys_static_assets(project):
    public = project.folder / "public"
    (public / "sub").mkdir(parents=True)
    (public / "a.html").write_text("page")
    (public / "sub" / "style.css").write_text("h1 {}")
    (public / "large.bin").write_bytes(os.urandom(12 << 20))
    (public / "left.tmp").write_text("left")
    (public / ".assetsignore").write_text("*.tmp\n")
    (public / "_headers").write_text("/a\n  X-A: 1\n")
    (public / "_redirects").write_text("/old /a 301\n")
    (project.folder / "worker.js").write_text(ASSETS_WORKER)
    assets = {"directory": "public", "binding": "FILES", "not_found_handling": "404-page"}
    configuration = {"name": "site", "compatibility_date": "2026-01-01", "assets": assets}

    def configure(**fields):
        text = json.dumps({**configuration, **fields})
        (project.folder / "wrangler.json").write_text(text)

    def ask(path, *arguments):
        return project.platform.ask("site", path, *arguments)

    configure(main="worker.js")
    assert "Uploaded 3 of 3 assets" in project.run("deploy")
    assert ask("/a").text == "page"
    assert ask("/sub/style.css", "--head").text.startswith("HTTP/1.1 200")
    assert "content-type: text/css; charset=utf-8" in ask("/sub/style.css", "--head").text
    assert "x-a: 1" in ask("/a", "--head").text
    assert "location: /a" in ask("/old", "--head").text
    assert ask("/left.tmp").text == ask("/else").text == "script, 404, page"
    assert ask("/large.bin", "--output", project.folder / "got.bin").status == 200
    assert (project.folder / "got.bin").read_bytes() == (public / "large.bin").read_bytes()

    project.run("secret", "put", "SECRET", typed="a secret")
    assert ask("/a").text == "page"
    (public / "a.html").write_text("another page")
    assert "Uploaded 1 of 1 asset" in project.run("deploy")
    assert ask("/a").text == "another page"
    project.run("rollback", "--yes")
    assert ask("/a").text == "page"

    (public / "a.html").write_text("page to come")
    printed = project.run("versions", "upload", "--preview-alias", "next")
    assert "Version Preview Alias URL: https://next-site.localhost" in printed
    assert project.platform.ask("next-site", "/a").text == "page to come"
    assert ask("/a").text == "page"

    (public / "a.html").write_text("another page")
    del assets["binding"]
    configure()
    printed = project.run("deploy")
    assert "No updated asset files to upload" in printed
    assert (ask("/a").text, ask("/else").status) == ("another page", 404)
    project.run("delete", "--force")
    assert ask("/a").status == 404
