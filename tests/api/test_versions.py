"""Versions and deployments over the API, in the shapes that Wrangler sends."""

import json

import aiohttp
import pytest

from holdfast.catalog import SecretText, versions
from tests.api.fakes import MAIN, esm, form

SECOND = "export default { fetch() { return 2 } }"
SECRET = {"type": "secret_text", "name": "S", "text": "sealed"}


async def post_version(api, metadata=MAIN, *parts):
    data = form(metadata, *(parts or (esm(content=SECOND),)))
    return await api.call("POST", "/scripts/w/versions?bindings_inherit=strict", data=data)


async def deploy(api, *versions, **fields):
    body = {
        "strategy": "percentage",
        "versions": [{"version_id": v, "percentage": p} for v, p in versions],
        **fields,
    }
    return await api.call("POST", "/scripts/w/deployments", data=json.dumps(body))


async def listed(api, what="versions"):
    result = (await api.call("GET", f"/scripts/w/{what}")).result
    return result["items" if what == "versions" else what]


async def test_a_version_is_kept_and_live_once_it_is_deployed(api, platform):
    first = (await api.upload("w", MAIN, esm())).result
    annotations = {"workers/message": "again", "workers/tag": "t", "workers/alias": None}
    version = (await post_version(api, {**MAIN, "annotations": annotations})).result
    assert version["number"] == 2
    assert version["annotations"]["workers/message"] == "again"
    assert "workers/alias" not in version["annotations"]
    assert version["resources"]["script"]["handlers"] == ["fetch"]
    assert version["startup_time_ms"] == 3
    assert (await api.call("GET", "/scripts/w")).body.count(b"return 2") == 0
    assert (await listed(api))[0]["id"] == version["id"]

    deployed = (
        await deploy(api, (version["id"], 100), annotations={"workers/message": "go"})
    ).result
    assert deployed["versions"] == [{"version_id": version["id"], "percentage": 100}]
    assert b"return 2" in (await api.call("GET", "/scripts/w")).body
    newest, oldest = await listed(api, "deployments")
    assert newest == deployed
    assert newest["annotations"] == {"workers/message": "go"}
    assert oldest["versions"][0]["version_id"].replace("-", "") == first["deployment_id"]
    one = await api.call("GET", f"/scripts/w/deployments/{deployed['id']}")
    assert one.result == deployed

    await deploy(api, (oldest["versions"][0]["version_id"], 100))
    assert b"return 2" not in (await api.call("GET", "/scripts/w")).body
    content = await api.call("GET", f"/scripts/w/content/v2?version={version['id']}")
    assert b"return 2" in content.body
    assert (await api.call("GET", f"/scripts/w/versions/{version['id']}")).result == version


async def test_what_is_unknown_is_not_found(api):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await post_version(api)).error[0] == 10007
    for path in ("versions", "deployments", "script-settings", "settings", "secrets"):
        assert (await api.call("GET", f"/scripts/w/{path}")).error[0] == 10007
    await api.upload("w", MAIN, esm())
    assert (await deploy(api, (unknown, 100))).error[0] == 10007
    for path in (f"versions/{unknown}", f"deployments/{unknown}", f"content/v2?version={unknown}"):
        answer = await api.call("GET", f"/scripts/w/{path}")
        assert (answer.status, answer.error[0]) == (404, 10007)
    assert len(await listed(api, "deployments")) == 1


async def test_two_versions_share_the_traffic(api):
    await api.upload("w", MAIN, esm())
    (old,) = [version["id"] for version in await listed(api)]
    new = (await post_version(api)).result["id"]
    deployed = (await deploy(api, (new, 0.5), (old, 99.5))).result
    shares = [
        {"version_id": new, "percentage": 0.5},
        {"version_id": old, "percentage": 99.5},
    ]
    assert deployed["versions"] == shares
    assert (await listed(api, "deployments"))[0] == deployed
    assert (await api.call("GET", "/scripts/w")).body.count(b"return 2") == 0
    # Each keeps its end, in whichever order they are named.
    deployed = (await deploy(api, (old, 200 / 3), (new, 100 / 3))).result
    assert [entry["version_id"] for entry in deployed["versions"]] == [new, old]
    assert b"return 2" in (await deploy_and_show(api, (new, 60), (old, 40)))


