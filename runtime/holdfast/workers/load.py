"""How a script gets into an isolate.

The environment is built first, then the main module (or the classic script) runs to
the end of its top level, then the kernel learns what it exports. Whatever is wrong
with the script comes out as ScriptInvalid with file and line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from holdfast.catalog.errors import NO_HANDLERS
from holdfast.catalog.script import Script, Syntax
from holdfast.dataclass import dataclass
from holdfast.engine import (
    Handle,
    IsolateTerminated,
    JSError,
    Limits,
    Module,
    ModuleKind,
)
from holdfast.engine.set_patterns import may_have_set_patterns
from holdfast.host.context import Host
from holdfast.host.platform import INTERNAL, PUBLIC_WITH_NODE
from holdfast.workers.errors import ScriptInvalid

# Compiled functions and their texts: 4 to 6 in bundles of 1 to 20 MB, 8 where functions are short.
CODE_BYTES_PER_SOURCE_BYTE = 8

# What tells of the last match, such as `RegExp.$1`; see polyfills/language/regexp-statics.js.
_STATIC = rb"(?:\$[1-9_&+`']|lastMatch|lastParen|leftContext|rightContext|input\b)"
_MATCH_STATICS = re.compile(rb"RegExp\s*(?:\.\s*|\[\s*[\"'])" + _STATIC)
_TAKEN_APART = re.compile(rb"\}\s*=\s*RegExp\b(?!\s*[.\[(])")
_INTO_PARTS = re.compile(rb"\{[^{}]*" + _STATIC + rb"[^{}]*\Z")
_MOST_LOOKED_AT = 1_000  # of such places: a bundle has a few
_MOST_PARTS = 400  # bytes of what stands before, such as `{ $1: name, $2: value`

_NO_EXPORT = re.compile(r"Could not find export '(.*)' in module '(.*)'")

_IMPORT_META = "holdfast:modules/import-meta.js"

# What runs where there is nothing but assets: they answer all requests.
_NO_SCRIPT = Module(
    "no-script.mjs",
    ModuleKind.ESM,
    b"export default { fetch: () => new Response(null, { status: 404 }) };",
)


def names_match_statics(code: bytes) -> bool:
    """Whether code asks RegExp for what the last match was."""
    return _MATCH_STATICS.search(code) is not None or any(
        _INTO_PARTS.search(code, max(0, found.start() - _MOST_PARTS), found.start())
        for found in islice(_TAKEN_APART.finditer(code), _MOST_LOOKED_AT)
    )


@dataclass(frozen=True, slots=True)
class Exports:
    """What a script offers: event handlers; by export name, classes and entrypoints."""

    handlers: tuple[str, ...]
    classes: tuple[str, ...]
    entrypoints: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()


def with_room_for_code(limits: Limits, script: Script) -> Limits:
    """The limits with memory for the script's compiled code beside what it makes.

    V8 compiles what runs, and so Cloudflare's limit hardly counts code; QuickJS compiles all of a
    bundle, whose functions keep their texts, so that a large one would fill the limit by itself.
    """
    source_bytes = sum(map(len, _code(script)))
    code_bytes = source_bytes * CODE_BYTES_PER_SOURCE_BYTE
    return replace(limits, memory_bytes=limits.memory_bytes + code_bytes)


def _code(script: Script) -> Iterator[bytes]:
    kinds = (ModuleKind.ESM, ModuleKind.COMMONJS)
    return (module.content for module in script.modules if module.kind in kinds)


def load_script(
    host: Host, kernel: Handle, script: Script, bindings: list[dict[str, Any]]
) -> Exports:
    """Run a script's top level in a fresh isolate; what it exports.

    Raises ScriptInvalid where the script is at fault.
    """
    _check_names(script)
    service_worker = script.syntax is Syntax.SERVICE_WORKER
    isolate = host.isolate
    prepare = isolate.export(kernel, "prepareEnvironment")
    if any(binding["type"] == "wasm_module" for binding in bindings):
        isolate.add_modules({m.name: m for m in script.modules if m.kind is ModuleKind.WASM})
    try:
        if any(map(names_match_statics, _code(script))):
            isolate.call(isolate.export(kernel, "provideMatchStatics"))
        if any(map(may_have_set_patterns, _code(script))):
            isolate.call(isolate.export(kernel, "provideSetPatterns"))
        isolate.call(prepare, json.dumps(bindings), service_worker)
        if service_worker:
            told = _run_classic(host, kernel, script)
        else:
            told = _run_modules(host, kernel, script)
    except JSError as error:
        from holdfast.workers.import_places import place_of_import

        told = readable(error)
        if not own_frames(error) and (place := place_of_import(told, script.modules)):
            told = f"{told}\n{place}"
        if error.is_out_of_memory:
            told = f"{told}\nThe script needs more than its memory limit to load (see --memory-mb)."
        raise ScriptInvalid(told) from error
    except IsolateTerminated as error:
        limit = "memory" if error.is_out_of_memory else "CPU time"
        told = "\n".join([f"Script startup exceeded {limit} limit: {error}", *own_frames(error)])
        raise ScriptInvalid(told) from error
    finally:
        prepare.close()
    exports = json.loads(told)
    if not any(exports.values()):
        raise ScriptInvalid(NO_HANDLERS)
    return Exports(**{kind: tuple(names) for kind, names in exports.items()})


def _check_names(script: Script) -> None:
    """A module under one of our names could import what is not for scripts."""
    for module in script.modules:
        if module.name.startswith(INTERNAL):
            raise ScriptInvalid(
                f'A module cannot be named "{module.name}": names with "{INTERNAL}" are reserved.'
            )


def _run_classic(host: Host, kernel: Handle, script: Script) -> str:
    isolate = host.isolate
    modules = {module.name: module for module in script.modules}
    isolate.run_script(script.main, modules[script.main].content)
    return str(isolate.call(isolate.export(kernel, "useListeners")))


def _run_modules(host: Host, kernel: Handle, script: Script) -> str:
    isolate = host.isolate
    modules = {module.name: module for module in script.modules}
    main = script.main
    if not modules and script.assets is not None:
        main = _NO_SCRIPT.name
        modules = {main: _NO_SCRIPT}
    if main not in modules:
        raise ScriptInvalid(
            f'The main module "{main}" is not among the modules: {", ".join(modules)}.'
        )
    if modules[main].kind not in (ModuleKind.ESM, ModuleKind.COMMONJS):
        raise ScriptInvalid(f'The main module "{main}" must be JavaScript.')
    isolate.add_modules(modules)
    if "new_module_registry" in host.compatibility.flags:
        isolate.describe_modules(_IMPORT_META, main)
    namespace = isolate.evaluate(main)
    return str(isolate.call(isolate.export(kernel, "useExports"), namespace))


def readable(error: JSError) -> str:
    """The error as people read it: message, then the script's own frames."""
    message = _NO_EXPORT.sub(_no_export, error.message)
    head = f"{error.name}: {message}" if error.name else message
    return "\n".join([f"Uncaught {head}", *own_frames(error)])


def _no_export(found: re.Match[str]) -> str:
    """V8's words for it, with the name by which a script knows a module of ours."""
    names = [name for name, ours in PUBLIC_WITH_NODE.items() if ours == found[2]]
    name = min(names, key=lambda name: (":" not in name, len(name)), default=found[2])
    return f"The requested module '{name}' does not provide an export named '{found[1]}'"


def own_frames(error: JSError | IsolateTerminated) -> list[str]:
    """The lines of its stack that are the script's."""
    return [line for line in error.stack.splitlines() if "holdfast:" not in line]
