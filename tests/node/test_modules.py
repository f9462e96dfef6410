"""Who may import Node.js's modules, what others are told, and that nobody else pays for them."""

import json
from pathlib import Path

import pytest

from holdfast.catalog import PlainText
from holdfast.host.constants import NODE_BUILTINS
from holdfast.workers.errors import ScriptInvalid
from tests.inprocess import Server

POLYFILLS = Path(__file__).parents[2] / "polyfills" / "node"
EVERYTHING = "\n".join(
    [
        *(
            f'import m{i} from "node:{name.removeprefix("node:")}";'
            for i, name in enumerate(NODE_BUILTINS)
        ),
        *(f'import * as n{i} from "{name}";' for i, name in enumerate(NODE_BUILTINS)),
        "const pairs = [",
        *(f'  ["{name}", m{i}, n{i}],' for i, name in enumerate(NODE_BUILTINS)),
        "];",
        """
        export default { fetch() {
          const wrong = [];
          for (const [name, module, namespace] of pairs) {
            if (namespace.default !== module) wrong.push(`${name} has two faces`);
            for (const key of Object.keys(namespace)) {
              if (key !== "default" && namespace[key] === undefined) wrong.push(`${name}.${key}`);
            }
          }
          return new Response(wrong.join("\\n"));
        } };
        """,
    ]
)


async def test_every_module_can_be_imported_with_and_without_its_prefix(server: Server) -> None:
    server.add("main", EVERYTHING)
    told = await server.text()
    assert set(told.split()) == {"process.exitCode"}


def test_every_listed_module_is_a_file() -> None:
    assert {path for path in NODE_BUILTINS.values() if not (POLYFILLS / path).is_file()} == set()


@pytest.mark.parametrize(
    ("date", "flags", "allowed"),
    [
        (None, (), True),
        ("2026-08-04", (), True),
        ("2026-08-03", (), False),
        ("2024-09-23", ("nodejs_compat",), True),
        ("2024-01-01", ("nodejs_compat_v2",), True),
        ("2026-09-01", ("no_nodejs_compat",), False),
        (None, ("no_nodejs_compat",), False),
    ],
)
async def test_the_date_and_the_flags_say_whether_modules_and_globals_are_there(
    server: Server, date: str | None, flags: tuple[str, ...], allowed: bool
) -> None:
    source = "export default { fetch: () => new Response(`${typeof Buffer} ${typeof process}`) };"
    options = {"compatibility_date": date, "compatibility_flags": flags}
    server.add("main", source, **options)
    assert await server.text() == ("function object" if allowed else "undefined undefined")
    server.add("importing", f'import "node:buffer"; {source}', **options)
    if allowed:
        assert await server.text(script="importing") == "function object"
    else:
        with pytest.raises(ScriptInvalid, match="nodejs_compat"):
            server.runtime.worker("importing")


@pytest.mark.parametrize(
    ("date", "flags"),
    [("2024-09-22", ("nodejs_compat",)), ("2025-01-01", ("nodejs_compat", "no_nodejs_compat_v2"))],
)
async def test_modules_come_without_globals_as_they_did_at_first(
    server: Server, date: str, flags: tuple[str, ...]
) -> None:
    server.add(
        "main",
        """
        import { Buffer } from "node:buffer";
        export default { fetch: () => new Response(
          [typeof Buffer, typeof globalThis.Buffer, typeof process, typeof global].join()) };
        """,
        compatibility_date=date,
        compatibility_flags=flags,
    )
    assert await server.text() == "function,undefined,undefined,undefined"


@pytest.mark.parametrize(
    ("date", "flags", "env"),
    [
        ("2025-04-01", (), {"WORD": "text"}),
        ("2025-03-31", (), {}),
        ("2024-09-23", ("nodejs_compat_populate_process_env",), {"WORD": "text"}),
        (None, ("nodejs_compat_do_not_populate_process_env",), {}),
        (None, ("disallow_importable_env",), {}),
    ],
)
async def test_the_date_and_the_flags_say_whether_the_environment_is_that_of_the_process(
    server: Server, date: str | None, flags: tuple[str, ...], env: dict[str, str]
) -> None:
    server.add(
        "main",
        "export default { fetch: () => Response.json(process.env) };",
        compatibility_date=date,
        compatibility_flags=("nodejs_compat", *flags),
        bindings=(PlainText("WORD", "text"),),
    )
    assert json.loads(await server.text()) == env


async def test_parts_of_modules_have_their_old_names(server: Server) -> None:
    server.add(
        "main",
        """
        import Readable, { Readable as same } from "_stream_readable";
        import { Readable as real, Transform as transform } from "node:stream";
        import Transform from "node:_stream_transform";
        import { IncomingMessage } from "_http_incoming";
        import { connect } from "_tls_wrap";
        export default { fetch: () => Response.json([Readable === real, same === real,
          Transform === transform, typeof IncomingMessage, typeof connect]) };
        """,
    )
    assert await server.text() == '[true,true,true,"function","function"]'


