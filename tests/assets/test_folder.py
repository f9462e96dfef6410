"""The files of a directory that is served as it is."""

import os

import pytest

from holdfast.assets import AssetFolder, AssetsInvalid
from holdfast.assets.asset import MAX_ASSET_BYTES
from holdfast.assets.content_types import content_type


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "public" / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public" / "a.txt").write_text("a")
    (tmp_path / "public" / "sub" / "b.html").write_text("b")
    return tmp_path / "public"


def paths(folder):
    return [path for path, _ in AssetFolder(folder).listing()]


@pytest.mark.parametrize(
    "path",
    [
        *("/../secret.txt", "/sub/../../secret.txt", "/sub/../a.txt", "/./a.txt", "//a.txt"),
        *("a.txt", "", "/", "/sub", "/a.txt/", "/a.txt\0", "/a.txt/b", "/" + "x" * 5000),
    ],
)
def test_only_a_plain_path_finds_a_file(folder, path):
    assert AssetFolder(folder).open().find(path) is None


def test_links_lead_to_what_is_inside_and_to_nothing_else(folder):
    (folder / "inside.txt").symlink_to("a.txt")
    (folder / "outside.txt").symlink_to("../secret.txt")
    (folder / "up").symlink_to("..")
    (folder / "broken").symlink_to("nothing")
    opened = AssetFolder(folder).open()
    assert opened.find("/inside.txt").size == 1
    for path in ("/outside.txt", "/up/secret.txt", "/broken"):
        assert opened.find(path) is None
    assert paths(folder) == ["/a.txt", "/inside.txt", "/sub/b.html"]


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert AssetFolder(tmp_path / "link").open().find("/a.txt").size == 1


def test_what_is_no_file_is_not_served(folder):
    os.mkfifo(folder / "pipe")
    assert AssetFolder(folder).open().find("/pipe") is None


def test_a_change_makes_another_etag(folder):
    opened = AssetFolder(folder).open()
    before = opened.find("/a.txt")
    (folder / "a.txt").write_text("other")
    after = opened.find("/a.txt")
    assert (before.size, after.size) == (1, 5)
    assert before.etag != after.etag


def test_what_is_ignored_is_told_as_to_git_and_can_change(folder):
    opened = AssetFolder(folder).open()
    assert opened.find("/sub/b.html")
    (folder / ".assetsignore").write_text("/sub/\n*.txt\n!a.txt\n")
    (folder / "c.txt").write_text("c")
    assert opened.find("/sub/b.html") is None
    assert opened.find("/.assetsignore") is None
    assert paths(folder) == ["/a.txt"]
    (folder / ".assetsignore").unlink()
    assert opened.find("/sub/b.html")


def test_files_of_rules_are_no_assets_but_at_the_top_only(folder):
    for name in ("_headers", "_redirects"):
        (folder / name).write_text("x")
        (folder / "sub" / name).write_text("x")
    assert paths(folder) == ["/a.txt", "/sub/_headers", "/sub/_redirects", "/sub/b.html"]


def test_a_script_of_pages_is_not_listed_by_mistake(folder):
    (folder / "_worker.js").write_text("export default {}")
    with pytest.raises(AssetsInvalid, match="which would be public"):
        paths(folder)
    (folder / ".assetsignore").write_text("_worker.js\n")
    assert paths(folder) == ["/a.txt", "/sub/b.html"]


def test_a_file_that_is_too_large_is_not_listed(folder):
    with (folder / "large.bin").open("wb") as file:
        file.truncate(MAX_ASSET_BYTES)
    assert "/large.bin" in paths(folder)
    os.truncate(folder / "large.bin", MAX_ASSET_BYTES + 1)
    with pytest.raises(AssetsInvalid, match="has at most 25 MiB"):
        paths(folder)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.html", "text/html; charset=utf-8"),
        ("/a.JS", "text/javascript; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.svg", "image/svg+xml"),
        ("/a.tar.gz", "application/gzip"),
        ("/a.woff2", "font/woff2"),
        ("/a.webmanifest", "application/manifest+json"),
        ("/a.json", "application/json"),
        ("/a.map", "application/json"),
        ("/html", None),
        ("/.html", None),
        ("/a.", None),
        ("/a.js/b", None),
        ("/a.nobody-knows", None),
    ],
)
def test_the_end_of_a_name_tells_the_type(path, expected):
    assert content_type(path) == expected
