"""The process of node:process, which a Worker is not: the events that it has all the same."""

import json

from tests.inprocess import Server


async def test_the_process_tells_of_rejections_and_warnings(server: Server) -> None:
    server.add(
        "main",
        """
        import process from "node:process";
        const code = (...args) => {
          try { process.emitWarning(...args); } catch (error) { return error.code; }
        };
        const soon = () => new Promise(setImmediate);
        export default { async fetch() {
          const told = [];
          process.on("unhandledRejection", (why, promise) => told.push(why, promise === late));
          process.once("rejectionHandled", (promise) => told.push(promise === late));
          process.on("warning", ({ name, code, detail }) => told.push([name, code, detail]));
          const late = Promise.reject("late");
          await soon();
          await soon();
          late.catch(() => {});
          await soon();
          process.emitWarning("a", "Type", "CODE");
          process.emitWarning("b", { type: "Other", detail: 5 });
          process.emitWarning("c", class Place {});
          told.push(code("x", 5), code("x", "t", 5), code("x", []), code({}));
          await soon();
          return Response.json(told);
        } };
        """,
    )
    assert json.loads(await server.text()) == [
        "late",
        True,
        True,
        *["ERR_INVALID_ARG_TYPE"] * 4,
        ["Type", "CODE", None],
        ["Other", None, None],
        ["Warning", None, None],
    ]
    assert server.lines == []


async def test_what_is_written_to_the_standard_descriptors_is_logged(server: Server) -> None:
    server.add(
        "main",
        """
        import fs from "node:fs";
        export default { fetch() {
          const told = [fs.writeSync(1, "one\\ntw"), fs.writeSync(1, Buffer.from("o\\n"), 0)];
          process.stdout.cork();
          process.stdout.destroy().uncork();
          fs.closeSync(2);
          fs.writeFileSync(2, "three\\n");
          told.push(fs.readFileSync(0, "utf8"), fs.readSync(0, Buffer.alloc(1)));
          told.push(fs.fstatSync(1).isCharacterDevice(), fs.openSync("/tmp/x", "w"));
          return Response.json(told);
        } };
        """,
    )
    assert json.loads(await server.text()) == [6, 2, "", 0, True, 3]
    assert server.lines == ["main log: one", "main log: two", "main error: three"]