async def test_async_hooks_is_there_without_the_rest(server: Server) -> None:
    server.add(
        "main",
        """
        import { AsyncLocalStorage } from "node:async_hooks";
        const storage = new AsyncLocalStorage();
        export default { fetch: () => storage.run("kept", async () => {
          await new Promise((resolve) => setTimeout(resolve));
          return new Response(storage.getStore() + typeof process);
        }) };
        """,
        compatibility_date="2024-01-01",
        compatibility_flags=("nodejs_als",),
    )
    assert await server.text() == "keptundefined"


async def test_globals_come_with_their_first_use_and_can_be_replaced(server: Server) -> None:
    server.add(
        "main",
        """
        const before = Object.getOwnPropertyDescriptor(globalThis, "Buffer");
        globalThis.process = { mine: true };
        export default { async fetch() {
          const text = Buffer.from("x").toString("hex");
          const after = Object.getOwnPropertyDescriptor(globalThis, "Buffer");
          const same = Buffer === (await import("node:buffer")).Buffer;
          const immediate = await new Promise((resolve) => setImmediate(resolve, "now"));
          clearImmediate(setImmediate(() => console.log("never")));
          return Response.json([before.value === Buffer, text, typeof after.value, same,
            process.mine, immediate, global === globalThis,
            Object.keys(globalThis).includes("Buffer")]);
        } };
        """,
    )
    assert await server.text() == '[true,"78","function",true,true,"now",true,false]'
    assert server.lines == []


@pytest.mark.parametrize("name", ["sea", "node:sea", "node:test/reporters"])
async def test_a_module_that_is_not_there_is_named(server: Server, name: str) -> None:
    server.add("main", f'import x from "{name}"; export default {{ fetch() {{}} }};')
    with pytest.raises(ScriptInvalid) as caught:
        server.runtime.worker("main")
    bare = name.removeprefix("node:")
    assert f"Node.js's module {bare} is not part of Holdfast" in str(caught.value)


@pytest.mark.parametrize(
    ("imported", "told"),
    [
        ('{ Nope } from "cloudflare:workers"', "'cloudflare:workers' does not provide"),
        ('{ Nope } from "node:path"', "'node:path' does not provide an export named 'Nope'"),
    ],
)
async def test_an_import_that_is_not_there_is_told_by_the_name_that_it_has_for_scripts(
    server: Server, imported: str, told: str
) -> None:
    server.add("main", f"import {imported}; export default {{ fetch() {{}} }};")
    with pytest.raises(ScriptInvalid) as caught:
        server.runtime.worker("main")
    assert told in str(caught.value) and "holdfast:" not in str(caught.value)


async def test_a_function_that_is_not_there_is_named_when_it_is_called(server: Server) -> None:
    server.add(
        "main",
        """
        import crypto, { createCipher } from "node:crypto";
        export default { fetch() {
          const told = [];
          for (const call of [() => createCipher("x"), () => new crypto.Cipher("aes"),
              () => process.kill(1)]) {
            try { call(); } catch (error) { told.push(`${error.code} ${error.message}`); }
          }
          return Response.json(told);
        } };
        """,
    )
    told = await server.text()
    for name in ("crypto.createCipher", "crypto.Cipher", "process.kill"):
        assert f"ERR_METHOD_NOT_IMPLEMENTED {name} is" in told


async def test_a_scripts_own_module_goes_before_one_of_nodes_of_that_name(server: Server) -> None:
    server.add(
        "main",
        """
        import mine from "util";
        import { inspect } from "node:util";
        import path from "node:path";
        const { default: later } = await import("node:path");
        const told = `${mine} ${typeof inspect} ${path} ${later}`;
        export default { fetch: () => new Response(told) };
        """,
        modules={"util": "my own", "node:path": "another"},
    )
    assert await server.text() == "my own function another another"


async def test_common_js_requires_modules_of_node(server: Server) -> None:
    server.add(
        "main",
        "import told from './old.cjs'; export default { fetch: () => new Response(told) };",
        modules={
            "old.cjs": """
            const { Buffer } = require("buffer");
            const EventEmitter = require("node:events");
            const assert = require("assert");
            const { inherits } = require("util");
            function Old() { EventEmitter.call(this); }
            inherits(Old, EventEmitter);
            assert(new Old() instanceof EventEmitter.EventEmitter);
            const { DurableObject } = require("cloudflare:workers");
            let refused;
            try { require("sea"); } catch (error) { refused = error.message; }
            const hex = Buffer.from("a").toString("hex");
            module.exports = `${hex} ${typeof DurableObject} ${refused}`;
            """
        },
    )
    told = await server.text()
    assert told.startswith('61 function No such module "sea"')


