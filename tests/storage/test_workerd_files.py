"""Data folders travel between workerd and Holdfast, both ways."""

import json
from pathlib import Path

import apsw
import pytest

from holdfast.storage.template import template
from tests.peers import Workerd
from tests.storage.conftest import Shard

SCRIPT = """
export class Counter {
  constructor(state) { this.storage = state.storage; }
  alarm() {}
  async fetch(request) {
    const url = new URL(request.url);
    const { storage } = this;
    if (url.pathname === "/fill") {
      await storage.put({ text: "hello", "": 1, "\\u{1f600}": 2, "\\uffff": 3, "\\ud800": 4 });
    } else if (url.pathname === "/sql") {
      storage.sql.exec("CREATE TABLE own (x); INSERT INTO own VALUES (1)");
    } else if (url.pathname === "/alarm") {
      await storage.setAlarm(Date.now() + 3600_000);
    }
    return Response.json({
      id: request.headers.get("id"),
      entries: [...await storage.list()],
    });
  }
}
export default {
  async fetch(request, env) {
    const id = env.Counter.idFromName("one");
    const headers = { id: id.toString() };
    return env.Counter.get(id).fetch(new Request(request.url, { headers }));
  },
};
"""


def workerd(folder: Path) -> Workerd:
    return Workerd(folder, SCRIPT, {"Counter": "script-Counter"})


def open_here(data: Path) -> Shard:
    return Shard(data)


@pytest.mark.slow
async def test_what_workerd_wrote_is_read_here_and_the_reverse(tmp_path: Path) -> None:
    with workerd(tmp_path) as peer:
        object_id = json.loads(peer.get("/fill"))["id"]
    shard = open_here(tmp_path / "data")
    assert shard.storage.list_objects("script-Counter") == [object_id]
    owner = shard.owner(int(object_id, 16))
    stored = owner.store.list()
    keys = ["", "text", "\ud800", "\uffff", "\U0001f600"]
    assert [key for key, _ in stored] == keys
    text = dict(stored)["text"]
    assert text == b'\xff\x0f"\x05hello'
    owner.store.put("text", text.replace(b"hello", b"world"))
    owner.store.put("more", text)
    owner.store.delete("")
    await owner.store.close()
    await shard.storage.aclose()
    with workerd(tmp_path) as peer:
        entries = json.loads(peer.get("/"))["entries"]
    assert [key for key, _ in entries if key.isascii()] == ["more", "text"]
    assert dict(entries)["text"] == "world"
    assert dict(entries)["\U0001f600"] == 2


@pytest.mark.slow
async def test_what_was_made_here_is_taken_up_by_workerd(tmp_path: Path) -> None:
    with workerd(tmp_path) as peer:
        object_id = json.loads(peer.get("/"))["id"]
    shard = open_here(tmp_path / "data")
    for path in (tmp_path / "data" / "script-Counter").glob(f"{object_id}*"):
        path.unlink()
    owner = shard.owner(int(object_id, 16))
    owner.store.put("made", b'\xff\x0f"\x04here')
    await shard.storage.aclose()
    with workerd(tmp_path) as peer:
        assert json.loads(peer.get("/"))["entries"] == [["made", "here"]]


@pytest.mark.slow
async def test_tables_and_alarms_of_workerd_count_as_data(tmp_path: Path) -> None:
    with workerd(tmp_path) as peer:
        object_id = json.loads(peer.get("/sql"))["id"]
        peer.get("/alarm")
    shard = open_here(tmp_path / "data")
    for keeps in (True, True):
        owner = shard.owner(int(object_id, 16))
        assert owner.store.list() == []
        await owner.store.close()
        assert bool(shard.storage.list_objects("script-Counter")) is keeps
    owner = shard.owner(int(object_id, 16))
    owner.store.delete_all()
    await owner.store.close()
    assert shard.storage.list_objects("script-Counter") == [object_id], "the alarm stays"
    await shard.storage.aclose()


def test_the_template_is_a_sound_database_with_workerds_table(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(template())
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("page_size") == 4096
    assert connection.pragma("encoding") == "UTF-8"
    columns = connection.execute("PRAGMA table_info(_cf_KV)").fetchall()
    assert columns == [(0, "key", "TEXT", 1, None, 1), (1, "value", "BLOB", 0, None, 0)]
    connection.close()


@pytest.mark.slow
def test_the_template_has_workerds_columns_and_settings(tmp_path: Path) -> None:
    with workerd(tmp_path) as peer:
        object_id = json.loads(peer.get("/fill"))["id"]
    theirs = apsw.Connection(str(tmp_path / "data" / "script-Counter" / f"{object_id}.sqlite"))
    (tmp_path / "ours.sqlite").write_bytes(template())
    ours = apsw.Connection(str(tmp_path / "ours.sqlite"))
    for question in (
        "PRAGMA table_info(_cf_KV)",
        "PRAGMA page_size",
        "PRAGMA encoding",
        "PRAGMA auto_vacuum",
        "PRAGMA user_version",
        "PRAGMA application_id",
        "PRAGMA journal_mode",
        "SELECT wr FROM pragma_table_list WHERE name='_cf_KV'",
    ):
        assert ours.execute(question).fetchall() == theirs.execute(question).fetchall(), question
    ours.close()
    theirs.close()
