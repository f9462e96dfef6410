"""KV namespaces over HTTP."""

import json

import pytest

from tests.api.fakes import MAIN, esm

KV = "/client/v4/accounts/0123456789abcdef/storage/kv/namespaces"


@pytest.fixture
async def namespace(api):
    created = await api.call("POST", KV, absolute=True, json={"title": "settings"})
    return f"{KV}/{created.result['id']}"


async def call(api, method, path, **options):
    return await api.call(method, path, absolute=True, **options)


async def test_a_namespace_is_created_listed_renamed_and_deleted(api):
    created = (await call(api, "POST", KV, json={"title": "one"})).result
    assert created["title"] == "one" and len(created["id"]) == 32
    listed = await call(api, "GET", KV)
    assert listed.result == [created]
    assert listed.envelope["result_info"]["total_count"] == 1
    path = f"{KV}/{created['id']}"
    assert (await call(api, "PUT", path, json={"title": "two"})).result["title"] == "two"
    assert (await call(api, "GET", path)).result["title"] == "two"
    assert (await call(api, "DELETE", path)).result is None
    assert (await call(api, "GET", path)).error == (10013, "namespace not found")


async def test_a_title_is_given_once(api, namespace):
    code, message = (await call(api, "POST", KV, json={"title": "settings"})).error
    assert (code, "already exists" in message) == (10014, True)
    assert (await call(api, "POST", KV, json={"title": ""})).status == 400


async def test_a_value_comes_back_as_it_was_sent(api, namespace):
    url = f"{namespace}/values/a%2Fb%20c"
    assert (await call(api, "PUT", url, data=b"\0\xff")).result is None
    answer = await call(api, "GET", url)
    assert (answer.status, answer.body) == (200, b"\0\xff")
    assert (await call(api, "GET", f"{namespace}/keys")).result == [{"name": "a/b c"}]
    assert (await call(api, "DELETE", url)).status == 200
    assert (await call(api, "GET", url)).error == (10009, "get: 'key not found'")


async def test_a_form_brings_value_and_metadata(api, namespace):
    form = {"value": "v", "metadata": '{"a": [1]}'}
    import aiohttp

    data = aiohttp.FormData(default_to_multipart=True)
    for name, text in form.items():
        data.add_field(name, text)
    url = f"{namespace}/values/k"
    assert (await call(api, "PUT", url + "?expiration_ttl=60", data=data)).result is None
    assert (await call(api, "GET", f"{namespace}/metadata/k")).result == {"a": [1]}
    [listed] = (await call(api, "GET", f"{namespace}/keys")).result
    assert listed["metadata"] == {"a": [1]} and listed["expiration"] > 1_700_000_000


async def test_keys_come_in_pages(api, namespace):
    entries = [{"key": f"p/{i:02}", "value": ""} for i in range(25)] + [{"key": "q", "value": ""}]
    stored = await call(api, "PUT", f"{namespace}/bulk", data=json.dumps(entries))
    assert stored.result["successful_key_count"] == 26
    names, cursor = [], ""
    while True:
        page = await call(api, "GET", f"{namespace}/keys?prefix=p/&limit=10&cursor={cursor}")
        names += [key["name"] for key in page.result]
        if not (cursor := page.envelope["result_info"]["cursor"]):
            break
    assert names == [f"p/{i:02}" for i in range(25)]
    gone = await call(api, "POST", f"{namespace}/bulk/delete", data=json.dumps(names))
    assert gone.result["successful_key_count"] == 25
    assert [k["name"] for k in (await call(api, "GET", f"{namespace}/keys")).result] == ["q"]


async def test_values_are_read_many_at_a_time(api, namespace):
    entries = [{"key": "a", "value": '{"x":1}', "metadata": 5}, {"key": "b", "value": "[]"}]
    await call(api, "PUT", f"{namespace}/bulk", data=json.dumps(entries))
    ask = {"keys": ["a", "b", "c"], "type": "json", "withMetadata": True}
    values = (await call(api, "POST", f"{namespace}/bulk/get", json=ask)).result["values"]
    assert values["a"] == {"value": {"x": 1}, "metadata": 5, "expiration": None}
    assert values["b"]["value"] == [] and values["c"] is None


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("PUT", "/values/k?expiration_ttl=5", {"data": b"v"}),
        ("PUT", "/values/k?expiration=1" + "0" * 400, {"data": b"v"}),
        ("PUT", "/values/k?expiration=12", {"data": b"v"}),
        ("PUT", "/values/k?expiration=soon", {"data": b"v"}),
        ("PUT", "/values/" + "k" * 513, {"data": b"v"}),
        ("PUT", "/values/%2E%2E?expiration_ttl=60", {"data": b"v"}),
        ("PUT", "/bulk", {"data": b"{"}),
        ("PUT", "/bulk", {"data": b'{"key": "a"}'}),
        ("PUT", "/bulk", {"data": b'[{"key": "a"}]'}),
        ("PUT", "/bulk", {"data": b'[{"key": "a", "value": "%", "base64": true}]'}),
        ("PUT", "/bulk", {"data": b'[{"key": "a", "value": "", "expiration": "x"}]'}),
        ("DELETE", "/bulk", {"data": b"[1]"}),
        ("GET", "/keys?limit=0", {}),
        ("GET", "/keys?limit=1001", {}),
        ("GET", "/keys?cursor=%21", {}),
        ("POST", "/bulk/get", {"data": b'{"keys": "a"}'}),
    ],
)
async def test_what_is_wrong_is_refused_and_changes_nothing(api, namespace, method, path, options):
    answer = await call(api, method, namespace + path, **options)
    assert answer.status in (400, 404)
    assert answer.error[1]
    assert (await call(api, "GET", f"{namespace}/keys")).result == []


async def test_a_binding_needs_a_namespace_that_exists(api, namespace):
    binding = {"type": "kv_namespace", "name": "KV", "namespace_id": "none"}
    refused = await api.upload("a", {**MAIN, "bindings": [binding]}, esm())
    assert refused.error[0] == 10041
    binding["namespace_id"] = namespace.rpartition("/")[2]
    assert (await api.upload("a", {**MAIN, "bindings": [binding]}, esm())).result
    assert (await api.call("GET", "/scripts/a/bindings")).result[0]["type"] == "kv_namespace"