async def test_create_require_and_get_builtin_module_find_them_too(server: Server) -> None:
    server.add(
        "main",
        """
        import { createRequire, isBuiltin } from "node:module";
        import { DurableObject } from "cloudflare:workers";
        const require = createRequire("file:///worker.mjs");
        export default { fetch() {
          let refused;
          try { require("left-pad"); } catch (error) { refused = error.code; }
          return Response.json([require("node:path").join("a", "b"), isBuiltin("sea"),
            process.getBuiltinModule("path") === require("path"), refused,
            require("cloudflare:workers").DurableObject === DurableObject]);
        } };
        """,
    )
    assert await server.text() == '["a/b",false,true,"MODULE_NOT_FOUND",true]'


async def test_the_module_is_its_constructor_whose_require_can_be_replaced_as_next_js_does(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        import Module, { _load, _resolveFilename } from "node:module";
        const require = Module.createRequire("file:///worker.mjs");
        const found = Module.prototype.require;
        Module.prototype.require = (id) => found(id.replace("my-", ""));
        export default { fetch() {
          let refused;
          try { new Module("x"); } catch (error) { refused = error.code; }
          return Response.json([Module === Module.Module, require("module") === Module,
            _load("path").sep, Module.prototype.require("my-path").sep,
            typeof Module._extensions[".js"], Object.keys(Module._cache),
            _resolveFilename === Module._resolveFilename, refused]);
        } };
        """,
    )
    assert (
        await server.text() == '[true,true,"/","/","function",[],true,"ERR_METHOD_NOT_IMPLEMENTED"]'
    )


async def test_the_environment_is_in_process_env(server: Server) -> None:

    server.add(
        "main",
        """
        const atTheTop = process.env.NAME;
        export default { fetch() {
          process.env.ADDED = 5;
          return Response.json([atTheTop, process.env.ADDED, process.env.NOT_THERE ?? null]);
        } };
        """,
        bindings=(PlainText("NAME", "value"),),
    )
    assert await server.text() == '["value","5",null]'


async def test_output_goes_to_the_console_by_lines(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch() {
          process.stdout.write("one ");
          process.stdout.write("line\\ntwo");
          process.stdout.write("\\n");
          process.emitWarning("careful", "OwnWarning", "W1");
          await null; await null;
          return new Response("ok");
        } };
        """,
    )
    await server.text()
    assert server.lines == [
        "main log: one line",
        "main log: two",
        "main warn: [W1] OwnWarning: careful",
    ]


async def test_streams_are_piped_to_the_console(server: Server) -> None:
    server.add(
        "main",
        """
        import { Readable } from "node:stream";
        import { once } from "node:events";
        export default { async fetch() {
          const euro = Buffer.from("€\\n");
          const source = Readable.from([euro.subarray(0, 1), euro.subarray(1), "end\\n"]);
          source.pipe(process.stdout);
          await once(source, "close");
          return new Response("ok");
        } };
        """,
    )
    assert await server.text() == "ok"
    assert server.lines == ["main log: €", "main log: end"]


@pytest.mark.parametrize(
    ("date", "flags", "kind"),
    [
        (None, (), "object"),
        ("2026-08-04", (), "object"),
        ("2026-02-10", ("nodejs_compat",), "object"),
        ("2026-02-09", ("nodejs_compat",), "number"),
        ("2025-01-01", ("nodejs_compat", "enable_nodejs_global_timers"), "object"),
        (None, ("no_nodejs_global_timers",), "number"),
        (None, ("no_nodejs_compat",), "number"),
    ],
)
async def test_timers_are_objects_as_the_date_and_the_flags_say(
    server: Server, date: str | None, flags: tuple[str, ...], kind: str
) -> None:
    server.add(
        "main",
        """
        export default { async fetch() {
          const heard = [];
          const timer = setTimeout(() => heard.push("never"), 1);
          clearTimeout(timer);
          const byNumber = setInterval(() => heard.push("never"), 1);
          clearInterval(Number(byNumber));
          await new Promise((resolve) => setTimeout((value) => resolve(heard.push(value)), 5, "x"));
          timer.unref?.().ref();
          return Response.json([typeof timer, timer.hasRef?.() ?? null, heard]);
        } };
        """,
        compatibility_date=date,
        compatibility_flags=flags,
    )
    expected = [kind, True if kind == "object" else None, ["x"]]
    assert json.loads(await server.text()) == expected


async def test_timers_of_no_time_fire_before_one_of_some(server: Server) -> None:
    server.add(
        "main",
        """
        import { setTimeout as ofNode } from "node:timers";
        export default { async fetch() {
          const heard = [];
          await new Promise((resolve) => {
            setTimeout(() => resolve(heard.push("one")), 100);
            ofNode((name) => heard.push(name), 0, "zero");
            setTimeout((name) => heard.push(name), -5, "negative");
            setTimeout((name) => heard.push(name), "0", "text");
            setImmediate((name) => heard.push(name), "immediate");
          });
          return Response.json(heard);
        } };
        """,
    )
    assert json.loads(await server.text()) == ["zero", "negative", "text", "immediate", "one"]


