"""A disk that is full, cannot be written, or fails: whoever writes is told, nobody else suffers."""

import asyncio
import contextlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.counting import COUNTER
from tests.faults.site import DEADLINE_S, Site
from tests.serving import HOLDFAST, TOKEN, HoldfastProcess, curl, free_ports

pytestmark = pytest.mark.slow

DISK_BYTES = 4 << 20
UNLIMITED = resource.RLIM_INFINITY

# What the script can see of a failed write: in the object, and in the Worker that called it.
WITNESS = """
export class Counted {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const n = (await this.storage.get("n")) ?? 0;
    if (request.method !== "POST") return new Response(n);
    try {
      if (pathname.startsWith("/transaction")) {
        await this.storage.transaction((txn) => txn.put("n", n + 1));
      } else {
        await this.storage.put("n", n + 1);
        await this.storage.sync();
      }
    } catch (error) {
      return new Response(`object: ${error}`, { status: 507 });
    }
    return new Response(n + 1);
  }
}
export default {
  async fetch(request, env) {
    const id = env.Counted.idFromName(new URL(request.url).pathname);
    try {
      return await env.Counted.get(id).fetch(request);
    } catch (error) {
      return new Response(`worker: ${error}`, { status: 507 });
    }
  },
};
"""

LISTER = """
export class Counted {
  constructor({ storage }) { this.storage = storage; }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST") {
      const n = ((await this.storage.get("n")) ?? 0) + 1;
      await this.storage.put("n", n);
      return new Response(n);
    }
    if (pathname === "/get") return new Response(await this.storage.get("n"));
    return new Response([...(await this.storage.list()).values()].join());
  }
}
export default {
  fetch(request, env) {
    return env.Counted.get(env.Counted.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};
"""


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def mount(self, *options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={DISK_BYTES}", *options))]
        subprocess.run([*command, "tmpfs", self.folder], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Leave not a byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def free(self) -> None:
        self._ballast.unlink()

    def make_read_only(self) -> None:
        """While no file of it is open for writing."""
        self.mount("remount", "ro")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk")
    disk.folder.mkdir()
    try:
        disk.mount()
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("a file system of the test's own takes the right to mount one")
    yield disk
    disk.unmount()


async def written(site: Site, script: str, path: str) -> int:
    """The number that a write is answered with, once writes work again; tries until then."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            status, text = await site.fetch(script, path, method="POST")
            if status == 200:
                return int(text)
            await asyncio.sleep(0.02)


async def start(site: Site) -> None:
    """Two scripts, each with an object that has stored something."""
    assert await site.deploy("counter", COUNTER, "Counted") == 200
    assert await site.deploy("witness", WITNESS, "Counted") == 200
    for script in ("counter", "witness"):
        for path in ("/read", "/written", "/transaction"):
            assert await site.post(script, path) == "1"


async def suffer_and_recover(
    site: Site, harm: Callable[[], None], heal: Callable[[], None]
) -> None:
    """Writes fail during the trouble and work after it; reads go on all the time."""
    await start(site)
    harm()
    status, text = await site.fetch("counter", "/written", method="POST")
    assert status == 500, text
    for path in ("/written", "/transaction"):
        status, text = await site.fetch("witness", path, method="POST")
        assert status == 507 and "rror" in text, text
    # Whoever only reads notices nothing, and whoever was refused has kept what it had.
    for script in ("counter", "witness"):
        assert await site.get(script, "/read") == "1"
        assert await site.get(script, "/written") == "1", site.log
        assert await site.get(script, "/transaction") == "1"
    # A new object has no file yet, and gets none.
    status, text = await site.fetch("witness", "/new", method="POST")
    assert status == 507, text
    assert await site.deploy("other", COUNTER, "Counted") >= 500
    heal()
    for script in ("counter", "witness"):
        for path in ("/written", "/transaction", "/read"):
            assert await written(site, script, path) == 2
    assert await written(site, "witness", "/new") == 1
    assert await site.deploy("other", COUNTER, "Counted") == 200
    assert await site.post("other") == "1"
    site.crash()
    site.start()
    assert await site.get("witness", "/written") == "2"


async def test_a_full_disk_fails_the_writers_alone(tmp_path: Path, disk: Disk) -> None:
    async with Site(tmp_path, data=disk.folder / "data") as site:
        await suffer_and_recover(site, disk.fill, disk.free)


async def test_a_full_disk_keeps_nobody_from_reading_what_was_written_last(
    tmp_path: Path, disk: Disk
) -> None:
    async with Site(tmp_path, "--idle-seconds", "0.5", data=disk.folder / "data") as site:
        assert await site.deploy("lister", LISTER, "Counted") == 200
        for path in ("/get", "/list"):
            for value in ("1", "2", "3", "4"):
                assert await site.post("lister", path) == value
        disk.fill()
        assert await site.get("lister", "/list") == "4"
        await site.until_told("evicted")
        count, status = 4, 200
        while status == 200:  # in blocks that are half full
            disk.fill()
            status, text = await site.fetch("lister", "/get", method="POST")
            count += status == 200
        assert status == 500, text
        for _ in range(2):
            assert await site.get("lister", "/get") == str(count)
            assert await site.get("lister", "/list") == "4"
        site.crash()
        site.start()
        assert await site.get("lister", "/get") == str(count)
        disk.free()
        assert await written(site, "lister", "/get") == count + 1
        assert await written(site, "lister", "/list") == 5


async def test_a_full_disk_keeps_no_server_from_starting(tmp_path: Path, disk: Disk) -> None:
    async with Site(tmp_path, data=disk.folder / "data") as site:
        await start(site)
        for value in ("2", "3", "4"):  # the last ones are in the journal alone
            assert await site.post("counter", "/written") == value
        site.crash()
        disk.fill()
        site.start()
        assert str(disk.folder) in site.log and "nothing is lost" in site.log
        for expected in ("4", "4"):
            assert await site.get("counter", "/written") == expected
            assert await site.get("counter", "/read") == "1"
            assert await site.get("witness", "/written") == "1"
            status, text = await site.fetch("counter", "/written", method="POST")
            assert status == 500, text
        checked = complaint_of_check(site)
        assert "another Holdfast" in checked, checked
        site.crash()
        checked = complaint_of_check(site)
        assert ".journal-left" in checked and "no room" in checked, checked
        site.start()
        disk.free()
        assert await site.get("counter", "/written") == "4"
        assert await site.post("counter", "/written") == "5"
        site.crash()
        site.start()
        assert await site.get("counter", "/written") == "5"
        assert not [*(site.data / "objects").glob(".journal-left*")]


KEPT = """
export default { async fetch(request, { KV }) {
  if (request.method === "POST") await KV.put("n", `${Number(await KV.get("n")) + 1}`);
  return new Response(await KV.get("n"));
} };
"""


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_full_disk_keeps_no_server_from_starting_that_had_ended_in_order(
    tmp_path: Path, disk: Disk, workers: str
) -> None:
    async with Site(tmp_path, "--workers", workers, data=disk.folder / "data") as site:
        await start(site)
        bindings = [
            {"type": "kv_namespace", "name": "KV", "namespace_id": await kv_namespace(site)}
        ]
        assert await site.deploy("kept", KEPT, metadata={"bindings": bindings}) == 200
        assert await site.post("kept") == "1"
        assert site.process.stop() == 0
        disk.fill()
        site.start()
        assert await site.get("kept") == await site.get("counter", "/read") == "1"
        assert (await site.fetch("counter", "/read", method="POST"))[0] == 500
        assert await site.deploy("other", COUNTER, "Counted") >= 500
        disk.free()
        assert await written(site, "counter", "/read") == 2
        assert await site.post("kept") == "2"
        assert await site.deploy("other", COUNTER, "Counted") == 200
        assert await site.post("other") == "1"


async def kv_namespace(site: Site) -> str:
    """The id of a KV namespace that is made."""
    url = f"http://127.0.0.1:{site.api_port}/client/v4/accounts/a/storage/kv/namespaces"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with site.session.post(url, json={"title": "kept"}, headers=headers) as response:
        return str((await response.json())["result"]["id"])


def complaint_of_check(site: Site) -> str:
    """What `holdfast check` has to say of the site's data folder, which has some fault."""
    command = [HOLDFAST, "check", "--data", site.data]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1, ended
    return ended.stdout + ended.stderr


async def test_a_disk_that_fails_fails_the_writers_alone(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await start(site)

        def limit_files(size: int) -> None:
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))

        # Room for what is there, but for no second commit in any log.
        limit_files(8192)
        status, text = await site.fetch("counter", "/written", method="POST")
        assert status == 500, text
        for path in ("/written", "/transaction"):
            status, text = await site.fetch("witness", path, method="POST")
            assert status == 507 and "rror" in text, text
            assert await site.get("witness", path) == "1"
        assert await site.get("counter", "/read") == "1"
        limit_files(UNLIMITED)
        for script in ("counter", "witness"):
            for path in ("/written", "/transaction", "/read"):
                assert await written(site, script, path) == 2


def complaint(*arguments: str | Path) -> str:
    """What a command says that cannot start: one line, and exit code 1."""
    ended = subprocess.run([HOLDFAST, *arguments], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1, ended
    assert ended.stderr.count("\n") == 1 and ended.stderr.startswith("holdfast: "), ended.stderr
    return ended.stderr


def serve_arguments(data: Path) -> list[str | Path]:
    return ["serve", "--port", "0", "--api-port", "0", "--data", data]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "counter.mjs"
    path.write_text(COUNTER)
    return path


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_file_is_no_data_folder(tmp_path: Path, script: Path, command: str) -> None:
    data = tmp_path / "file"
    data.touch()
    arguments = serve_arguments(data)
    if command == "run":
        arguments = ["run", script, "--port", "0", "--data", data]
    assert f"the data folder {data} cannot be used" in complaint(*arguments)


def test_a_damaged_catalog_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_text("no database" * 100)
    assert "catalog.sqlite is damaged" in complaint(*serve_arguments(tmp_path))


def test_a_data_folder_serves_one_process(tmp_path: Path) -> None:
    ports = free_ports(2)
    listen = ["--port", str(ports[0]), "--api-port", str(ports[1])]
    process = HoldfastProcess(["serve", *listen, "--data", "data"], ports, tmp_path)
    try:
        told = complaint(*serve_arguments(tmp_path / "data"))
        assert f"process {process.pid}" in told
    finally:
        process.kill()
    # The claim dies with its process, however that ended.
    HoldfastProcess(["serve", *listen, "--data", "data"], ports, tmp_path).kill()


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_a_token_that_a_crash_cut_off_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data").mkdir()
    token = tmp_path / "data" / "api-token"
    token.write_bytes(content)
    ports = free_ports(2)
    listen = ["--port", str(ports[0]), "--api-port", str(ports[1])]
    process = HoldfastProcess(["serve", *listen, "--data", "data"], ports, tmp_path)
    process.kill()
    assert len(token.read_text().strip()) > 20
    assert token.stat().st_mode & 0o777 == 0o600


def test_a_token_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "api-token").write_bytes(b"\xff\xfe")
    assert "api-token holds no token" in complaint(*serve_arguments(tmp_path))


def test_a_read_only_folder_is_read_and_not_written(
    tmp_path: Path, disk: Disk, script: Path
) -> None:
    data = disk.folder / "data"
    port = free_ports(1)[0]
    arguments = ["run", str(script), "--port", str(port), "--data", str(data)]
    url = f"http://127.0.0.1:{port}"
    process = HoldfastProcess(arguments, [port], tmp_path)
    assert curl("-X", "POST", f"{url}/kept").text == "1"
    assert process.stop() == 0
    (data / "objects" / ".journal-0-0").touch()  # as after a crash
    disk.make_read_only()
    process = HoldfastProcess(arguments, [port], tmp_path)
    try:
        assert curl("-X", "POST", f"{url}/kept").status == 500
        assert curl(f"{url}/kept").text == "1"
        assert curl("-X", "POST", f"{url}/new").status == 500
        assert curl(f"{url}/new").text == "0"
    finally:
        assert process.stop() == 0
    assert "cannot be" in complaint(*serve_arguments(data))
