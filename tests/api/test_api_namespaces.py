import json

import pytest

from tests.api.fakes import MAIN, esm

NAMESPACES = "/durable_objects/namespaces"


@pytest.fixture
async def counter(api):
    source = "export default {}" + "".join(f"; export class C{n} {{}}" for n in range(5))
    await api.upload("counter", MAIN, esm(content=source))


async def create(api, number, **fields):
    body = {"name": f"n{number}", "script": "counter", "class": f"C{number}", **fields}
    return await api.call("POST", NAMESPACES, json=body)


@pytest.mark.parametrize("use_sqlite", [False, True])
async def test_a_namespace_is_created(api, counter, platform, use_sqlite):
    result = (await create(api, 1, use_sqlite=use_sqlite)).result
    namespace_id = result.pop("id")
    assert int(namespace_id, 16) >= 0
    assert len(namespace_id) == 32
    assert result == {"name": "n1", "script": "counter", "class": "C1", "use_sqlite": use_sqlite}
    assert platform.catalog.namespace(namespace_id).use_sqlite is use_sqlite


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_the_body_is_json_whatever_it_says(api, counter, content_type):
    body = json.dumps({"name": "n", "script": "counter", "class": "C1"})
    headers = {"Content-Type": content_type}
    answer = await api.call("POST", NAMESPACES, data=body.encode(), headers=headers)
    assert answer.result["class"] == "C1"


async def test_a_namespace_needs_a_script_that_exists(api):
    answer = await create(api, 1)
    assert answer.status == 404
    assert answer.error == (10007, 'There is no Worker named "counter".')


async def test_a_namespace_needs_a_class_that_is_exported(api, counter):
    answer = await create(api, 9)
    assert answer.status == 400
    code, message = answer.error
    assert code == 10061
    assert '"C9"' in message
    assert "C0, C1, C2, C3, C4" in message


async def test_a_second_namespace_of_a_class_is_refused(api, counter):
    first = (await create(api, 1)).result
    for answer in (await create(api, 1, name="other"), await create(api, 2, name="n1")):
        assert answer.status == 409
        code, message = answer.error
        assert code == 10074
        assert first["id"] in message
    assert len((await api.call("GET", NAMESPACES)).result) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b"name=x&script=y", "line 1"),
        (b"[]", "must be a JSON object"),
        (b"\xff", "not valid JSON"),
        (b'{"name": "n", "script": "counter"}', '"class"'),
        (b'{"name": "", "script": "counter", "class": "C1"}', '"name"'),
        (b'{"name": "n", "script": 7, "class": "C1"}', '"script"'),
        (b'{"name": "\\ud800", "script": "counter", "class": "C1"}', '"name"'),
        (b'{"name": "n", "script": "counter", "class": "C1", "use_sqlite": 1}', "use_sqlite"),
    ],
)
async def test_a_body_that_says_too_little_is_refused(api, counter, body, expected):
    answer = await api.call("POST", NAMESPACES, data=body)
    assert answer.status == 400
    code, message = answer.error
    assert code == 10021
    assert expected in message


async def test_a_body_beyond_any_need_is_refused(api, counter):
    answer = await api.call("POST", NAMESPACES, data=b" " * 100_000)
    assert answer.status == 413


async def test_namespaces_are_listed_by_cursor(api, counter):
    created = [(await create(api, number)).result for number in range(5)]
    listed, cursor, pages = [], "", 0
    while cursor or not pages:
        answer = await api.call("GET", f"{NAMESPACES}?limit=2&cursor={cursor}")
        listed += answer.result
        assert answer.envelope["result_info"]["count"] == len(answer.result) <= 2
        cursor = answer.envelope["result_info"]["cursor"]
        pages += 1
    assert pages == 3
    assert sorted(listed, key=lambda n: n["name"]) == created


async def test_namespaces_are_listed_by_pages(api, counter):
    created = [(await create(api, number)).result for number in range(5)]
    everything = await api.call("GET", NAMESPACES)
    assert sorted(everything.result, key=lambda n: n["name"]) == created
    last = await api.call("GET", f"{NAMESPACES}?page=3&per_page=2")
    assert last.result == everything.result[4:]
    assert last.envelope["result_info"] == {
        "count": 1,
        "page": 3,
        "per_page": 2,
        "total_count": 5,
    }
    assert (await api.call("GET", f"{NAMESPACES}?page=4&per_page=2")).result == []


async def test_objects_are_listed_by_cursor(api, counter, platform):
    namespace_id = (await create(api, 1)).result["id"]
    ids = [f"{number:064x}" for number in range(5)]
    platform.objects[namespace_id] = ids
    first = await api.call("GET", f"{NAMESPACES}/{namespace_id}/objects?limit=3")
    assert first.result == [{"id": object_id, "hasStoredData": True} for object_id in ids[:3]]
    info = first.envelope["result_info"]
    assert info["count"] == 3
    rest = await api.call(
        "GET", f"{NAMESPACES}/{namespace_id}/objects?limit=3&cursor={info['cursor']}"
    )
    assert [entry["id"] for entry in rest.result] == ids[3:]
    assert rest.envelope["result_info"] == {"count": 2, "cursor": ""}


async def test_objects_of_an_unknown_namespace_are_not_found(api):
    answer = await api.call("GET", f"{NAMESPACES}/{'f' * 32}/objects")
    assert answer.status == 404
    assert answer.error[0] == 10066


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=", "limit=99999", "cursor=x"])
async def test_a_malformed_parameter_is_refused(api, counter, query):
    namespace_id = (await create(api, 1)).result["id"]
    answer = await api.call("GET", f"{NAMESPACES}/{namespace_id}/objects?{query}")
    assert answer.status == 400
    code, message = answer.error
    assert code == 10004
    assert query.partition("=")[0] in message
