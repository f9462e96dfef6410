"""What util.inspect shows of objects whose insides no script sees."""

import json

from tests.inprocess import Server


async def test_inspect_shows_what_is_in_platform_objects(server: Server) -> None:
    server.add(
        "main",
        """
        import { inspect } from "node:util";
        export default { fetch: () => Response.json([
          inspect(new Headers({ a: "b" })), inspect({ deep: { er: { still: new Headers() } } }),
          inspect(new URLSearchParams("x=1")), inspect(new Blob(["x"])),
          inspect(new Headers([["a", "b"], ["c", "d"]]), { maxArrayLength: 1 })]) };
        """,
    )
    assert json.loads(await server.text()) == [
        "Headers(1) { 'a' => 'b' }",
        "{ deep: { er: { still: [Headers] } } }",
        "URLSearchParams(1) { 'x' => '1' }",
        "Blob { size: 1, type: '' }",
        "Headers(2) { 'a' => 'b', ... 1 more item }",
    ]


async def test_inspect_looks_into_promises_and_proxies(server: Server) -> None:
    server.add(
        "main",
        """
        import { inspect, types } from "node:util";
        const failed = Promise.reject(2);
        failed.catch(() => {});
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        const trapped = new Proxy(new Proxy({ a: 1 }, {}), { get() { throw new Error("trap"); } });
        export default { fetch: () => Response.json([
          [Promise.resolve({ a: 1 }), failed, new Promise(() => {}), proxy, trapped].map(
            (value) => inspect(value)),
          inspect(trapped, { showProxy: true }),
          [proxy, trapped, {}, failed, 1].map((value) => types.isProxy(value))]) };
        """,
    )
    assert json.loads(await server.text()) == [
        [
            "Promise { { a: 1 } }",
            "Promise { <rejected> 2 }",
            "Promise { <pending> }",
            "<Revoked Proxy>",
            "{ a: 1 }",
        ],
        "Proxy [ Proxy [ { a: 1 }, {} ], { get: [Function: get] } ]",
        [True, True, False, False, False],
    ]
