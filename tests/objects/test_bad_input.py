"""Bad input at each surface of an object: a clear error, nothing lost, nothing told to another."""

import json

import pytest

from tests.inprocess import Server

SCRIPT = """
import { DurableObject } from "cloudflare:workers";

let kept = null; // outlives the instance that it came from

export class Thing extends DurableObject {
  #secret = 1;
  own = "an instance's own";
  get(...args) { return this.ctx.storage.get(...args); }
  keep() {
    kept = this.ctx.storage.sql.exec("SELECT value FROM _numbers");
    return kept.next().value.value;
  }
  fill(value) {
    this.ctx.storage.put("k", value);
    this.ctx.storage.sql.exec("CREATE TABLE _numbers(value)");
    this.ctx.storage.sql.exec("INSERT INTO _numbers VALUES (1), (2), (3)");
  }
  abort() { this.ctx.abort("enough"); }
  next() { return kept.next(); }
  rest() { return kept.toArray(); }
  async attempt(code) {
    const { storage } = this.ctx;
    return await new AsyncAttempts(storage)[code]();
  }
  async state() {
    const numbers = this.ctx.storage.sql.exec("SELECT value FROM _numbers").toArray();
    return [[...(await this.ctx.storage.list())], numbers.length];
  }
}
export class Other extends DurableObject {
  async state() { return [[...(await this.ctx.storage.list())], 0]; }
}

class AsyncAttempts {
  constructor(storage) { this.storage = storage; }
  get sql() { return this.storage.sql; }
ATTEMPTS
}

async function told(run) {
  try { return ["nothing is wrong", JSON.stringify(await run())]; }
  catch (error) { return [error.name, error.message]; }
}

const outside = {
OUTSIDE
};

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const a = env.Thing.getByName("a");
    const b = env.Thing.getByName("b");
    if (pathname === "/fill") await Promise.all([a.fill("mine"), b.fill("yours")]);
    const code = searchParams.get("code");
    if (pathname === "/inside") return Response.json(await told(() => a.attempt(code)));
    if (pathname === "/outside") return Response.json(await told(() => outside[code](env, a, b)));
    return Response.json([await a.state(), await b.state(), await env.Other.getByName("a").state()]);
  },
};
"""
STATE = [[[["k", "mine"]], 3], [[["k", "yours"]], 3], [[], 0]]

# Code that runs in the object `a`, by what is wrong with it; the error's name and its message.
INSIDE = {
    "a key that is too long": (
        'this.storage.put("x".repeat(2049), 1)',
        "RangeError",
        "Keys cannot be larger than 2048 bytes. A key of size 2049 was provided.",
    ),
    "a key that is too long among others": (
        'this.storage.put({ k: 2, ["é".repeat(1025)]: 1 })',
        "RangeError",
        "Keys cannot be larger than 2048 bytes. A key of size 2050 was provided.",
    ),
    "a value that is too large": (
        'this.storage.put("k", new Uint8Array(2_200_000))',
        "RangeError",
        "Values cannot be larger than 2097152 bytes.",
    ),
    "a value that is too large among others": (
        'this.storage.put({ k: 2, l: "x".repeat(2_200_000) })',
        "RangeError",
        "Values cannot be larger than 2097152 bytes.",
    ),
    "no value": (
        'this.storage.put("k", undefined)',
        "TypeError",
        "put() called with undefined value.",
    ),
    "a value that has no form": (
        'this.storage.put("k", () => 1)',
        "DataCloneError",
        "() => 1 could not be cloned.",
    ),
    "too many keys": (
        'this.storage.get(Array.from({ length: 129 }, (_, i) => "k" + i))',
        "RangeError",
        "Maximum number of keys is 128",
    ),
    "another database": (
        """this.sql.exec("ATTACH ':memory:' AS other")""",
        "Error",
        "not authorized",
    ),
    "the tables of the key-value storage": (
        'this.sql.exec("SELECT * FROM _cf_KV")',
        "Error",
        "prohibited",
    ),
    "dropping them": ('this.sql.exec("DROP TABLE _cf_KV")', "Error", "not authorized"),
    "a pragma": ('this.sql.exec("PRAGMA writable_schema = ON")', "Error", "not authorized"),
    "the file's other users": (
        'this.sql.exec("PRAGMA wal_checkpoint")',
        "Error",
        "not authorized",
    ),
    "an extension": (
        """this.sql.exec("SELECT load_extension('libc.so.6')")""",
        "Error",
        "not authorized",
    ),
    "a transaction of its own": (
        'this.sql.exec("BEGIN"), this.sql.exec("DELETE FROM _numbers")',
        "Error",
        "state.storage.transaction()",
    ),
    "bindings that are missing": (
        'this.sql.exec("DELETE FROM _numbers WHERE value = ?")',
        "Error",
        "Wrong number of parameter bindings for SQL query.",
    ),
    "a statement that fails after another": (
        'this.storage.transactionSync(() => { this.sql.exec("DELETE FROM _numbers; SELECT x") })',
        "Error",
        "no such column",
    ),
    "an alarm that is none": (
        'this.storage.setAlarm("soon")',
        "TypeError",
        "parameter 1 is not of type 'date'",
    ),
}

