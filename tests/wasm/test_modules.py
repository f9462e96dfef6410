"""How modules come: by import, by a binding, from a folder, with an upload; and kept on the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.catalog import WasmModule
from holdfast.catalog.source import read_source
from holdfast.engine import KeptCode, compile_ahead
from holdfast.engine.cache import lasting_directory
from holdfast.engine.modules import Module, ModuleKind
from holdfast.engine.wasm import modules
from holdfast.engine.wasm.legacy_exceptions import NotTranslated, translated
from holdfast.engine.wasm.sections import custom_sections, exported_functions
from tests.inprocess import Server
from tests.serving import EXAMPLES
from tests.wasm.modules import told, wat

ANSWER = '(module (func (export "answer") (result i32) i32.const 42))'
RUN = "new WebAssembly.Instance(module).exports.answer()"


NULLS = """(module
  (table $table 1 externref)
  (global $none (mut externref) (ref.null noextern))
  (func (export "nulls") (result i32) (local i64) (local $null externref)
    (block (loop (if (i32.const 1) (then (nop)))))
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (nop))
      (return (call $grown)))
    throw_ref)
  (func $grown (result i32)
    (drop (table.grow $table (ref.null noextern) (i32.const 0x72d0)))
    (i32.add (ref.is_null (table.get $table (i32.const 99))) (ref.is_null (global.get $none))))
  (func (export "none") (result funcref) (ref.null nofunc)))"""


async def test_nulls_of_bottom_types_are_compiled_which_wasm_bindgen_writes(server: Server) -> None:
    body = "const { nulls, none } = instantiate(); return [nulls(), none()];"
    assert await told(server, NULLS, body) == [2, None]


@pytest.mark.parametrize("specifier", ["./lib/code.wasm", "./lib/code.wasm?module"])
@pytest.mark.parametrize("phase", ["", "source"])
async def test_a_module_is_imported(server: Server, specifier: str, phase: str) -> None:
    later = f'import.source("{specifier}")' if phase else f'(await import("{specifier}")).default'
    source = f"""
        import {phase} module from "{specifier}";
        export default {{ async fetch() {{
          const same = ({"await " if phase else ""}{later}) === module;
          return new Response([{RUN}, same, module instanceof WebAssembly.Module].join());
        }} }};
    """
    server.add("main", source, modules={"lib/code.wasm": wat(ANSWER)})
    assert await server.text() == "42,true,true"


async def test_a_module_is_required_and_imported_by_another_folder(server: Server) -> None:
    modules = {
        "lib/code.wasm": wat(ANSWER),
        "lib/common.cjs": f"const module_ = require('./code.wasm'); exports.run = () => {RUN.replace('module', 'module_')};",
    }
    source = "import { run } from './lib/common.cjs'; import common from './lib/common.cjs';"
    source = "import common from './lib/common.cjs'; export default { fetch: () => new Response(`${common.run()}`) };"
    server.add("main", source, modules=modules)
    assert await server.text() == "42"


async def test_a_service_worker_has_its_modules_as_globals(server: Server) -> None:
    source = """
        const { answer } = new WebAssembly.Instance(CODE)["ex" + "ports"]; // no word of modules
        addEventListener("fetch", (event) => event.respondWith(new Response(`${answer()}`)));
    """
    bound = (WasmModule("CODE", "code.wasm"),)
    server.add("main", source, modules={"code.wasm": wat(ANSWER)}, bindings=bound)
    assert await server.text() == "42"


async def test_a_module_is_bound_in_env(server: Server) -> None:
    source = (
        f"export default {{ fetch(_, {{ module }}) {{ return new Response(`${{{RUN}}}`); }} }};"
    )
    bound = (WasmModule("module", "code.wasm"),)
    server.add("main", source, modules={"code.wasm": wat(ANSWER)}, bindings=bound)
    assert await server.text() == "42"


async def test_what_a_script_makes_as_it_starts_is_a_module_like_any_other(server: Server) -> None:
    top = f"""
        const bytes = new Uint8Array({list(wat(ANSWER))});
        const compiled = new WebAssembly.Module(bytes);
        const {{ instance }} = await WebAssembly.instantiate(bytes);
    """
    body = """
        return [
          new WebAssembly.Instance(compiled).exports.answer(), instance.exports.answer(),
          WebAssembly.Module.exports(compiled), WebAssembly.Module.imports(module),
          attempt(() => new WebAssembly.Module(bytes)).split(":")[0],
        ];
    """
    assert await told(server, ANSWER, body, top=top) == [
        *(42, 42),
        [{"name": "answer", "kind": "function"}],
        *([], "CompileError"),
    ]


async def test_a_script_learns_what_is_wrong_with_bytes(server: Server) -> None:
    source = """
        const errors = [];
        for (const bytes of [new Uint8Array(8), new Uint8Array([0, 97, 115, 109, 9, 0, 0, 0]), 5]) {
          try { new WebAssembly.Module(bytes); } catch (error) { errors.push(error.name); }
        }
        export default { fetch: () => new Response(errors.join()) };
    """
    server.add("main", source)
    assert await server.text() == "CompileError,CompileError,TypeError"


def test_a_folder_is_read_with_its_modules(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "code.wasm").write_bytes(wat(ANSWER))
    (tmp_path / "main.mjs").write_text("import m from './lib/code.wasm?module'; export default {};")
    found = {module.name: module.kind for module in read_source(tmp_path / "main.mjs").modules}
    assert found == {"main.mjs": ModuleKind.ESM, "lib/code.wasm": ModuleKind.WASM}


async def test_what_cannot_be_compiled_is_told_with_each_request(server: Server) -> None:
    source = "import module from './code.wasm'; export default { fetch: () => new Response('') };"
    server.add("main", source, modules={"code.wasm": b"nothing"})
    for _ in range(2):
        assert (await server.fetch()).status == 500
    told = 'CompileError: The module "code.wasm" cannot be compiled: '
    assert len(server.lines) == 2 and all(told in line for line in server.lines)


def test_the_example_is_what_its_source_says() -> None:
    folder = EXAMPLES / "checksums"
    assert (folder / "crc32.wasm").read_bytes() == wat((folder / "crc32.wat").read_text())


LARGE = (
    "(module "
    + " ".join(f'(func (export "f{n}") (result i32) i32.const {n})' for n in range(500))
    + ")"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    for found in (lasting_directory, modules._files):
        found.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for found in (lasting_directory, modules._files):
        found.cache_clear()


def test_what_was_compiled_is_kept_and_nothing_else_is_read(cache: Path) -> None:
    assert compile_ahead(KeptCode(None), [Module("a.wasm", ModuleKind.WASM, wat(LARGE))])
    assert compile_ahead(KeptCode(None), [Module("small.wasm", ModuleKind.WASM, wat(ANSWER))])
    (kept,) = cache.glob("wasm-*.qjsc")
    files = modules._files()
    assert files is not None
    name = kept.name.removeprefix("wasm-").removesuffix(".qjsc")
    assert modules._read(files, name)
    content = kept.read_bytes()
    kept.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert modules._read(files, name) is None


def test_what_is_no_webassembly_is_found_once_and_told_when_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = compile_ahead(KeptCode(None), [Module("a.wasm", ModuleKind.WASM, b"nothing")])
    with monkeypatch.context() as patched:
        patched.setattr(modules, "_made", None)  # which nobody asks for
        with pytest.raises(modules.CompileError, match="magic"):
            modules.compiled(b"nothing")
    held.clear()
    assert not modules._failed
    assert compile_ahead(KeptCode(None), [Module("a.mjs", ModuleKind.ESM, b"")]) == []


def test_bytes_say_what_wasmtime_does_not() -> None:
    module = wat(
        '(module (@custom "a" "one") (@custom "a" "two") (import "m" "f" (func)) (func) (memory (export "m") 1) (export "g" (func 1)))'
    )
    assert custom_sections(module, b"a") == [b"one", b"two"]
    assert exported_functions(module) == [None, 1]


@pytest.mark.parametrize("cut", range(8, 200, 7))
def test_what_is_cut_short_is_not_translated_or_is_refused_later(cut: int) -> None:
    from tests.wasm.test_exceptions import LEGACY

    module = wat(LEGACY)[:cut]
    try:
        made = translated(module)
    except NotTranslated:
        return
    assert not modules.is_valid(made) or modules.is_valid(module)
