"""Cron triggers over the API."""

import json

from tests.api.fakes import MAIN, esm


async def put(api, entries, name="w"):
    return await api.call("PUT", f"/scripts/{name}/schedules", data=json.dumps(entries))


async def test_schedules_are_put_listed_and_replaced(api) -> None:
    await api.upload("w", MAIN, esm())
    first = (await put(api, [{"cron": "*/5 * * * *"}, {"cron": "0 0 * * 1"}])).result
    assert [entry["cron"] for entry in first["schedules"]] == ["*/5 * * * *", "0 0 * * 1"]
    assert set(first["schedules"][0]) == {"cron", "created_on", "modified_on"}
    second = (await put(api, [{"cron": "0 0 * * 1"}, {"cron": "0 0 * * 1"}])).result["schedules"]
    assert [entry["cron"] for entry in second] == ["0 0 * * 1"]
    assert second[0]["created_on"] == first["schedules"][1]["created_on"]
    listed = (await api.call("GET", "/scripts/w/schedules")).result
    assert listed["schedules"] == second
    assert (await put(api, [])).result == {"schedules": []}


async def test_what_is_no_schedule_is_refused_and_changes_nothing(api) -> None:
    await api.upload("w", MAIN, esm())
    await put(api, [{"cron": "* * * * *"}])
    for entries in ([{"cron": "nope"}], [{"cron": 5}], [{}], {"a": 1}, 5, None):
        code, _ = (await put(api, entries)).error
        assert code == 10100
    assert (await api.call("PUT", "/scripts/w/schedules", data="{")).error[0] == 10100
    listed = (await api.call("GET", "/scripts/w/schedules")).result["schedules"]
    assert [entry["cron"] for entry in listed] == ["* * * * *"]
    assert (await put(api, [], name="nobody")).error[0] == 10007
    assert (await api.call("GET", "/scripts/nobody/schedules")).error[0] == 10007