async def deploy_and_show(api, *versions):
    assert (await deploy(api, *versions)).status == 200
    return (await api.call("GET", "/scripts/w")).body


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ([("A", 50), ("B", 40)], "must add up to 100, and not to 90"),
        ([("A", 100), ("B", 100)], "must add up to 100, and not to 200"),
        ([("A", 10)], "must add up to 100, and not to 10"),
        ([("A", -1), ("B", 101)], "is -1; it must be between 0 and 100"),
        ([("A", 50), ("A", 50)], "twice"),
        ([("A", 40), ("B", 30), ("C", 30)], "one version, or 2; this one would have 3"),
        ([], "one version, or 2; this one would have 0"),
        ([(5, 100)], '"version_id" must be a string'),
        ([("A", "100")], '"percentage" must be a number'),
        ([("A", True)], '"percentage" must be a number'),
    ],
)
async def test_percentages_that_make_no_sense_are_refused(api, versions, told):
    await api.upload("w", MAIN, esm())
    answer = await deploy(api, *versions)
    assert (answer.status, answer.error[0]) == (400, 10021)
    assert told in answer.error[1]


@pytest.mark.parametrize(
    "body", [{"versions": ["a"]}, {"versions": "a"}, {}, {"versions": [], "strategy": "x"}]
)
async def test_a_deployment_that_is_none_is_refused(api, body):
    await api.upload("w", MAIN, esm())
    answer = await api.call("POST", "/scripts/w/deployments", data=json.dumps(body))
    assert (answer.status, answer.error[0]) == (400, 10021)


async def test_a_version_brings_no_migrations_and_no_new_classes(api):
    await api.upload("w", MAIN, esm())
    migrations = {"new_tag": "v1", "new_sqlite_classes": ["Counter"]}
    assert (await post_version(api, {**MAIN, "migrations": migrations})).error[0] == 10211
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    code, message = (await post_version(api, {**MAIN, "bindings": [binding]}, esm())).error
    assert code == 10061
    assert "'Counter'" in message
    assert len(await listed(api)) == 1


async def test_a_version_without_a_class_that_has_a_namespace_cannot_be_deployed(api):
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    await api.upload("w", {**MAIN, "bindings": [binding]}, esm())
    version = (await post_version(api)).result
    code, message = (await deploy(api, (version["id"], 100))).error
    assert code == 10064
    assert "'Counter'" in message
    assert len(await listed(api, "deployments")) == 1


async def test_the_oldest_versions_go_but_not_the_live_one(api, monkeypatch):
    monkeypatch.setattr(versions, "MAX_VERSIONS", 10)
    await api.upload("w", MAIN, esm())
    for _ in range(12):
        await post_version(api)
    numbers = [version["number"] for version in await listed(api)]
    assert numbers == [*range(13, 3, -1), 1]
    assert (await api.call("GET", "/scripts/w")).status == 200


async def test_secrets_make_versions_that_go_live(api, platform):
    await api.upload("w", MAIN, esm())
    body = json.dumps({"name": "S", "text": "one", "type": "secret_text"})
    assert (await api.call("PUT", "/scripts/w/secrets", data=body)).result == {
        "name": "S",
        "type": "secret_text",
    }
    assert platform.live["w"].bindings == (SecretText("S", "one"),)
    bulk = {"secrets": {"S": None, "A": {"name": "A", "text": "a", "type": "secret_text"}}}
    await api.call("PATCH", "/scripts/w/secrets-bulk", data=json.dumps(bulk))
    assert platform.live["w"].bindings == (SecretText("A", "a"),)
    assert (await api.call("GET", "/scripts/w/secrets/A")).result["name"] == "A"
    assert (await api.call("GET", "/scripts/w/secrets/S")).error[0] == 10056
    assert (await api.call("DELETE", "/scripts/w/secrets/S")).error[0] == 10056
    await api.call("DELETE", "/scripts/w/secrets/A?url_encoded=true")
    assert (await api.call("GET", "/scripts/w/secrets")).result == []
    newest = (await listed(api))[0]
    assert newest["number"] == 4
    assert newest["annotations"]["workers/triggered_by"] == "secret"


