"""Messages between the events and objects of one script."""

from tests.inprocess import Server

CHANNELS = """
const heard = [];
export class Listener {
  constructor(state) {
    this.channel = new BroadcastChannel("news");
    this.channel.onmessage = ({ data }) => heard.push(`object ${data}`);
  }
  fetch() { return new Response("listening"); }
}
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/object") return env.Listener.get(env.Listener.idFromName("a")).fetch(request);
    const channel = new BroadcastChannel("news");
    if (pathname === "/listen") {
      channel.onmessage = ({ data }) => heard.push(`event ${data}`);
      return new Response("listening");
    }
    channel.postMessage(pathname);
    channel.close();
    await scheduler.wait(1);
    return new Response(heard.splice(0).join());
  },
};
"""


async def test_who_listens_hears_until_its_event_or_object_ends(server: Server) -> None:
    server.add("main", CHANNELS)
    await server.text("/object")
    await server.text("/listen")
    assert await server.text("/one") == "object /one", "the event that listened has ended"
    home = server.runtime.resident("main").home
    for _ in range(2):
        home.sweep(1_000)
    home.evict_idle(0, 16)
    assert await server.text("/two") == "", "the object is in memory no more"
    await server.text("/object")
    assert await server.text("/three") == "object /three"


PORTS = """
const { port1, port2 } = new MessageChannel();
port2.onmessage = ({ data }) => port2.postMessage(data + 1);
const { port1: late, port2: later } = new MessageChannel();
let started = false;
export default {
  async fetch(request) {
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    port1.postMessage(1);
    if (!started) later.onmessage = ({ data, target }) => target.postMessage(`late ${data}`);
    started = true;
    const other = new Promise((resolve) => (late.onmessage = ({ data }) => resolve(data)));
    late.postMessage(2);
    return new Response(`${await answer} ${await other}`);
  },
};
"""


async def test_ports_outlive_the_event_that_made_or_started_them(server: Server) -> None:
    server.add("main", PORTS)
    for _ in range(3):
        assert await server.text() == "2 late 2"
