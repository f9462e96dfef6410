"""Bindings whose substance is a secret: databases of Hyperdrive, secrets of a Secrets Store."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import Binding, Hyperdrive, SecretText, StoreSecret
from holdfast.catalog.binding_entries import describe_binding
from tests.inprocess import Server

VARIABLE = "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_DB"
DATABASE = "postgres://ada:p%40ss@db.example/shop?sslmode=disable"
SCRIPT = """
export default {
  async fetch(request, env) {
    const told = {};
    for (const name of Object.keys(env.DB)) {
      try { told[name] = env.DB[name]; } catch (error) { told[name] = String(error); }
    }
    return Response.json(told);
  },
};
"""


async def told(server: Server, *bindings: Binding) -> Any:
    server.add("main", SCRIPT, bindings=bindings)
    return json.loads(await server.text())


@pytest.mark.parametrize(
    "bindings",
    [
        (Hyperdrive("DB", "id", DATABASE),),
        (Hyperdrive("DB", "id"), SecretText(VARIABLE, DATABASE)),
    ],
)
async def test_a_database_is_where_its_project_or_a_secret_says(
    server: Server, bindings: tuple[Binding, ...]
) -> None:
    assert await told(server, *bindings) == {
        "connectionString": DATABASE,
        "host": "db.example",
        "port": 5432,
        "user": "ada",
        "password": "p@ss",
        "database": "shop",
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, f'The Hyperdrive "DB" has no connection string: set the secret {VARIABLE}, or'),
        ("db.example:5432", 'The connection string of the Hyperdrive "DB" is none such as'),
        ("http://db.example/", 'The connection string of the Hyperdrive "DB" is none such as'),
    ],
)
async def test_what_leads_to_no_database_is_told(
    server: Server, text: str | None, error: str
) -> None:
    for message in (await told(server, Hyperdrive("DB", "id", text))).values():
        assert message.startswith(f"Error: {error}")


async def test_a_database_can_be_connected_to(tmp_path: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    database = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with database, Server(tmp_path, allow_private_egress=True) as server:
        port = database.sockets[0].getsockname()[1]
        server.add(
            "main",
            "export default { fetch: (_, env) => new Response(env.DB.connect().readable) };",
            bindings=(Hyperdrive("DB", "id", f"mysql://u:p@127.0.0.1:{port}/d"),),
        )
        assert await server.text() == "hello"


async def test_a_secret_of_a_store_is_the_scripts_own_of_that_name(server: Server) -> None:
    bindings = (
        StoreSecret("KEY", "store", "API_KEY"),
        StoreSecret("TOLD", "store", "OTHER", "by a file"),
        StoreSecret("NONE", "store", "NOBODY"),
        SecretText("API_KEY", "s3cret"),
    )
    server.add(
        "main",
        """
        export default { async fetch(_, env) {
          const all = await Promise.allSettled([env.KEY, env.TOLD, env.NONE].map((one) => one.get()));
          return Response.json(all.map(({ value, reason }) => value ?? String(reason)));
        } };
        """,
        bindings=bindings,
    )
    assert json.loads(await server.text()) == [
        "s3cret",
        "by a file",
        'Error: Secret "NOBODY" not found',
    ]


@pytest.mark.parametrize(
    "binding", [Hyperdrive("DB", "id", "s3cret"), StoreSecret("K", "s", "n", "s3cret")]
)
def test_no_description_has_what_is_secret(binding: Binding) -> None:
    assert "s3cret" not in f"{binding!r} {describe_binding(binding)}"
