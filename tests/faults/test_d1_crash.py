"""`kill -9` while many write to a D1 database: what was answered is there, and whole."""

import http.client
import json
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.serving import HoldfastProcess, free_ports

pytestmark = pytest.mark.slow

WRITERS = 6
ANSWERED = (40, 65)  # before each crash

# Each request writes two rows, of which there is never one alone.
SCRIPT = """
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    const insert = env.DB.prepare("INSERT INTO pairs VALUES (?, ?)");
    await env.DB.batch([
      env.DB.prepare("CREATE TABLE IF NOT EXISTS pairs (key TEXT, half INTEGER)"),
      insert.bind(key, 0),
      insert.bind(key, 1),
    ]);
    return new Response(key);
  },
};
"""
PROJECT = {"name": "pairs", "main": "pairs.mjs", "d1_databases": [{"binding": "DB"}]}


class Writer:
    """Asks for one pair after the other until the server dies; `answered` are those it knows."""

    def __init__(self, port: int, name: str) -> None:
        self.answered: list[str] = []
        self._port = port
        self._name = name
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            for number in range(100_000):
                connection.request("GET", f"/{self._name}-{number}")
                response = connection.getresponse()
                text = response.read().decode()
                if response.status == 200:
                    self.answered.append(text)
        except (OSError, http.client.HTTPException):
            pass  # it has died
        finally:
            connection.close()

    def join(self) -> None:
        self._thread.join()


def test_what_was_answered_is_there_after_each_crash(tmp_path: Path) -> None:
    (tmp_path / "pairs.mjs").write_text(SCRIPT)
    (tmp_path / "wrangler.json").write_text(json.dumps(PROJECT))
    known: set[str] = set()
    for crash, enough in enumerate(ANSWERED):
        (port,) = free_ports(1)
        arguments = ["run", "wrangler.json", "--port", str(port), "--workers", "3"]
        process = HoldfastProcess(arguments, [port], tmp_path)
        writers = [Writer(port, f"{crash}-{number}") for number in range(WRITERS)]
        try:
            while sum(len(writer.answered) for writer in writers) < enough:
                assert threading.active_count() > 1, "the writers have given up"
        finally:
            process.kill()
            for writer in writers:
                writer.join()
        known |= {key for writer in writers for key in writer.answered}
    [file] = (tmp_path / ".holdfast" / "d1").glob("*.sqlite")
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        halves = db.execute("SELECT key, count(*), sum(half) FROM pairs GROUP BY key").fetchall()
    db.close()
    assert {(count, total) for _, count, total in halves} == {(2, 1)}
    assert known <= {key for key, *_ in halves}
