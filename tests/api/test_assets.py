"""Uploads of static assets, request by request, as the documentation has them."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from holdfast.catalog import Catalog
from holdfast.catalog.asset_library import NewFile
from tests.api.fakes import MAIN, TOKEN, esm, form

PAGE, STYLE = b"<h1>page</h1>", b"h1 { color: red }"


def hash_of(content):
    return hashlib.sha256(content).hexdigest()[:32]


def manifest_of(**files):
    told = {
        path: {"hash": hash_of(content), "size": len(content)} for path, content in files.items()
    }
    return json.dumps({"manifest": {f"/{path}": entry for path, entry in told.items()}})


async def begin(api, name="w", **files):
    return await api.call(
        "POST", f"/scripts/{name}/assets-upload-session", data=manifest_of(**files)
    )


async def send(api, token, *contents, types=(), query="?base64=true", encode=base64.b64encode):
    data = aiohttp.FormData(default_to_multipart=True)
    for number, content in enumerate(contents):
        kind = types[number] if number < len(types) else "text/plain"
        name = hash_of(content)
        data.add_field(name, encode(content), filename=name, content_type=kind)
    return await api.call("POST", f"/assets/upload{query}", token=token, data=data)


async def uploaded(api, name="w", **files):
    """The token of an upload that is whole."""
    begun = (await begin(api, name, **files)).result
    token = begun["jwt"]
    wanted = {file_hash for bucket in begun["buckets"] for file_hash in bucket}
    contents = [content for content in files.values() if hash_of(content) in wanted]
    return (await send(api, token, *contents)).result["jwt"] if contents else token


def contents_in(folder):
    return {path.name for path in (folder / "assets").glob("*/*")}


async def test_files_that_are_new_are_asked_for_and_kept_once(api, catalog, tmp_path):
    begun = await begin(api, page=PAGE, again=PAGE, style=STYLE)
    assert begun.status == 201
    token, [bucket] = begun.result["jwt"], begun.result["buckets"]
    assert sorted(bucket) == sorted([hash_of(PAGE), hash_of(STYLE)])
    part = await send(api, token, PAGE, types=["text/html; charset=utf-8"])
    assert (part.status, part.result) == (202, {"jwt": None})
    whole = await send(api, token, STYLE, types=["application/null"])
    assert whole.status == 201
    again = await begin(api, page=PAGE)
    assert again.result["buckets"] == []

    config = {"html_handling": "none", "_headers": "/page\n  X-A: 1\nodd"}
    metadata = {**MAIN, "assets": {"jwt": whole.result["jwt"], "config": config}}
    answer = await api.upload("w", metadata, esm())
    assert answer.result["has_assets"] is True
    [note] = answer.envelope["messages"]
    assert note["message"].startswith("_headers: line 3: ")
    assets = catalog.script("w").assets
    assert assets.config.html_handling == "none"
    assert {
        path: (entry.hash, entry.size, entry.content_type)
        for path, entry in assets.origin.entries.items()
    } == {
        "/again": (hash_of(PAGE), len(PAGE), "text/html; charset=utf-8"),
        "/page": (hash_of(PAGE), len(PAGE), "text/html; charset=utf-8"),
        "/style": (hash_of(STYLE), len(STYLE), None),
    }
    assert contents_in(tmp_path) == {hashlib.sha256(one).hexdigest() for one in (PAGE, STYLE)}
    [listed] = (await api.call("GET", "/scripts")).result
    assert listed["has_assets"] is True


async def test_assets_stay_where_they_are_to_be_kept_and_go_where_not(api, catalog, tmp_path):
    token = await uploaded(api, page=PAGE)
    config = {"not_found_handling": "404-page"}
    await api.upload("w", {**MAIN, "assets": {"jwt": token, "config": config}}, esm())
    first = catalog.script("w").assets
    await api.upload("w", {**MAIN, "keep_assets": True}, esm())
    assert catalog.script("w").assets == first
    other = {"assets": {"config": {"html_handling": "none"}}, "keep_assets": True}
    await api.upload("w", {**MAIN, **other}, esm())
    kept = catalog.script("w").assets
    assert (kept.origin, kept.config.html_handling) == (first.origin, "none")
    await api.upload("w", MAIN, esm())
    assert catalog.script("w").assets is None
    # The versions before have them still, until they are forgotten.
    catalog.assets.sweep()
    assert len(contents_in(tmp_path)) == 1
    await api.call("DELETE", "/scripts/w")
    catalog.assets.sweep()
    assert contents_in(tmp_path) == set()


async def test_what_an_upload_is_to_have_is_not_swept_from_under_it(api, catalog, tmp_path):
    old = await uploaded(api, "old", page=PAGE)
    await api.upload("old", {**MAIN, "assets": {"jwt": old}}, esm())
    token = await uploaded(api, page=PAGE)
    await api.call("DELETE", "/scripts/old")
    catalog.assets.sweep()
    await api.upload("w", {**MAIN, "assets": {"jwt": token}}, esm())
    assert catalog.script("w").assets.origin.entries["/page"].size == len(PAGE)
    assert len(contents_in(tmp_path)) == 1


async def test_versions_have_assets_of_their_own(api, catalog):
    token = await uploaded(api, page=PAGE)
    await api.upload("w", {**MAIN, "assets": {"jwt": token}}, esm())
    live = catalog.script("w")
    token = await uploaded(api, page=STYLE)
    metadata = {**MAIN, "assets": {"jwt": token}}
    version = await api.call("POST", "/scripts/w/versions", data=form(metadata, esm()))
    assert catalog.script("w") == live
    uploaded_one = catalog.version("w", version.result["id"])
    assert uploaded_one.assets.origin.entries["/page"].size == len(STYLE)
    body = json.dumps({"name": "S", "text": "secret", "type": "secret_text"})
    refused = await api.call("PUT", "/scripts/w/secrets", data=body)
    assert refused.error[0] == 10215
    body = json.dumps({"versions": [{"version_id": version.result["id"], "percentage": 100}]})
    await api.call("POST", "/scripts/w/deployments", data=body)
    secret = json.dumps({"name": "S", "text": "secret", "type": "secret_text"})
    await api.call("PUT", "/scripts/w/secrets", data=secret)
    assert catalog.script("w").assets == uploaded_one.assets


async def test_a_token_is_for_its_script_and_for_uploads_alone(api):
    token = await uploaded(api, page=PAGE)
    assert (await api.call("GET", "/scripts", token=token)).status == 401
    answer = await api.upload("other", {**MAIN, "assets": {"jwt": token}}, esm())
    assert "no token of an upload of assets for this Worker" in answer.error[1]
    for wrong in ("", "x", token[:-1], token + "x", f"{token.rpartition('.')[0]}.", "a.b.c", "ü"):
        assert (await send(api, wrong, PAGE)).status == 401
    assert (await send(api, TOKEN, PAGE)).status == 401


async def test_an_upload_that_is_not_whole_makes_no_version(api):
    token = (await begin(api, page=PAGE, style=STYLE)).result["jwt"]
    await send(api, token, PAGE)
    answer = await api.upload("w", {**MAIN, "assets": {"jwt": token}}, esm())
    assert answer.status == 400
    assert f"1 files are missing, such as {hash_of(STYLE)}" in answer.error[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"query": ""}, "the URL must have ?base64=true"),
        ({"encode": lambda content: b"$" + content}, "is not in Base64"),
        ({"encode": lambda content: base64.b64encode(content + b"x")}, "has more bytes"),
        ({"encode": lambda content: base64.b64encode(content[:-1])}, "the manifest says 13"),
        ({"encode": lambda content: base64.b64encode(content)[:-1]}, "is not in Base64"),
    ],
)
async def test_a_file_that_is_not_what_was_told_is_refused_and_leaves_nothing(
    api, tmp_path, options, told
):
    token = (await begin(api, page=PAGE)).result["jwt"]
    answer = await send(api, token, PAGE, **options)
    assert answer.status == 400
    assert told in answer.error[1]
    assert [path for path in (tmp_path / "assets").rglob("*") if path.is_file()] == []
    assert (await send(api, token, PAGE)).status == 201


async def test_a_file_that_nobody_asked_for_is_refused(api):
    token = (await begin(api, page=PAGE)).result["jwt"]
    assert "The manifest has no file with the hash" in (await send(api, token, STYLE)).error[1]


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ("[]", 'must have "manifest"'),
        ('{"page": {}}', "must begin with a slash"),
        ('{"/page": 1}', "must be an object"),
        ('{"/page": {"hash": "x", "size": 1}}', "must be 32 hexadecimal digits"),
        (f'{{"/page": {{"hash": "{"a" * 32}", "size": -1}}}}', "must be a number of bytes"),
        (f'{{"/page": {{"hash": "{"a" * 32}", "size": 26214401}}}}', "is larger than 25 MiB"),
        (json.dumps({f"/{n}": {"hash": "a" * 32, "size": n} for n in (1, 2)}), "another size"),
    ],
)
async def test_a_manifest_that_is_none_is_refused(api, manifest, told):
    path = "/scripts/w/assets-upload-session"
    answer = await api.call("POST", path, data=f'{{"manifest": {manifest}}}')
    assert answer.status == 400
    assert told in answer.error[1]


async def test_large_uploads_are_cut_into_buckets(api):
    files = {f"f{number}": os.urandom(8) for number in range(501)}
    begun = (await begin(api, **files)).result
    assert [len(bucket) for bucket in begun["buckets"]] == [500, 1]


async def test_an_upload_of_assets_alone_may_not_ask_for_what_needs_a_script(api):
    token = await uploaded(api, page=PAGE)
    first = {"jwt": token, "config": {"run_worker_first": True}}
    answer = await api.upload("w", {"assets": first})
    assert "Cannot set run_worker_first without a Worker script" in answer.error[1]
    bound = [{"type": "assets", "name": "A"}]
    answer = await api.upload("w", {"assets": {"jwt": token}, "bindings": bound})
    assert "Cannot use assets with a binding in an assets-only Worker" in answer.error[1]


def test_what_a_crash_left_is_tidied_away(catalog, tmp_path):
    with catalog.assets.new_content() as content:
        content.write(PAGE)
        content.finish()
        left = content.file.with_name("new-left")
        left.write_bytes(content.file.read_bytes())
        lost = tmp_path / "assets" / "ab" / ("ab" * 32)
        lost.parent.mkdir()
        lost.touch()
    catalog.assets.tidy()
    assert not left.exists()
    assert contents_in(tmp_path) == set()


def test_an_upload_that_nobody_ends_is_forgotten_after_an_hour(tmp_path):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with Catalog(tmp_path / "catalog.sqlite", clock=lambda: now) as catalog:
        library = catalog.assets
        session, _ = library.begin("w", {"/page": (hash_of(PAGE), len(PAGE))})
        with library.new_content() as content:
            content.write(PAGE)
            content.finish()
            assert library.add(session, [NewFile(hash_of(PAGE), "text/html", content)])
        now += timedelta(minutes=59)
        library.begin("w", {})
        library.sweep()
        assert len(contents_in(tmp_path)) == 1
        now += timedelta(minutes=2)
        library.begin("w", {})
        library.sweep()
        assert contents_in(tmp_path) == set()
        assert library.session(session.id) is None


async def test_a_setting_binds_no_assets_that_there_are_not(api):
    await api.upload("w", MAIN, esm())
    body = json.dumps({"bindings": [{"type": "assets", "name": "A", "x": 1}]})
    answer = await api.call("PATCH", "/scripts/w/settings", data=body)
    assert "is to static assets, which the upload does not have" in answer.error[1]
