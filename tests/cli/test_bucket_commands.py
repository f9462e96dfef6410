"""Buckets of a server that has several processes, is backed up, restored and checked."""

import hashlib
import json
import threading
import urllib.request
from pathlib import Path

import pytest

from tests.cli.running import holdfast
from tests.cli.serving import Served

pytestmark = pytest.mark.slow

WORKER = """
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (key === "") return Response.json((await env.FILES.list()).objects.map((o) => o.key));
    if (request.method === "PUT") {
      return new Response((await env.FILES.put(key, request.body)).etag);
    }
    const object = await env.FILES.get(key);
    return object === null ? new Response(null, { status: 404 }) : new Response(object.body);
  },
};
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    configuration = {
        "name": "files",
        "main": "worker.mjs",
        "compatibility_date": "2026-01-01",
        "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}],
    }
    (folder / "wrangler.json").write_text(json.dumps(configuration))
    (folder / "worker.mjs").write_text(WORKER)
    return folder


def send(url: str, method: str, body: bytes, **headers: str) -> bytes:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
        return content


def create(served: Served, data: Path) -> None:
    token = f"Bearer {(data / 'api-token').read_text().strip()}"
    url = f"{served.api}/client/v4/accounts/a/r2/buckets"
    send(url, "POST", b'{"name": "files"}', Authorization=token)


def put(served: Served, key: str, content: bytes) -> None:
    url = f"http://127.0.0.1:{served.port}/{key}"
    etag = send(url, "PUT", content, Host=f"files.localhost:{served.port}")
    assert etag.decode() == hashlib.md5(content).hexdigest()


def test_a_script_is_bound_to_a_bucket_that_exists(project: Path, tmp_path: Path) -> None:
    with Served("--workers", "3", folder=tmp_path) as served:
        refused = served.tell("deploy", project)
        assert refused.code == 1 and 'R2 bucket "files" not found' in refused.err
        create(served, tmp_path / ".holdfast")
        assert served.tell("deploy", project).code == 0
        put(served, "a", b"from any process")
        for _ in range(8):  # connections, which the kernel spreads
            assert served.ask("files", "/a").text == "from any process"


def test_a_backup_under_load_has_whole_objects_and_a_check_finds_what_is_lost(
    project: Path, tmp_path: Path
) -> None:
    contents = [bytes([n]) * 50_000 for n in range(8)]
    with Served("--workers", "2", folder=tmp_path) as served:
        create(served, tmp_path / ".holdfast")
        served.tell("deploy", project)
        for n in range(8):
            put(served, str(n), contents[0])
        ended = threading.Event()

        def load() -> None:
            while not ended.is_set():
                for content in contents:
                    for n in range(8):
                        put(served, str(n), content)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            made = [served.tell("backup", f"{n}.tar").code for n in range(3)]
        finally:
            ended.set()
            thread.join()
        assert made == [0, 0, 0]
    restored = tmp_path / "restored"
    for n in range(3):
        data = tmp_path / f"restored-{n}"
        assert holdfast("restore", f"{n}.tar", "--data", data, folder=tmp_path).code == 0
        told = holdfast("check", "--data", data, folder=tmp_path)
        assert told.code == 0, told.out + told.err
    restored = tmp_path / "restored-2"
    with Served("--data", restored, folder=tmp_path) as served:
        for n in range(8):
            assert served.ask("files", f"/{n}").text.encode() in contents
        put(served, "new", b"after the restore")
        assert served.ask("files", "/new").text == "after the restore"
        served.stop()
    (content, *_) = sorted(restored.glob("r2/*/??/*"))
    kept = content.read_bytes()
    content.write_bytes(b"x" * len(kept))
    told = holdfast("check", "--data", restored, folder=tmp_path)
    assert told.code == 1 and "is another one than it was" in told.out + told.err
    content.unlink()
    told = holdfast("check", "--data", restored, folder=tmp_path)
    assert told.code == 1 and f"the content {content.name} is missing" in told.out + told.err
