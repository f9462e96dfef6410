"""Compiling what a script is made of before it is loaded, where that would hold up others.

Compiling takes milliseconds for each ten kilobytes of JavaScript, a second for each megabyte of
WebAssembly, and cannot be interrupted. What was compiled ahead is read in a tenth of that.
"""

from collections.abc import Iterable, Iterator

from holdfast.engine.commonjs import wrapped
from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.kept_code import KeptCode
from holdfast.engine.library import EVAL_GLOBAL, EVAL_MODULE
from holdfast.engine.modules import Module, ModuleKind

LEAST_BYTES = 512 * 1024  # of JavaScript: some 25 ms


def takes_time(modules: Iterable[Module]) -> bool:
    """Whether loading these modules would keep a loop from all else."""
    return any(module.kind is ModuleKind.WASM or _is_large(module) for module in modules)


def compile_ahead(kept: KeptCode, modules: Iterable[Module], classic: str = "") -> list[object]:
    """Compile a script's modules; whoever holds on to the result loads the script at once.

    `classic` names the one that is run as a classic script. What is wrong with a module is told
    when the script is loaded, and not looked for again then. Blocks; for any thread.
    """
    modules = [*modules]
    wasm = [module.content for module in modules if module.kind is ModuleKind.WASM]
    return [*_compiled_code(kept, modules, classic), *_compiled_wasm(wasm)]


def _is_large(module: Module) -> bool:
    is_code = module.kind in (ModuleKind.ESM, ModuleKind.COMMONJS)
    return is_code and len(module.content) >= LEAST_BYTES


def _compiled_code(kept: KeptCode, modules: Iterable[Module], classic: str) -> Iterator[object]:
    for module in filter(_is_large, modules):
        source, flags = module.content, EVAL_GLOBAL
        if module.name != classic:
            if module.kind is ModuleKind.ESM:
                flags = EVAL_MODULE
            else:
                source = wrapped(source)
        made = kept.compile_ahead(module.name, source, flags)
        if made is not None:
            yield made


def _compiled_wasm(sources: list[bytes]) -> list[object]:
    if not sources:
        return []
    try:
        from holdfast.engine.wasm.modules import compiled_ahead
    except UnsupportedEngine:
        return []
    return [*compiled_ahead(sources)]
