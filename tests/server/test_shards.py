"""Several processes behind one port, seen by clients: real processes, real kills."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from apsw import BusyError, Connection

from holdfast.server.shards.seat import PlaceTaken, take_place
from tests.cli.running import holdfast
from tests.patience import PATIENCE_S
from tests.server.shard_process import Sharded, kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="shards are found in /proc"),
]

LOST = {
    "name": "Error",
    "message": "Network connection lost.",
    "retryable": True,
    "remote": True,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharded]:
    """Two shards for all that leaves them alive."""
    with Sharded(tmp_path_factory.mktemp("shards")) as sharded:
        sharded.all_shards()
        yield sharded


class Client:
    """Requests over connections of their own, so that the kernel spreads them.

    They are POSTs: aiohttp would repeat a GET whose connection breaks off.
    """

    def __init__(self, server: Sharded) -> None:
        self._server = server

    async def __aenter__(self) -> "Client":
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(60)
        self.session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.session.close()

    async def json(self, path: str, name: str, **query: str) -> Any:
        async with self.session.post(self._server.url(path, name, **query)) as response:
            return await response.json(content_type=None)


def each_way(server: Sharded) -> list[str]:
    """Names of objects of either shard; asked often, each is reached from both."""
    return [server.name_owned_by(0), server.name_owned_by(1)] * 6


async def test_an_object_is_one_object_whichever_shard_is_asked(server: Sharded) -> None:
    async with Client(server) as client:
        answers = await asyncio.gather(*(client.json("/", "one") for _ in range(40)))
    assert sorted(answers) == list(range(1, 41))


async def test_requests_and_bodies_pass_through_unchanged(server: Sharded) -> None:
    body = os.urandom(1_000_000)

    async def pieces() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    async with Client(server) as client:
        for name in each_way(server):
            for sent in (body, pieces(), b"short"):
                url = server.url("/echo", name)
                async with client.session.post(
                    url, data=sent, headers={"x-sent": "é, a"}
                ) as response:
                    seen = await response.read()
                    assert seen == (b"short" if sent == b"short" else body)
                    assert response.status == 201
                    assert response.reason == "Echoed"
                    assert response.headers["x-seen"] == "é, a"
                    assert response.headers["x-from"] == "XX"


async def test_a_body_that_nobody_reads_holds_up_nothing(server: Sharded) -> None:
    async with Client(server) as client:
        for name in each_way(server):
            url = server.url("/read", name)
            async with client.session.post(url, data=bytes(1_000_000)) as response:
                assert response.status == 200
            response = await client.session.post(server.url("/echo", name), data=bytes(1_000_000))
            response.close()  # in the middle of it
            assert isinstance(await client.json("/read", name), int)


async def test_errors_keep_name_message_and_flags(server: Sharded) -> None:
    async with Client(server) as client:
        for name in each_way(server):
            thrown = await client.json("/throw", name)
            assert thrown["name"] == "TypeError"
            assert thrown["message"] == "thrown by the object"
            assert thrown["remote"] is True
            assert not thrown.get("retryable")


async def test_functions_streams_and_stubs_cross_in_calls_by_rpc(server: Sharded) -> None:
    other = server.name_owned_by(0)
    async with Client(server) as client:
        for name in each_way(server):
            assert await client.json("/rpc", name, other=other) == [
                3,
                f"got a call from {name}",
                [1, 2],
                "streamed",
                ["RangeError", "out of range", True, 7],
                42,
            ]


async def test_objects_of_two_shards_that_wait_for_each_other_are_told(server: Sharded) -> None:
    names = [server.name_owned_by(0), server.name_owned_by(1)]
    async with Client(server) as client, asyncio.timeout(PATIENCE_S):
        for one, other in (names, reversed(names)):
            told = await client.json("/circle", one, other=other)
            assert "had hung and would never generate a response" in told["message"]
            assert isinstance(await client.json("/", one), int)
        a, b = names
        ways = client.json("/circle", a, other=b), client.json("/circle", b, other=a)
        assert all("message" in told for told in await asyncio.gather(*ways))


async def test_an_object_is_told_where_its_caller_in_another_shard_leaves(tmp_path: Path) -> None:
    with Sharded(tmp_path, 2, "--compatibility-flag", "enable_request_signal") as server:
        async with Client(server) as client, asyncio.timeout(PATIENCE_S):
            for name in dict.fromkeys(each_way(server)):
                for count in range(1, 5):  # either shard gets some of these
                    assert await client.json("/hang", name) == "left"
                    while await client.json("/left", name) < count:
                        pass


async def test_calls_of_one_caller_arrive_in_order(server: Sharded) -> None:
    async with Client(server) as client:
        for shard in (0, 1):
            name = f"{server.name_owned_by(shard)}"
            for _ in range(6):
                numbers = await client.json("/order", name)
                assert numbers == list(range(numbers[0], numbers[0] + 50))


@pytest.mark.parametrize("path", ["/socket", "/hibernating"])
async def test_websockets_pass_through_with_their_closes(server: Sharded, path: str) -> None:
    async with Client(server) as client:
        for name in each_way(server):
            url = server.url(path, name)
            async with client.session.ws_connect(url) as socket:
                assert await socket.receive_str(timeout=10) == "hello"
                await socket.send_str("text é")
                assert await socket.receive_str() == "text é"
                await socket.send_bytes(bytes(100_000))
                assert await socket.receive_bytes() == bytes(100_000)
                await socket.close(code=4321, message=b"bye")
                assert socket.close_code == 4321


async def test_alarms_run_once_in_the_shard_of_their_object(server: Sharded) -> None:
    names = [f"alarm {number}" for number in range(8)]
    async with Client(server) as client:
        for name in names:
            url = server.url("/alarm", name)
            async with client.session.get(url, headers={"x-in": "10"}) as response:
                assert await response.text() == "set"
        for name in names:
            while (ran := await client.json("/read", name)) < 1:
                await asyncio.sleep(0)
            assert ran == 1


async def test_a_call_to_a_shard_that_dies_may_be_tried_again(tmp_path: Path) -> None:
    with Sharded(tmp_path) as server:
        victim = server.all_shards()[1]
        name, bystander = server.name_owned_by(1), server.name_owned_by(0)
        async with Client(server) as client:
            assert await client.json("/", name) == 1
            waiting = [asyncio.ensure_future(client.json("/wait", name)) for _ in range(24)]
            while await client.json("/waiting", name) < len(waiting):
                await asyncio.sleep(0)
            kill(victim)
            # Those whose connection the other shard had taken hear of it; the rest break off.
            told = [
                answer
                for answer in await asyncio.gather(*waiting, return_exceptions=True)
                if not isinstance(answer, aiohttp.ClientError)
            ]
            assert told
            assert [answer for answer in told if answer != LOST] == []
            assert await client.json("/", name) == 2
            assert await client.json("/", bystander) == 1


async def test_in_dev_a_new_shard_serves_what_the_file_has_now(tmp_path: Path) -> None:
    with Sharded(tmp_path, command="dev") as server:
        victim = server.all_shards()[1]
        name = server.name_owned_by(1)
        async with Client(server) as client:
            assert await client.json("/", name) == 1
            text = server.file.read_text()
            server.file.write_text(text.replace("?? 0) + 1;", "?? 0) + 10;"))
            while await client.json("/", name) < 10:
                await asyncio.sleep(0)
            before = await client.json("/read", name)
            kill(victim)
            while True:
                with suppress(aiohttp.ClientError):
                    count = await client.json("/", name)
                    if not isinstance(count, dict):
                        break
            assert count == before + 10


async def test_a_stuck_shard_is_replaced_and_a_slow_one_is_not(tmp_path: Path) -> None:
    with Sharded(tmp_path, 2, "--cpu-ms", "20") as server:
        victim, slow = server.all_shards()
        name = server.name_owned_by(0)
        async with Client(server) as client:
            assert await client.json("/", name) == 1
            os.kill(victim, signal.SIGSTOP)
            spinning = [asyncio.ensure_future(_spin(client)) for _ in range(8)]
            while victim in server.shards():
                await asyncio.sleep(0.05)
            for task in spinning:
                task.cancel()
            await asyncio.gather(*spinning, return_exceptions=True)
            while True:
                try:
                    assert await client.json("/", name) == 2
                    break
                except aiohttp.ClientError:
                    continue
        assert slow in server.shards()
    assert "is stuck" in server.log.read_text()


async def _spin(client: Client) -> None:
    """Keep the shards that answer as busy as they can be."""
    while True:
        with suppress(aiohttp.ClientError):
            await client.json("/spin", "any")


async def test_nobody_else_gets_at_an_object_while_its_owner_lives(tmp_path: Path) -> None:
    """The race that the lock on each file stops: a shard that is thought dead and is not."""
    with Sharded(tmp_path) as server:
        shards = server.all_shards()
        name = server.name_owned_by(1)
        async with Client(server) as client:
            for number in (1, 2, 3):  # the first writes make the file, further ones keep it open
                assert await client.json("/", name) == number
            os.kill(shards[1], signal.SIGSTOP)  # as good as dead, for all that one can see
            file = server.data / "objects" / "counters-Counter" / f"{server.object_id(name)}.sqlite"
            usurper = Connection(str(file), vfs="unix-excl")
            with pytest.raises(BusyError):
                usurper.execute("UPDATE _cf_KV SET value = value").fetchall()
            usurper.close()
            kill(shards[1])
            while shards[1] in server.shards():
                await asyncio.sleep(0)
            assert await client.json("/", name) == 4


async def test_shards_die_with_their_supervisor_and_another_takes_over(tmp_path: Path) -> None:
    server = Sharded(tmp_path)
    shards = server.all_shards()
    name = server.name_owned_by(1)
    async with Client(server) as client:
        assert await client.json("/", name) == 1
    server.process.kill()
    with Sharded(tmp_path) as again:  # at once: it gets the folder when the last one is dead
        assert not any(map(_is_alive, shards))
        async with Client(again) as client:
            assert await client.json("/", name) == 2


def _is_alive(process_id: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_place_is_one_process_s_for_as_long_as_it_lives(tmp_path: Path) -> None:
    with Sharded(tmp_path) as server:
        shards = server.all_shards()
        async with Client(server) as client:
            assert await client.json("/", server.name_owned_by(1)) == 1
        os.kill(shards[1], signal.SIGSTOP)  # silent, and not dead
        with pytest.raises(PlaceTaken):
            take_place(str(server.data / "shards" / "1.sock"))
        kill(shards[1])


async def test_a_stop_lets_requests_end_that_other_shards_work_on(tmp_path: Path) -> None:
    with Sharded(tmp_path) as server:
        shards = server.all_shards()
        async with Client(server) as client:
            names = [str(number) for number in range(40)]
            asked = [asyncio.ensure_future(client.json("/", name)) for name in names]
            await asked[0]
            for shard in shards:  # as service managers do, and Ctrl-C
                os.kill(shard, signal.SIGTERM)
            assert await asyncio.to_thread(server.process.stop) == 0
            answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(a == 1 for a in answers if not isinstance(a, aiohttp.ClientError))


def test_what_is_wrong_with_a_script_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "bad.mjs").write_text("export default {")
    done = holdfast("run", "bad.mjs", "--workers", "2", folder=tmp_path)
    assert done.code == 1
    assert done.err.count("bad.mjs does not load") == 1