async def test_a_secret_takes_no_other_bindings_name(api):
    await api.upload(
        "w", {**MAIN, "bindings": [{"type": "plain_text", "name": "S", "text": "t"}]}, esm()
    )
    answer = await api.call("PUT", "/scripts/w/secrets", data=json.dumps(SECRET))
    assert answer.error[0] == 10053


async def test_secrets_are_not_changed_while_a_later_version_waits(api, platform):
    await api.upload("w", {**MAIN, "bindings": [SECRET]}, esm())
    patch = {
        "env": {"T": {"type": "secret_text", "text": "t"}},
        "annotations": {"workers/tag": "x"},
    }
    path = "/workers/w/versions/latest"
    version = (await api.call("PATCH", path, data=json.dumps(patch))).result
    assert [entry["name"] for entry in version["resources"]["bindings"]] == ["S", "T"]
    assert [binding.name for binding in platform.live["w"].bindings] == ["S"]
    assert (await api.call("PUT", "/scripts/w/secrets", data=json.dumps(SECRET))).error[0] == 10215
    body = json.dumps({"bindings": []})
    assert (await api.call("PATCH", "/scripts/w/settings", data=body)).error[0] == 10214
    # What comes next keeps the latest version's secrets.
    await api.upload("w", {**MAIN, "keep_bindings": ["secret_text"]}, esm())
    assert [binding.name for binding in platform.live["w"].bindings] == ["S", "T"]


async def test_bindings_are_patched_and_those_only_named_are_kept(api, platform):
    await api.upload(
        "w", {**MAIN, "bindings": [SECRET, {"type": "json", "name": "J", "json": 1}]}, esm()
    )
    settings = {"bindings": [{"type": "secret_text", "name": "S"}, {**SECRET, "name": "T"}]}
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("settings", json.dumps(settings))
    result = (await api.call("PATCH", "/scripts/w/settings", data=data)).result
    assert result["bindings"] == [{"type": "secret_text", "name": n} for n in ("S", "T")]
    assert platform.live["w"].bindings == (SecretText("S", "sealed"), SecretText("T", "sealed"))


async def test_script_settings_are_kept_through_versions(api):
    await api.upload("w", MAIN, esm())
    body = json.dumps({"tags": ["a"], "observability": {"enabled": True}, "more": 1})
    patched = (await api.call("PATCH", "/scripts/w/script-settings", data=body)).result
    assert patched["tags"] == ["a"]
    assert "more" not in patched
    await api.upload("w", MAIN, esm())
    assert (await api.call("GET", "/scripts/w/script-settings")).result == patched
    service = (await api.call("GET", "/services/w")).result["default_environment"]["script"]
    assert service["tags"] == ["a"]


async def test_references_name_the_users_of_a_script(api):
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    await api.upload("w", {**MAIN, "bindings": [binding]}, esm())
    service = {"type": "service", "name": "W", "service": "w"}
    await api.upload(
        "user", {**MAIN, "bindings": [{**binding, "script_name": "w"}, service]}, esm()
    )
    found = (await api.call("GET", "/scripts/w/references")).result
    assert [entry["service"] for entry in found["services"]["incoming"]] == ["user"]
    assert sorted(entry["service"] for entry in found["durable_objects"]) == ["user", "w"]
    assert (await api.call("GET", "/tails/by-consumer/w")).result == []
    assert (await api.call("DELETE", "/services/w?force=false")).error[0] == 10064
    assert (await api.call("DELETE", "/services/w?force=true")).result == {"id": "w"}
    assert (await api.call("GET", "/services/w")).error[0] == 10007


