"""glob of node:fs, which Node.js 20 does not have: patterns that lead through folders."""

import json

from tests.inprocess import Server


async def test_patterns_lead_into_all_folders_and_end_where_they_begin(server: Server) -> None:
    server.add(
        "main",
        """
        import fs from "node:fs";
        export default { fetch() {
          fs.mkdirSync("/tmp/a/.h/g", { recursive: true });
          fs.mkdirSync("/tmp/a/b/g", { recursive: true });
          fs.writeFileSync("/tmp/a/b/.f", "");
          const found = (pattern) => fs.globSync(pattern, { cwd: "/tmp" }).sort();
          const patterns = ["a/b/**", "./**/g", "**/a", "a/*", "a/!(x)/**", "a/{b/**,b/g}"];
          return Response.json(patterns.map(found));
        } };
        """,
    )
    assert json.loads(await server.text()) == [
        ["a/b", "a/b/.f", "a/b/g"],
        ["a/.h/g", "a/b/g"],
        ["a"],
        ["a/b"],
        ["a/b", "a/b/.f", "a/b/g"],
        ["a/b", "a/b/.f", "a/b/g"],
    ]
