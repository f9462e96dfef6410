"""Modules of WebAssembly from their text, and Workers that run some JavaScript with one."""

import json
from functools import cache
from typing import Any

from tests.inprocess import Server


@cache
def wat(text: str) -> bytes:
    """The module of this text."""
    from wasmtime import wat2wasm

    return bytes(wat2wasm(text))


async def told(server: Server, text: str, body: str, *, top: str = "") -> Any:
    """What a handler with this body returns, with the module of `text` as `module`."""
    source = f"""
        import module from "./module.wasm";
        const instantiate = (imports) => new WebAssembly.Instance(module, imports).exports;
        const attempt = (run) => {{
          try {{ return run(); }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
        }};
        {top}
        export default {{
          async fetch(request) {{
            const made = await (async () => {{ {body} }})();
            return Response.json(made ?? null);
          }},
        }};
    """
    server.add("main", source, modules={"module.wasm": wat(text)})
    return json.loads(await server.text())
