"""`kill -9` under sockets of sleeping objects: what was told over a socket is durable."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.faults.site import CONNECTION_ERRORS, DEADLINE_S, Site

pytestmark = pytest.mark.slow

# Each message is counted, and answered with the count; "?" only asks. Attachments count, too.
COUNTER = """
export class Counted {
  constructor(state) { this.state = state; this.storage = state.storage; }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.state.acceptWebSocket(server);
    server.serializeAttachment(0);
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(socket, message) {
    let count = (await this.storage.get("count")) ?? 0;
    if (message === "+") this.storage.put("count", ++count);
    socket.serializeAttachment(socket.deserializeAttachment() + 1);
    socket.send(`${count} ${socket.deserializeAttachment()}`);
  }
}
export default {
  fetch(request, env) {
    const id = env.Counted.idFromName(new URL(request.url).pathname);
    return env.Counted.get(id).fetch(request);
  },
};
"""


async def counting(site: Site, path: str, told: dict[str, int], enough: asyncio.Event) -> None:
    """Count over one socket after the other until the server dies; its last word to `told`."""
    try:
        async with site.session.ws_connect(
            f"http://127.0.0.1:{site.port}{path}", headers={"Host": "counter.localhost"}
        ) as socket:
            for sent in range(1, 10_000):
                await socket.send_str("+")
                message = await socket.receive(DEADLINE_S)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                count, attached = map(int, message.data.split())
                assert attached == sent, "a socket's attachment outlives its object's instance"
                assert count == told.get(path, 0) + 1, "each message is counted once"
                told[path] = count
                if sum(told.values()) % 400 == 0:
                    enough.set()
    except CONNECTION_ERRORS:
        return


@pytest.mark.parametrize("idle_seconds", ["10", "0.05"], ids=["resident", "evicted"])
async def test_what_was_answered_over_a_socket_survives_crashes(
    tmp_path: Path, idle_seconds: str
) -> None:
    told: dict[str, int] = {}
    paths = [f"/{number}" for number in range(20)]
    async with Site(tmp_path, "--idle-seconds", idle_seconds) as site:
        assert await site.deploy("counter", COUNTER, "Counted") == 200
        for _ in range(3):
            enough = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for path in paths:
                    group.create_task(counting(site, path, told, enough))
                async with asyncio.timeout(DEADLINE_S):
                    await enough.wait()
                site.crash()
            site.start()
            for path in paths:
                async with site.session.ws_connect(
                    f"http://127.0.0.1:{site.port}{path}", headers={"Host": "counter.localhost"}
                ) as socket:
                    await socket.send_str("?")
                    count = int((await socket.receive_str(timeout=DEADLINE_S)).split()[0])
                assert count >= told.get(path, 0), f"{path} has forgotten"
                told[path] = count