async def test_the_one_account_and_where_workers_are(api, settings):
    async def get(path):
        return (await api.call("GET", f"/client/v4{path}", absolute=True)).result

    assert (await get("/accounts"))[0]["id"] == (await get("/memberships"))[0]["account"]["id"]
    assert (await get("/accounts/any"))["name"] == "Holdfast"
    assert "@" in (await get("/user"))["email"]
    assert (await get("/user/tokens/verify"))["status"] == "active"
    await api.upload("w", MAIN, esm())
    assert (await api.call("GET", "/scripts/w/subdomain")).result["url"] == "https://w.localhost"
    settings.workers.port = 8787
    assert (await get("/accounts/any/workers/subdomain"))["subdomain"] == "localhost:8787/#"
    assert "url" not in (await api.call("GET", "/workers/w")).result["subdomain"]
    body = json.dumps({"enabled": False, "previews_enabled": True})
    answer = await api.call("POST", "/scripts/w/subdomain", data=body)
    suffix = "-w.localhost:8787"  # newer versions of Wrangler put it behind digits
    told = {"enabled": True, "previews_enabled": True, "preview_url_suffix": suffix}
    assert answer.result == told
    body = json.dumps({"previews_enabled": "no"})
    answer = await api.call("POST", "/scripts/w/subdomain", data=body)
    assert answer.error[1] == '"previews_enabled" must be true or false.'


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/accounts/a/vectorize/indexes", "Vectorize"),
        ("/zones/z/dns_records", "zones"),
    ],
)
async def test_what_holdfast_has_not_is_said_by_name(api, path, what):
    answer = await api.call("POST", f"/client/v4{path}", absolute=True, data="{}")
    assert answer.status == 404
    code, message = answer.error
    assert code == 7000
    assert message.startswith(f"Holdfast has no {what}")


async def test_secrets_stay_unless_keep_bindings_leaves_them_out(api, platform):
    await api.upload("w", {**MAIN, "bindings": [SECRET]}, esm())
    await api.upload("w", MAIN, esm())
    assert platform.live["w"].bindings == (SecretText("S", "sealed"),)
    await api.upload("w", {**MAIN, "keep_bindings": []}, esm())
    assert platform.live["w"].bindings == ()


async def test_the_limits_of_a_version_are_told_and_go_on_with_it(api):
    metadata = {**MAIN, "limits": {"cpu_ms": 50}, "bindings": [SECRET]}
    await api.upload("w", metadata, esm())
    assert (await api.call("GET", "/scripts/w/settings")).result["limits"] == {"cpu_ms": 50}
    secret = json.dumps({**SECRET, "text": "other"})
    assert (await api.call("PUT", "/scripts/w/secrets", data=secret)).status == 200
    for version in await listed(api):
        one = (await api.call("GET", f"/scripts/w/versions/{version['id']}")).result
        assert one["resources"]["script_runtime"]["limits"] == {"cpu_ms": 50}


@pytest.mark.parametrize("limits", [{"cpu_ms": 0}, {"cpu_ms": "50"}, {"cpu_ms": True}, [50]])
async def test_limits_that_are_none_are_refused(api, limits):
    answer = await api.upload("w", {**MAIN, "limits": limits}, esm())
    assert answer.status == 400
    assert "metadata.limits" in answer.error[1]


async def test_a_deployment_says_when_objects_take_up_its_code(api):
    deferred = {"mode": "deferred", "max_delay": 60}
    await api.upload("w", {**MAIN, "code_update_strategy": deferred}, esm())
    assert (await listed(api, "deployments"))[0]["code_update_strategy"] == deferred
    version = (await listed(api))[0]["id"]
    for given, told in [
        ({}, {"mode": "immediate"}),
        ({"code_update_strategy": {"mode": "immediate"}}, {"mode": "immediate"}),
        (
            {"code_update_strategy": {"mode": "deferred"}},
            {"mode": "deferred", "max_delay": 300},
        ),
        (
            {"code_update_strategy": {"mode": "deferred", "max_delay": 0.5}},
            {"mode": "deferred", "max_delay": 0.5},
        ),
    ]:
        deployed = (await deploy(api, (version, 100), **given)).result
        assert deployed["code_update_strategy"] == told


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ([], "code_update_strategy must be an object"),
        ({"mode": "later"}, 'must be "immediate" or "deferred"'),
        ({"mode": "immediate", "max_delay": 1}, 'is for the mode "deferred"'),
        ({"mode": "deferred", "max_delay": 86_401}, "from 0 to 86,400"),
        ({"mode": "deferred", "max_delay": True}, "must be a number of seconds"),
        ({"mode": "deferred", "max_deley": 1}, "knows no 'max_deley'"),
    ],
)
async def test_a_code_update_that_makes_no_sense_is_refused(api, strategy, told):
    refused = await api.upload("w", {**MAIN, "code_update_strategy": strategy}, esm())
    assert refused.status == 400 and told in str(refused.error)
