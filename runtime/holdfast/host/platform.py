"""Polyfills, ops and constants put together: what makes an isolate a Workers runtime."""

import json
import os
import posixpath
import re
from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from pathlib import Path

import holdfast
from holdfast.catalog.node_compat import NodeCompat
from holdfast.engine import BytecodeLibrary, Handle, Isolate, JSError, KeptCode, Limits
from holdfast.host import constants
from holdfast.host.context import Host
from holdfast.host.node import NODE_MODULES, explain_with_node, explain_without_node
from holdfast.host.ops import OpKind, bind, declared_ops

INTERNAL = "holdfast:"
MAIN = INTERNAL + "main.js"
_RELATIVE_IMPORT = re.compile(
    r"""^((?:import|export)\b(?:[^;"']*?\bfrom)?\s*")(\.{1,2}/[^"\n]+)(")""", re.MULTILINE
)
PUBLIC_MODULES = {
    "cloudflare:email": "holdfast:modules/cloudflare-email.js",
    "cloudflare:sockets": "holdfast:modules/cloudflare-sockets.js",
    "cloudflare:workers": "holdfast:modules/cloudflare-workers.js",
    "cloudflare:workflows": "holdfast:modules/cloudflare-workflows.js",
    "node:async_hooks": NODE_MODULES["node:async_hooks"],  # as the flag nodejs_als has it
}
PUBLIC_WITH_NODE = {
    **PUBLIC_MODULES,
    **NODE_MODULES,
    "cloudflare:node": "holdfast:modules/cloudflare-node.js",
}


class Platform:
    """The compiled polyfills and the declared ops; one per process."""

    main = MAIN  # the module that each isolate begins with

    def __init__(self) -> None:
        self._ops = declared_ops()
        self._functions = {name: declared.function for name, declared in self._ops.items()}
        self._library = BytecodeLibrary(
            self._state(), self._sources, self.main, prepare=_with_full_names
        )
        self.kept = KeptCode.in_cache_directory()  # of scripts

    def _state(self) -> str:
        """What changes whenever the sources do, without reading them."""
        made = (self._ops_module(), _constants_module())
        return "\n".join([*made, *_states(os.fspath(polyfills_folder()))])

    def _sources(self) -> dict[str, bytes]:
        folder = polyfills_folder()
        sources = {
            INTERNAL + path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*.js")
        }
        sources[INTERNAL + "ops"] = self._ops_module().encode()
        sources[INTERNAL + "constants"] = _constants_module().encode()
        return sources

    def _ops_module(self) -> str:
        """`holdfast:ops`: takes the raw ops off the global object and exports them."""
        lines = [
            'import { startOp } from "holdfast:kernel/pending.js";',
            "const raw = globalThis.holdfastOps;",
            "delete globalThis.holdfastOps;",
            "export const shared = raw && new Int32Array(raw.shared);",
            "export const loadModule = raw && raw.loadModule;",
            "export const wasm = raw && raw.wasm;",
            "export const insides = raw && raw.insides;",
        ]
        for name, declaration in self._ops.items():
            if declaration.kind is OpKind.SYNC:
                lines.append(f"export const {name} = raw.{name};")
            else:
                lines.append(f"export const {name} = (...args) => startOp(raw.{name}, args);")
        return "\n".join(lines)

    def create_isolate(
        self,
        host: Host,
        *,
        limits: Limits,
        on_rejection: Callable[[JSError], None] | None = None,
        node: NodeCompat = NodeCompat.NONE,
    ) -> Handle:
        """Make an isolate with the web platform in it and attach it to `host`.

        `node` says what of Node.js the script gets.

        Returns the namespace of the kernel, `polyfills/main.js`. Raises JSError
        when a polyfill fails at its top level: a mistake of ours.
        """
        with_node = node is not NodeCompat.NONE
        isolate, kernel = self.prepare(limits, with_node=with_node)
        try:
            isolate.serve(lambda name: bind(self._ops[name], host), on_rejection)
            host.attach(isolate, kernel)
            if node in (NodeCompat.GLOBALS, NodeCompat.TIMERS):
                provide = isolate.export(kernel, "provideNode")
                isolate.call(provide, node is NodeCompat.TIMERS)
        except BaseException:
            isolate.close()
            raise
        return kernel

    def prepare(self, limits: Limits, *, with_node: bool) -> tuple[Isolate, Handle]:
        """An isolate with the web platform in it, whose ops nobody serves yet; and the kernel.

        That is the namespace of `main`. May be called on any thread.
        """
        isolate = Isolate(
            limits=limits,
            ops=self._functions,
            internal=self._library.modules,
            public=PUBLIC_WITH_NODE if with_node else PUBLIC_MODULES,
            interned=constants.FREQUENT_STRINGS,
            explain=explain_with_node if with_node else explain_without_node,
            kept=self.kept,
        )
        try:
            bundle = self._library.bundle
            if bundle is None:
                return isolate, isolate.evaluate(self.main)
            return isolate, isolate.evaluate_bundle(bundle, self.main)
        except BaseException:
            isolate.close()
            raise


def _states(folder: str) -> Iterator[str]:
    """What is known of each source without opening it: nobody can set when it last changed."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=attrgetter("name")):
            if entry.is_dir():
                yield from _states(entry.path)
            elif entry.name.endswith(".js"):
                status = entry.stat()
                yield f"{entry.path} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _with_full_names(name: str, source: bytes) -> bytes:
    """A polyfill's source with its imports by full name, which the engine resolves by itself."""
    folder = posixpath.dirname(name.removeprefix(INTERNAL))

    def full_name(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2]))
        return f"{match[1]}{INTERNAL}{target}{match[3]}"

    return _RELATIVE_IMPORT.sub(full_name, source.decode()).encode()


def _constants_module() -> str:
    return "\n".join(
        f"export const {name} = {json.dumps(value)};"
        for name, value in vars(constants).items()
        if name.isupper()
    )


@cache
def polyfills_folder() -> Path:
    """Where the JavaScript half lies: in the package, or beside it in a checkout."""
    package = Path(holdfast.__file__).parent
    for folder in (package / "polyfills", package.parent.parent / "polyfills"):
        if (folder / "main.js").is_file():
            return folder
    raise FileNotFoundError(f"Holdfast's polyfills are missing from {package}")


__all__ = ["JSError", "Platform", "polyfills_folder"]
