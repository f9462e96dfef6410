"""Ops that give a script its own modules as files: `/bundle` of `node:fs`.

https://developers.cloudflare.com/workers/runtime-apis/nodejs/fs/
"""

import json
from typing import TYPE_CHECKING

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def bundle_list(host: "Host") -> str:
    """The script's modules by their names, with how many bytes each has; JSON."""
    modules = host.isolate.modules
    return json.dumps({name: len(module.content) for name, module in modules.items()})


@op
def bundle_read(host: "Host", name: str) -> bytes:
    """What is in one of them, as it was uploaded."""
    return host.isolate.modules[name].content
