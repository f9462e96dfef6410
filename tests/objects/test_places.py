"""Where objects live: jurisdictions, which keep ids apart, location hints, and new ids."""

import json
from typing import Any

from holdfast.objects.ids import IdFactory
from holdfast.objects.placement import InProcess
from tests.inprocess import Server

SOURCE = """
export class Thing {
  constructor(state) { this.state = state; }
  fetch() { return Response.json({ ...this.state.id }); }
}
const attempt = (f) => { try { return f(); } catch (e) { return `${e.name}: ${e.message}`; } };
export default {
  async fetch(request, { Thing }) {
    const eu = Thing.jurisdiction("eu");
    const run = async () => { BODY };
    return Response.json(await run());
  }
};
"""


async def run(server: Server, body: str) -> Any:
    server.add("main", SOURCE.replace("BODY", body))
    return json.loads(await server.text())


async def test_a_jurisdictions_ids_are_its_own(server: Server) -> None:
    seen = await run(
        server,
        """
        const [mine, theirs] = [Thing.idFromName("a"), eu.idFromName("a")];
        const again = Thing.idFromString(theirs.toString());
        const unique = Thing.newUniqueId({ jurisdiction: "us" });
        return [mine.equals(theirs), mine.jurisdiction ?? null, theirs.jurisdiction, again.equals(theirs),
          again.jurisdiction, unique.jurisdiction, Thing.idFromString(unique.toString()).jurisdiction,
          eu.newUniqueId().jurisdiction, eu.jurisdiction(undefined).idFromName("a").equals(mine)];
        """,
    )
    assert seen == [False, None, "eu", True, "eu", "us", "us", "eu", True]


async def test_a_jurisdiction_refuses_the_ids_of_others(server: Server) -> None:
    seen = await run(
        server,
        """
        const us = Thing.newUniqueId({ jurisdiction: "us" });
        return [attempt(() => eu.get(Thing.idFromName("a"))), attempt(() => eu.get(us)),
          attempt(() => eu.idFromString(us.toString())), attempt(() => Thing.jurisdiction("moon")),
          attempt(() => Thing.newUniqueId({ jurisdiction: "moon" })), typeof Thing.get(us).fetch];
        """,
    )
    other = "get called on jurisdictional subnamespace with an ID from a different jurisdiction"
    unknown = 'TypeError: Unknown jurisdiction "moon". Known are: eu, fedramp, fedramp-high, us.'
    not_valid = "TypeError: Durable Object ID is not valid for this namespace."
    assert seen == [*[f"TypeError: {other}"] * 2, not_valid, unknown, unknown, "function"]


async def test_an_object_knows_its_name_and_its_jurisdiction(server: Server) -> None:
    seen = await run(
        server,
        """
        const answers = await Promise.all([Thing.getByName("n"), eu.getByName("n"),
          eu.get(eu.idFromString(eu.idFromName("m").toString()))].map((stub) => stub.fetch("/")));
        return Promise.all(answers.map((answer) => answer.json()));
        """,
    )
    assert seen == [{"name": "n"}, {"name": "n", "jurisdiction": "eu"}, {"jurisdiction": "eu"}]


async def test_a_location_hint_is_checked_and_kept(server: Server) -> None:
    seen = await run(
        server,
        """
        await Thing.getByName("hinted", { locationHint: "weur" }).fetch("/");
        return [Thing.idFromName("hinted").toString(),
          attempt(() => Thing.getByName("a", { locationHint: "moon" })),
          attempt(() => Thing.getByName("a", { routingMode: "any" }))];
        """,
    )
    record = server.runtime.directory.find(seen[0])
    assert record is not None and record.location_hint == "weur"
    assert seen[1].startswith('TypeError: Unknown location hint "moon". Known are: wnam, enam,')
    assert seen[2] == "RangeError: unknown routingMode: any"


def test_ids_of_a_jurisdiction_differ_from_all_others() -> None:
    ids = IdFactory("key")
    names = [ids.within(place).from_name("a") for place in (None, "eu", "us")]
    assert len(set(names)) == 3
    assert [ids.jurisdiction_of(name) for name in names] == [None, "eu", "us"]


class Even(InProcess):
    """Owns the ids with an even last digit."""

    takes = True

    def is_here(self, object_id: str) -> bool:
        """See Placement."""
        return int(object_id[-1], 16) % 2 == 0

    def takes_new(self) -> bool:
        """See Placement."""
        return self.takes


async def test_new_ids_are_of_objects_here_where_that_is_as_well_as_any(server: Server) -> None:
    placement = server.runtime.directory.placement = Even()
    server.add(
        "main",
        """export class Thing {}
        export default {
          fetch(request, { Thing }) {
            return Response.json(Array.from({ length: 60 }, () => String(Thing.newUniqueId())));
          },
        };""",
    )

    async def ids() -> list[str]:
        found: list[str] = json.loads(await server.text())
        assert len({*found}) == 60
        return found

    assert all(map(placement.is_here, await ids()))
    placement.takes = False
    assert not all(map(placement.is_here, await ids()))
