"""Versions by URLs of their own."""

from typing import Any, cast

import pytest

from holdfast.catalog.previews import PREVIEWS_ENABLED
from holdfast.server.runtime import SWEEPS_PER_IDLE_TIME
from holdfast.server.shards.errands import Clerk
from holdfast.server.shards.neighbours import Neighbours
from tests.server.deployment import Deployment

THING = {"bindings": [{"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"}]}
OBJECT = "export class Thing {}; export default { fetch: () => new Response('object') }"


def says(word: str) -> str:
    return f"export default {{ fetch: () => new Response('{word}') }}"


async def keep(deployment: Deployment, word: str, alias: str | None = None) -> str:
    """The label of a version of `api` that is not live."""
    annotations = {"workers/alias": alias} if alias else {}
    answer = await deployment.keep("api", says(word), annotations=annotations)
    assert answer["success"], answer
    assert answer["result"]["metadata"]["has_preview"]
    return f"{answer['result']['id'][:8]}-api"


async def set_subdomain(deployment: Deployment, **fields: bool) -> dict[str, Any]:
    answer = await deployment.api("POST", "scripts/api/subdomain", json=fields)
    result: dict[str, Any] = answer["result"]
    return result


async def test_a_version_is_reached_by_what_its_id_begins_with(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    label = await keep(deployment, "new")
    assert await deployment.text(label) == "200 new"
    assert await deployment.text("api") == "200 live"
    assert (await deployment.text("00000000-api")).startswith("404")
    live = deployment.catalog.record("api").version
    assert await deployment.text(f"{live[:8]}-api") == "200 live"


async def test_an_alias_leads_to_the_newest_version_that_has_it(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    first = await keep(deployment, "first", "my-staging")
    assert await deployment.text("my-staging-api") == "200 first"
    await keep(deployment, "second", "my-staging")
    assert await deployment.text("my-staging-api") == "200 second"
    assert await deployment.text(first) == "200 first"


async def test_a_script_of_the_very_name_goes_before_a_version(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    await keep(deployment, "version", "staging")
    assert await deployment.text("staging-api") == "200 version"
    await deployment.upload("staging-api", says("script"))
    assert await deployment.text("staging-api") == "200 script"
    answer = await deployment.keep("api", says(""), annotations={"workers/alias": "staging"})
    assert 'There is a Worker named "staging-api"' in answer["errors"][0]["message"]


@pytest.mark.parametrize("alias", ["1st", "Staging", "a.b", "end-", "a" * 60])
async def test_an_alias_that_is_no_label_is_refused(deployment: Deployment, alias: str) -> None:
    await deployment.upload("api", says("live"))
    answer = await deployment.keep("api", says(""), annotations={"workers/alias": alias})
    assert "alias" in answer["errors"][0]["message"]
    assert len((await deployment.api("GET", "scripts/api/versions"))["result"]["items"]) == 1


async def test_versions_have_no_urls_where_that_is_switched_off(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    label = await keep(deployment, "new")
    assert await deployment.text(label) == "200 new"
    off = await set_subdomain(deployment, enabled=True, previews_enabled=False)
    assert (off["enabled"], off["previews_enabled"]) == (True, False)
    assert (await deployment.text(label)).startswith("404")
    assert (await deployment.api("GET", "scripts/api/subdomain"))["result"] == off
    assert (await set_subdomain(deployment, enabled=True))["previews_enabled"]
    assert await deployment.text(label) == "200 new"
    assert not (await set_subdomain(deployment, enabled=False))["previews_enabled"]
    assert await deployment.text("api") == "200 live"


async def test_a_version_is_gone_with_its_script(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    label = await keep(deployment, "new")
    assert await deployment.text(label) == "200 new"
    await deployment.api("DELETE", "scripts/api")
    assert (await deployment.text(label)).startswith("404")


async def test_versions_that_have_objects_have_no_urls(deployment: Deployment) -> None:
    await deployment.upload("api", OBJECT, **THING)
    answer = (await deployment.keep("api", OBJECT, **THING))["result"]
    assert not answer["metadata"]["has_preview"]
    assert (await deployment.text(f"{answer['id'][:8]}-api")).startswith("404")


async def test_what_a_version_calls_of_itself_is_of_that_version(deployment: Deployment) -> None:
    source = """export default { async fetch(request, env) {
      if (new URL(request.url).pathname === "/own") return new Response("%s");
      return env.SELF.fetch("http://x/own");
    } }"""
    bindings = [{"type": "service", "name": "SELF", "service": "api"}]
    await deployment.upload("api", source.replace("%s", "live"), bindings=bindings)
    new = source.replace("%s", "new")
    version = (await deployment.keep("api", new, bindings=bindings))["result"]["id"]
    assert await deployment.text(f"{version[:8]}-api") == "200 new"


async def test_a_version_that_nobody_asks_for_is_unloaded(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    label = await keep(deployment, "new")
    await deployment.text("api")
    await deployment.text(label)
    assert {*deployment.runtime.deployed()} == {"api", label}
    for _ in range(SWEEPS_PER_IDLE_TIME + 2):
        assert deployment.runtime._sweeper is not None
        deployment.runtime._sweeper.cancel()
        deployment.runtime._sweep(1)
    assert {*deployment.runtime.deployed()} == {"api"}
    assert await deployment.text(label) == "200 new"


async def test_a_shard_is_told_when_versions_have_urls_no_more(deployment: Deployment) -> None:
    await deployment.upload("api", says("live"))
    label = await keep(deployment, "new")
    assert await deployment.text(label) == "200 new"
    deployment.catalog.put_settings("api", {PREVIEWS_ENABLED: False})  # as the first shard does
    clerk = Clerk(deployment.runtime, cast("Neighbours", None))
    await clerk("renew_previews")
    assert (await deployment.text(label)).startswith("404")
    assert await deployment.text("api") == "200 live"
