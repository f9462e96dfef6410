"""The code of scripts that is kept: read in place of compiled, and nobody can tell which it was."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from holdfast.engine import Isolate, JSError, KeptCode, Limits, Module, ModuleKind
from holdfast.engine import kept_code as kept_code_module
from holdfast.engine.kept_code import compile_to_keep
from holdfast.engine.kept_files import KeptFiles
from holdfast.engine.library import EVAL_GLOBAL, EVAL_MODULE

KINDS = {"js": ModuleKind.ESM, "cjs": ModuleKind.COMMONJS, "txt": ModuleKind.TEXT}
KINDS |= {"json": ModuleKind.JSON, "bin": ModuleKind.DATA, "wasm": ModuleKind.WASM}
OUT = "export const out = () => 'answer';"


class Kept(KeptCode):
    """Keeps code of any size in a folder, at once."""

    def __init__(self, folder: Path, *, least_bytes: int = 0) -> None:
        files = KeptFiles(folder, "script", most_bytes=1 << 24)
        super().__init__(files, least_bytes=least_bytes, delay_seconds=0)
        self.folder = folder
        self._aged: list[Path] = []

    def put(self, key: str, content: bytes) -> None:
        """Keep this under a key."""
        assert self._files is not None
        self._files.write(key, content)

    @property
    def paths(self) -> list[Path]:
        return sorted(self.folder.glob("script-*.qjsc"))

    def age(self) -> None:
        """Make all that is kept look as though it had not been used for long."""
        self._aged = self.paths
        for path in self._aged:
            os.utime(path, (1, 1))

    @property
    def used(self) -> int:
        """How many of those files were read since."""
        return sum(path.stat().st_mtime > 1 for path in self._aged)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.settle()


def run(
    kept: KeptCode | None, modules: Mapping[str, str], *, limits: Limits | None = None
) -> object:
    """What the function `out` of main.js returns, or why it does not come to that."""
    isolate = Isolate(kept=kept, limits=limits)
    try:
        isolate.add_modules(
            {
                name: Module(name, KINDS[name.rpartition(".")[2]], text.encode())
                for name, text in modules.items()
            }
        )
        return isolate.call(isolate.export(isolate.evaluate("main.js"), "out"))
    except JSError as error:
        return error.name, error.message, error.stack
    finally:
        isolate.close()


def run_thrice(kept: Kept, modules: Mapping[str, str]) -> object:
    """What comes of it, be it compiled without anything kept, compiled to be kept, or read."""
    plain = run(None, modules)
    assert run(kept, modules) == plain
    kept.settle()
    kept.age()
    assert run(kept, modules) == plain
    return plain


def test_the_second_start_reads_what_the_first_has_compiled(kept: Kept) -> None:
    modules = {"main.js": "import './other.js';" + OUT, "other.js": "globalThis.x = 1;"}
    assert run_thrice(kept, modules) == "answer"
    assert (len(kept.paths), kept.used) == (2, 2)


def test_a_changed_module_is_compiled_and_the_others_are_read(kept: Kept) -> None:
    modules = {"main.js": "export { out } from './other.js';", "other.js": OUT}
    run_thrice(kept, modules)
    kept.age()
    assert run(kept, modules | {"other.js": OUT.replace("answer", "changed")}) == "changed"
    assert kept.used == 1
    kept.settle()
    assert len(kept.paths) == 3


def test_code_goes_by_its_name_and_by_how_it_is_compiled(kept: Kept) -> None:
    keys = {
        kept.key("a.js", b"source", EVAL_MODULE),
        kept.key("b.js", b"source", EVAL_MODULE),
        kept.key("a.js", b"source", EVAL_GLOBAL),
        kept.key("a.js", b"source ", EVAL_MODULE),
        kept.key("a.js source", b"", EVAL_MODULE),
    }
    assert len(keys) == 5


def test_another_build_of_the_engine_does_not_read_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_thrice(kept, {"main.js": OUT})
    kept.age()
    identity = kept_code_module.engine_identity()
    monkeypatch.setattr(kept_code_module, "engine_identity", lambda: identity + "+")
    assert run(kept, {"main.js": OUT}) == "answer"
    assert kept.used == 0


def test_what_is_small_is_not_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path, least_bytes=1000)
    assert run(kept, {"main.js": OUT}) == "answer"
    kept.settle()
    assert not kept.paths
    assert run(kept, {"main.js": OUT + " " * 1000}) == "answer"
    kept.settle()
    assert len(kept.paths) == 1


@pytest.mark.parametrize("content", [b"", b"hostile", bytes(500), bytes(range(256)) * 40])
def test_hostile_files_are_compiled_around_and_replaced(kept: Kept, content: bytes) -> None:
    run_thrice(kept, {"main.js": OUT})
    sound = kept.paths[0].read_bytes()
    kept.paths[0].write_bytes(content)
    assert run(kept, {"main.js": OUT}) == "answer"
    kept.settle()
    assert kept.paths[0].read_bytes() == sound


def test_nothing_is_kept_where_there_is_no_folder(tmp_path: Path) -> None:
    for kept in (KeptCode(None, least_bytes=0), Kept(tmp_path / "gone")):
        assert run(kept, {"main.js": OUT}) == "answer"
        kept.settle()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("megabytes", "keeps"), [("0", False), ("-1", False), ("1", True)])
def test_the_environment_says_how_much_is_kept(
    monkeypatch: pytest.MonkeyPatch, megabytes: str, *, keeps: bool
) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE_MB", megabytes)
    kept = KeptCode.in_cache_directory()
    assert (kept.key("main.js", bytes(100_000), EVAL_MODULE) is not None) == keeps


def test_two_processes_that_keep_the_same_leave_one_file(kept: Kept) -> None:
    other = Kept(kept.folder)
    for either in (kept, other):
        run(either, {"main.js": OUT})
    kept.settle()
    other.settle()
    assert len(kept.paths) == 1
    kept.age()
    assert run(other, {"main.js": OUT}) == "answer"
    assert kept.used == 1


# ---- nobody can tell -----------------------------------------------------------------


def test_stacks_positions_and_texts_of_functions_are_the_same(kept: Kept) -> None:
    source = """
      class Thing {
        #secret = 1;
        static make() { return new this(); }
        get secret() { return this.#secret; }
        async *all() { yield this.secret; throw new RangeError("deep"); }
      }
      function inner() {
        return /* a comment */ new Error("here").stack;
      }
      const arrow = (a, { b = 2 } = {}, ...c) => a + b;
      export async function* generator() {}
      export const out = () => JSON.stringify([
        inner(), String(Thing), String(inner), String(arrow), String(generator),
        arrow.name, arrow.length, inner.name, Thing.make().secret, [0, -0, 1n << 70n, NaN].map(String),
        "\\ud800 \\u{1f600} ä", /(?<year>\\d{4})-\\p{L}/u.exec("2026-ä")?.groups.year,
      ]);
    """
    told = run_thrice(kept, {"main.js": source})
    assert "main.js:9" in str(told)
    assert "/* a comment */" in str(told)


def test_templates_are_frozen_and_the_same_at_each_call(kept: Kept) -> None:
    source = """
      const tag = (strings) => strings;
      const first = () => tag`a${1}\\n${2}`;
      const seen = (strings) => [
        Object.isFrozen(strings), Object.isFrozen(strings.raw), strings, strings.raw,
        Object.getOwnPropertyDescriptors(strings), Object.getOwnPropertyDescriptors(strings.raw),
      ];
      export const out = () => JSON.stringify([
        first() === first(), seen(first()), seen(tag``), seen(tag`\\u`), seen((() => tag`nested`)()),
        MANY.length, MANY.every((one, at) => one[0] === `${at}` && Object.isFrozen(one)),
      ]);
      const MANY = [LIST];
    """.replace("LIST", ", ".join(f"tag`{number}`" for number in range(200)))
    told = str(run_thrice(kept, {"main.js": source}))
    assert told.startswith("[true,[true,true,")
    assert told.endswith("200,true]")


def test_circular_imports_find_each_other(kept: Kept) -> None:
    modules = {
        "main.js": "import { b } from './b.js'; import * as own from './main.js';"
        "export const a = 1; export const out = () => `${b()} ${Object.keys(own)}`;",
        "b.js": "import { a } from './main.js'; export * from './c.js';"
        "import { c } from './c.js'; export const b = () => a + c();",
        "c.js": "import { a } from './main.js'; import './b.js'; export const c = () => a + 1;",
    }
    assert run_thrice(kept, modules) == "3 a,out"
    assert kept.used == 3


def test_modules_of_other_kinds_and_import_meta_are_the_same(kept: Kept) -> None:
    modules = {
        "main.js": "import text from './a.txt'; import data from './b.bin'; import j from './c.json';"
        "import cjs from './lib/d.cjs'; import { meta } from './e.js';"
        "export const out = () => JSON.stringify([text, data.byteLength, j, cjs, meta(),"
        "import.meta === meta.own, Object.keys(import.meta)]);",
        "a.txt": "text",
        "b.bin": "1234",
        "c.json": '{"x": [1]}',
        "lib/d.cjs": "module.exports = { name: __name(), line: new Error().stack };"
        "function __name() { return require('./f.cjs').name + this; }",
        "lib/f.cjs": "exports.name = module.id;",
        "e.js": "const own = import.meta; export const meta = () => own === import.meta;",
    }
    told = run_thrice(kept, modules)
    assert "lib/d.cjs:1" in str(told)
    assert kept.used == 4


def test_awaits_at_the_top_level_are_the_same(kept: Kept) -> None:
    modules = {
        "main.js": "import { x } from './x.js'; const y = await import('./y.js');"
        "export const out = () => x + y.default;",
        "x.js": "export const x = await Promise.resolve('x');",
        "y.js": "export default await 'y';",
    }
    assert run_thrice(kept, modules) == "xy"


def test_modules_that_are_told_apart_by_attributes_stay_apart(kept: Kept) -> None:
    modules = {
        "main.js": "import one from './a.json' with { type: 'json' };"
        "import { other } from './b.js'; export const out = () => one === other;",
        "b.js": "import other from './a.json'; export { other };",
        "a.json": "{}",
    }
    assert run_thrice(kept, modules) is False
    assert kept.used == 1


@pytest.mark.parametrize(
    "modules",
    [
        {"main.js": "export const a = 1;\nlet a;"},
        {"main.js": "import './b.js';" + OUT, "b.js": "\n  const x = = 1;"},
        {"main.js": "import './b.js';" + OUT, "b.js": "import './gone.js';"},
        {"main.js": "import { gone } from './b.js';" + OUT, "b.js": ""},
        {"main.js": "import './b.js';" + OUT, "b.js": "\n function f() { gone(); }\n f();"},
        {"main.js": "import './b.wasm';" + OUT, "b.wasm": ""},
        {"main.js": "await new Promise(() => {});" + OUT},
        {"main.js": "import './b.js'; await 0; throw new TypeError('late');", "b.js": ""},
        {"main.js": "import './b.js';" + OUT, "b.js": "import './main.js'; import './gone.js';"},
    ],
)
def test_errors_are_the_same(kept: Kept, modules: dict[str, str]) -> None:
    told = run_thrice(kept, modules)
    assert isinstance(told, tuple)


def test_an_import_that_fails_later_fails_in_the_same_way_each_time(kept: Kept) -> None:
    later = "import(name).then(() => 'no error', (error) => `${error}`)"
    modules = {
        "main.js": f"const tried = []; for (const name of ['./a.js', './a.js', './b.js'])"
        f"tried.push(await {later}); export const out = () => tried.join();",
        "a.js": "import './b.js'; import './gone.js';",
        "b.js": "",
    }
    assert "No such module" in str(run_thrice(kept, modules))


def test_what_is_imported_later_is_read_where_it_imports_nothing(kept: Kept) -> None:
    modules = {
        "main.js": "const a = await import('./a.js'); const b = await import('./b.js');"
        "export const out = () => a.default + b.default;",
        "a.js": "export default 'alone';",
        "b.js": "import { c } from './c.js'; export default c;",
        "c.js": "export const c = ' imported';",
    }
    assert run_thrice(kept, modules) == "alone imported"
    for name in ("a.js", "b.js"):  # what is read is told apart from what is compiled
        key = kept.key(name, modules[name].encode(), EVAL_MODULE)
        forged = modules[name].replace("alone", "read").replace("default c", "default 'read'")
        assert key is not None
        kept.put(key, compile_to_keep(name, forged.encode(), EVAL_MODULE))
    assert run(kept, modules) == "read imported"


@pytest.mark.slow
def test_while_somebody_is_at_work_only_what_stays_is_kept(kept: Kept) -> None:
    kept.follow_author(delay_seconds=1)
    for version in range(3):
        run(kept, {"main.js": f"{OUT} // {version}", "other.js": OUT})
    kept.settle()
    assert len(kept.paths) == 1
    kept.age()
    run(kept, {"main.js": f"{OUT} // 2"})
    assert kept.used == 1


def test_a_classic_script_is_kept_too(kept: Kept) -> None:
    source = b"var answer = 42; function f() { return new Error(typeof let_).stack } let let_ = 1;"
    told = []
    for _ in range(2):
        isolate = Isolate(kept=kept)
        isolate.run_script("worker.js", source)
        told.append(isolate.call(isolate.expression("test.js", "() => f() + answer")))
        isolate.close()
        kept.settle()
        kept.age()
    assert told[0] == told[1]
    assert str(told[0]).endswith("42")
    isolate = Isolate(kept=kept)
    isolate.run_script("worker.js", source)
    with pytest.raises(JSError, match="let_"):  # as it would be declared twice
        isolate.run_script("worker.js", source)
    isolate.close()
    assert kept.used == 1


def test_a_script_has_no_say_in_what_is_kept_of_another(tmp_path: Path) -> None:
    shared = "module.exports = ((s) => s)`shared`;"
    plain = {"main.js": "import x from './x.cjs';" + OUT, "x.cjs": shared}
    poison = "Object.defineProperty(Object.prototype, 'raw', { get: () => ({ evil: 1 }) });"
    poisoned = {"main.js": "import './a.js'; import x from './x.cjs';" + OUT, "a.js": poison}
    kept = Kept(tmp_path)
    run(kept, poisoned | {"x.cjs": shared})
    kept.settle()
    written = {path.name: path.read_bytes() for path in kept.paths}
    for path in kept.paths:
        path.unlink()
    run(kept, plain)
    kept.settle()
    same = {path.name for path in kept.paths} & written.keys()
    assert len(same) == 1
    assert all((tmp_path / name).read_bytes() == written[name] for name in same)


@pytest.mark.slow
def test_code_that_memory_does_not_suffice_for_is_an_error_and_no_crash(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    functions = "".join(f"export const f{n} = (s) => s`{n}` + {n}.5;\n" for n in range(500))
    modules = {"main.js": functions + OUT}
    assert run(kept, modules) == "answer"
    kept.settle()
    kept.age()
    told = [
        run(kept, modules, limits=Limits(memory_bytes=kilobytes * 1024))
        for kilobytes in range(100, 1500, 19)
    ]
    ended = told.index("answer")
    assert ended > 3
    assert all(error[1] in ("null", "out of memory") for error in told[:ended])
    assert kept.used == 1


@pytest.mark.slow
def test_code_is_read_where_a_script_has_used_up_its_stack(kept: Kept) -> None:
    nested = "module.exports = " + "() => " * 1500 + "1;"
    modules = {
        "main.js": "import x from './deep.cjs'; export const out = () => typeof x;",
        "deep.cjs": "function deep() { try { return deep(); } catch { return require('./x.cjs'); } }"
        "module.exports = deep();",
        "x.cjs": nested,
    }
    assert run_thrice(kept, modules) == "function"
    assert kept.used == 3


@pytest.mark.slow
def test_what_is_nested_too_deep_is_not_kept(kept: Kept) -> None:
    source = OUT + "export const x = " + "() => " * 5000 + "1;"
    assert run_thrice(kept, {"main.js": source}) == "answer"
    assert not kept.paths
