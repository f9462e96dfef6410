"""Compiling WebAssembly before a script is loaded, where that would hold up others."""

from collections.abc import Iterable

from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.modules import Module, ModuleKind


def compile_ahead(modules: Iterable[Module]) -> object:
    """Compile a script's WebAssembly; whoever holds on to the result loads the script at once.

    What is wrong with a module is told when the script is loaded. Blocks; for any thread.
    """
    sources = [module.content for module in modules if module.kind is ModuleKind.WASM]
    if not sources:
        return None
    try:
        from holdfast.engine.wasm.modules import compiled_ahead
    except UnsupportedEngine:
        return None
    return compiled_ahead(sources)