async def test_partial_deep_strict_equal_looks_for_what_is_expected(server: Server) -> None:
    server.add(
        "main",
        """
        import assert from "node:assert";
        const holds = (...pair) => {
          try { assert.partialDeepStrictEqual(...pair); return true; }
          catch (error) { return error.code; }
        };
        export default { fetch: () => Response.json([
          holds({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }), holds([1, 2, 3], [1, 3]),
          holds(new Set([1, 2]), new Set([2])), holds(new Map([["a", { x: 1, y: 2 }]]),
            new Map([["a", { x: 1 }]])), holds({ a: 1 }, {}), holds(new Date(0), new Date(0)),
          holds({ a: 1 }, { a: "1" }), holds([1, 2], [2, 1]), holds({}, { a: undefined }),
          holds(new Date(0), new Date(1)), holds({ a: 1 }, [])]) };
        """,
    )
    failed = "ERR_ASSERTION"
    assert json.loads(await server.text()) == [True] * 6 + [failed] * 5


async def test_assert_waits_for_the_results_of_rpc_and_does_not_call_them(server: Server) -> None:
    server.add(
        "main",
        """
        import assert from "node:assert";
        import { WorkerEntrypoint } from "cloudflare:workers";
        export class Hall extends WorkerEntrypoint {
          fail() { throw new RangeError("no"); }
          count() { return 5; }
        }
        export default { async fetch(request, env, ctx) {
          const stub = ctx.exports.Hall;
          await assert.rejects(stub.fail(), { name: "RangeError", message: "no" });
          await assert.rejects(() => stub.fail(), RangeError);
          await assert.doesNotReject(stub.count());
          await assert.rejects(assert.rejects(stub.count()), /Missing expected rejection/);
          return new Response("passed");
        } };
        """,
    )
    assert await server.text() == "passed"


async def test_what_came_after_node_20_is_there_as_in_workerd(server: Server) -> None:
    server.add(
        "main",
        """
        import { Assert, partialDeepStrictEqual } from "node:assert";
        import { convertProcessSignalToExitCode, diff, getCallSites } from "node:util";
        import { constants, ZSTD_COMPRESS } from "node:zlib";
        const code = (run) => { try { return run(); } catch (error) { return error.code; } };
        const place = () => getCallSites(1)[0];
        const circle = (m) => { const one = m ? { n: 1, m } : { n: 1 }; return one.me = one; };
        const given = function () { return arguments; };
        export default { fetch() {
          const texts = [["abc", "abd"], [["a", "b"], ["a", "c", "d"]], ["same", "same"], ["", "x"],
                         ["abcabba", "cbabac"]];
          return Response.json([
            ...texts.map(([a, b]) => diff(a, b).map(([kind, text]) => `${kind}${text}`).join()),
            code(() => new Assert().equal(1, "1")),
            code(() => new Assert({ strict: false }).equal(1, "1")),
            convertProcessSignalToExitCode("SIGTERM"),
            code(() => convertProcessSignalToExitCode("SIGX")),
            place().functionName, getCallSites().length > 0,
            constants.ZSTD_COMPRESS === ZSTD_COMPRESS,
            process.version.split(".")[0],
            code(() => partialDeepStrictEqual(circle(2), circle())),
            code(() => partialDeepStrictEqual(circle(), circle(2))),
            code(() => partialDeepStrictEqual(given(1, 2), given(1, 2))),
            code(() => partialDeepStrictEqual({ a: 1 }, Math)),
          ]);
        } };
        """,
    )
    assert json.loads(await server.text()) == [
        "0a,0b,1c,-1d",
        "0a,1b,-1c,-1d",
        "",
        "-1x",
        "1a,1b,0c,-1b,0a,0b,1b,0a,-1c",
        "ERR_ASSERTION",
        None,
        143,
        "ERR_INVALID_ARG_VALUE",
        "place",
        True,
        True,
        "v22",
        None,
        "ERR_ASSERTION",
        None,
        None,
    ]


async def test_a_stream_has_all_its_methods_without_an_import_of_node_stream(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        import { createGzip } from "node:zlib";
        const zipped = () => createGzip().end("text");
        export default { async fetch() {
          const sizes = await zipped().map(({ length }) => length).toArray();
          const stream = zipped();
          await stream[Symbol.asyncDispose]();
          return Response.json([sizes.length, stream.destroyed, typeof stream.compose]);
        } };
        """,
    )
    assert json.loads(await server.text()) == [2, True, "function"]