# Code that runs in the Worker, with stubs of two objects.
OUTSIDE = {
    "an id of another namespace": (
        "env.Other.get(env.Thing.idFromName('a')).state()",
        "TypeError",
        "Durable Object ID is not valid for this namespace.",
    ),
    "its text": (
        "env.Other.idFromString(String(env.Thing.idFromName('a')))",
        "TypeError",
        "Durable Object ID is not valid for this namespace.",
    ),
    "an id that is none": ("env.Thing.idFromString('x')", "TypeError", "Invalid Durable Object ID"),
    "a private member": ("a['#secret']()", "TypeError", '"#secret"'),
    "an instance's own property": ("a.own", "TypeError", '"own"'),
    "the constructor": ("a.constructor.state()", "TypeError", "not a function"),
    "the object's state": ("a.ctx.storage.get('k')", "TypeError", '"ctx"'),
    "the object's bindings": ("a.env.Thing", "TypeError", '"env"'),
    "an argument that has no form": ("a.get(Symbol())", "DataCloneError", "could not be cloned"),
    "a cursor after its object was reset": (
        "a.keep().then(() => a.abort()).catch(() => {}).then(() => a.next())",
        "Error",
        "Cannot perform I/O on behalf of a different Durable Object.",
    ),
    "the rest of it": (
        "a.keep().then(() => a.abort()).catch(() => {}).then(() => a.rest())",
        "Error",
        "Cannot perform I/O on behalf of a different Durable Object.",
    ),
}


def script() -> str:
    attempts = "\n".join(
        f"  async {json.dumps(what)}() {{ return {code}; }}" for what, (code, *_) in INSIDE.items()
    )
    outside = "\n".join(
        f"  {json.dumps(what)}: async (env, a, b) => {code},"
        for what, (code, *_) in OUTSIDE.items()
    )
    return SCRIPT.replace("ATTEMPTS", attempts).replace("OUTSIDE", outside)


@pytest.mark.parametrize(
    ("where", "attempts"), [("inside", INSIDE), ("outside", OUTSIDE)], ids=["inside", "outside"]
)
async def test_what_is_wrong_is_told_and_changes_nothing(
    server: Server, where: str, attempts: dict[str, tuple[str, str, str]]
) -> None:
    server.add("main", script())
    assert json.loads(await server.text("/fill")) == STATE
    wrong = []
    for what, (_, name, message) in attempts.items():
        told = json.loads(await server.text(f"/{where}", params={"code": what}))
        state = json.loads(await server.text("/"))
        if told[0] != name or message not in told[1] or state != STATE:
            wrong.append(f"{what}: {told} {state if state != STATE else ''}")
    assert not wrong, "\n".join(wrong)
