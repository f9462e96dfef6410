"""Uploaded assets on a server that ends in all ways, has several processes, and is backed up."""

import json

import pytest

from tests.cli.running import holdfast
from tests.cli.serving import Served

pytestmark = pytest.mark.slow

WORKER = "export default { fetch: (request, env) => env.A.fetch('http://h/page') };"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "public").mkdir(parents=True)
    (folder / "worker.mjs").write_text(WORKER)
    (folder / "public" / "page.html").write_text("page")
    (folder / "public" / "_headers").write_text("/page\n  X-A: 1\n")
    configure(folder, main="worker.mjs")
    return folder


def configure(folder, **fields):
    assets = {"directory": "public", **({"binding": "A"} if "main" in fields else {})}
    configuration = {"name": "site", "compatibility_date": "2026-01-01", "assets": assets}
    (folder / "wrangler.json").write_text(json.dumps({**configuration, **fields}))


def contents_in(data):
    return [path.name for path in (data / "assets").glob("*/*")]


def test_assets_are_there_after_a_crash_and_in_every_process(project, tmp_path):
    data = ("--workers", "3")
    with Served(*data, folder=tmp_path) as served:
        assert served.tell("deploy", project).out.startswith("site is live")
        # Leaving the block kills it.
    with Served(*data, folder=tmp_path) as served:
        for _ in range(12):  # connections, which the kernel spreads
            assert served.ask("site", "/page").text == "page"
            assert served.ask("site", "/else").text == "page"
        (project / "public" / "page.html").write_text("another")
        assert served.tell("deploy", project).code == 0
        for _ in range(12):
            assert served.ask("site", "/page").text == "another"


def test_assets_alone_are_deployed_and_one_that_is_lost_is_told_of(project, tmp_path):
    configure(project)
    with Served(folder=tmp_path) as served:
        assert served.tell("deploy", project).code == 0
        assert served.ask("site", "/page").text == "page"
        assert served.ask("site", "/else").status == 404
        assert len(contents_in(tmp_path / ".holdfast")) == 1
        # What is lost is told, and takes nothing else along.
        for path in (tmp_path / ".holdfast" / "assets").glob("*/*"):
            path.rename(tmp_path / "kept")
            assert served.ask("site", "/page").status == 500
            (tmp_path / "kept").rename(path)
        assert served.ask("site", "/page").text == "page"


def test_a_backup_has_the_assets_and_a_check_looks_at_them(project, tmp_path):
    with Served(folder=tmp_path) as served:
        served.tell("deploy", project)
        assert served.tell("backup", "all.tar").code == 0
    restored = ("--data", tmp_path / "restored")
    assert holdfast("restore", "all.tar", *restored, folder=tmp_path).code == 0
    assert holdfast("check", *restored, folder=tmp_path).code == 0
    with Served(*restored, folder=tmp_path) as served:
        assert served.ask("site", "/page").text == "page"
        served.stop()
    (content,) = (tmp_path / "restored" / "assets").glob("*/*")
    content.write_text("damaged")
    told = holdfast("check", *restored, folder=tmp_path)
    assert told.code == 1 and "its content is another one than it was" in told.out + told.err
    content.unlink()
    told = holdfast("check", *restored, folder=tmp_path)
    assert told.code == 1 and "the asset /page.html of site is missing" in told.out + told.err


def test_a_folder_that_is_missing_or_has_too_much_is_not_deployed(project, tmp_path):
    with Served(folder=tmp_path) as served:
        (project / "public" / "_worker.js").write_text("export default {}")
        told = served.tell("deploy", project)
        assert told.code == 1 and "which would be public as an asset" in told.err
        (project / "public").rename(project / "elsewhere")
        told = served.tell("deploy", project)
        assert told.code == 1 and "is no folder; build the assets first" in told.err
        assert served.ask("site", "/page").status == 404
