"""Routes and custom domains over the API."""

import json

import pytest

from tests.api.fakes import MAIN, esm

ACCOUNT = "/client/v4/accounts/a/workers"


@pytest.fixture
def call(api):
    async def call(method, path, body=None):
        data = None if body is None else json.dumps(body)
        return await api.call(method, path, absolute=path.startswith("/client"), data=data)

    return call


async def test_a_scripts_routes_are_put_listed_and_replaced(api, call) -> None:
    await api.upload("w", MAIN, esm())
    path = "/scripts/w/routes"
    first = (await call("PUT", path, [{"pattern": "a.example/*", "zone_name": "a.example"}])).result
    assert [(route["pattern"], route["script"]) for route in first] == [("a.example/*", "w")]
    entries = [{"pattern": "b.example/*"}, {"pattern": "a.example/*"}]
    second = (await call("PUT", path, entries)).result
    assert (await call("GET", path)).result == second
    assert second[1] == first[0]
    assert (await call("PUT", path, [])).result == []


async def test_what_is_no_route_is_refused_and_changes_nothing(api, call) -> None:
    await api.upload("w", MAIN, esm())
    await api.upload("v", MAIN, esm())
    [kept] = (await call("PUT", "/scripts/w/routes", [{"pattern": "a.example/*"}])).result
    for pattern in ("a.example/*x", 5, None, ""):
        code, _ = (await call("PUT", "/scripts/w/routes", [{"pattern": pattern}])).error
        assert code == 10022
    for body in ({}, 5, "a"):
        assert (await call("PUT", "/scripts/w/routes", body)).status == 400
    refused = await call("PUT", "/scripts/v/routes", [{"pattern": "a.example/*"}])
    assert (refused.status, refused.error[0]) == (409, 10020)
    assert (await call("GET", "/scripts/w/routes")).result == [kept]
    assert (await call("GET", "/scripts/v/routes")).result == []
    assert (await call("PUT", "/scripts/nobody/routes", [])).error[0] == 10007


async def test_zones_are_found_by_any_name_and_have_all_routes(api, call) -> None:
    await api.upload("w", MAIN, esm())
    [zone] = (await call("GET", "/client/v4/zones?name=a.example&status=active")).result
    assert zone["name"] == "a.example"
    assert (await call("GET", "/client/v4/zones")).result == []
    routes = f"/client/v4/zones/{zone['id']}/workers/routes"
    added = (await call("POST", routes, {"pattern": "a.example/*", "script": "w"})).result
    nobodys = (await call("POST", routes, {"pattern": "a.example/private/*"})).result
    assert nobodys["script"] is None
    assert (await call("GET", routes)).result == [added, nobodys]
    assert (await call("GET", f"{routes}/{added['id']}")).result == added
    moved = {"pattern": "b.example/*", "script": "w"}
    assert (await call("PUT", f"{routes}/{added['id']}", moved)).result == {**added, **moved}
    assert (await call("DELETE", f"{routes}/{nobodys['id']}")).result == {"id": nobodys["id"]}
    assert (await call("GET", f"{routes}/{nobodys['id']}")).status == 404
    assert (await call("DELETE", f"{routes}/nothing")).status == 404
    assert (await call("POST", routes, {"pattern": "c.example/*", "script": "x"})).error[0] == 10007
    assert (await call("POST", routes, {"pattern": "b.example/*"})).status == 409
    assert (await call("POST", routes, {"pattern": "c.example/*", "script": 5})).error[0] == 10022
    assert len((await call("GET", routes)).result) == 1


async def test_custom_domains_are_attached_and_detached(api, call) -> None:
    await api.upload("w", MAIN, esm())
    domains = f"{ACCOUNT}/domains"
    wanted = {"hostname": "App.Example", "service": "w", "environment": "production"}
    told = (await call("PUT", domains, wanted)).result
    assert (told["hostname"], told["service"]) == ("app.example", "w")
    assert (await call("PUT", domains, wanted)).result == told, "the second time nothing changes"
    assert (await call("GET", f"{domains}?service=w")).result == [told]
    assert (await call("GET", f"{domains}/records?service=v")).result == []
    assert (await call("GET", f"{domains}/{told['id']}")).result == told
    assert (await call("GET", f"{domains}/records/{told['id']}")).result == told
    assert (await call("DELETE", f"{domains}/{told['id']}")).result == {"id": told["id"]}
    assert (await call("DELETE", f"{domains}/{told['id']}")).status == 404
    for hostname in ("app.example/x", "*.example", "", 5):
        refused = await call("PUT", domains, {**wanted, "hostname": hostname})
        assert refused.error[0] == 10022
    assert (await call("PUT", domains, {"hostname": "a.example"})).error[0] == 10022


async def test_a_changeset_tells_what_putting_domains_would_change(api, call) -> None:
    await api.upload("w", MAIN, esm())
    await api.upload("v", MAIN, esm())
    origins = [{"hostname": "a.example"}, {"hostname": "b.example"}]
    records = (await call("PUT", "/scripts/w/domains/records", {"origins": origins})).result
    assert [record["hostname"] for record in records] == ["a.example", "b.example"]

    theirs = [{"hostname": "b.example"}, {"hostname": "c.example"}]
    changes = (await call("POST", "/scripts/v/domains/changeset?replace_state=true", theirs)).result
    assert [change["hostname"] for change in changes["added"]] == ["c.example"]
    assert changes["removed"] == changes["conflicting"] == []
    assert changes["updated"] == [{**records[1], "modified": True}]
    refused = await call("PUT", "/scripts/v/domains/records", {"origins": theirs})
    assert (refused.status, refused.error[0]) == (409, 10020)
    taken = {"origins": theirs, "override_existing_origin": True}
    assert len((await call("PUT", "/scripts/v/domains/records", taken)).result) == 2
    assert (await call("GET", f"{ACCOUNT}/domains?service=w")).result == records[:1]
    changes = (await call("POST", "/scripts/w/domains/changeset", [])).result
    assert [change["hostname"] for change in changes["removed"]] == ["a.example"]
    assert (await call("PUT", "/scripts/w/domains/records", {})).error[0] == 10022
