"""CommonJS modules: exports, require, cycles, errors, and no way to what is internal."""

from collections.abc import Iterator

import pytest

from holdfast.engine import Compiler, Isolate, JSError, Module, ModuleKind


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    compiler = Compiler()
    internal = {"holdfast:secret.js": compiler.compile("holdfast:secret.js", b"export default 7;")}
    compiler.close()
    isolate = Isolate(internal=internal)
    yield isolate
    isolate.close()


def run(isolate: Isolate, main: str, **others: str) -> object:
    """The text that `main.mjs` exports as a function `out`."""
    kinds = {"cjs": ModuleKind.COMMONJS, "mjs": ModuleKind.ESM, "json": ModuleKind.JSON}
    modules = {"main.mjs": Module("main.mjs", ModuleKind.ESM, main.encode())}
    for key, text in others.items():
        name, _, kind = key.rpartition("_")
        path = f"{name.replace('__', '/')}.{kind}"
        modules[path] = Module(path, kinds[kind], text.encode())
    isolate.add_modules(modules)
    return isolate.call(isolate.export(isolate.evaluate("main.mjs"), "out"))


def test_exports_are_the_default_import(isolate: Isolate) -> None:
    main = "import a from './a.cjs'; export const out = () => a.name + a.twice(4);"
    source = "exports.name = 'a'; module.exports.twice = (n) => n * 2;"
    assert run(isolate, main, a_cjs=source) == "a8"


def test_module_exports_may_be_replaced(isolate: Isolate) -> None:
    main = "import f from './f.cjs'; export const out = () => f();"
    assert run(isolate, main, f_cjs="module.exports = () => 'called';") == "called"


def test_require_finds_relative_modules_and_data_and_runs_each_once(isolate: Isolate) -> None:
    main = "import a from './lib/a.cjs'; export const out = () => a;"
    assert (
        run(
            isolate,
            main,
            lib__a_cjs="const b = require('./b.cjs'); require('./b.cjs');"
            "module.exports = `${b.n} ${require('../data.json').x} ${require.name !== undefined}`;",
            lib__b_cjs="globalThis.runs = (globalThis.runs ?? 0) + 1; exports.n = globalThis.runs;",
            data_json='{"x": [1]}',
        )
        == "1 1 true"
    )


def test_cycles_see_what_is_exported_so_far(isolate: Isolate) -> None:
    main = "import a from './a.cjs'; export const out = () => a.told;"
    a = "exports.early = 1; exports.told = require('./b.cjs').seen;"
    b = "const a = require('./a.cjs'); exports.seen = `${a.early} ${a.told}`;"
    assert run(isolate, main, a_cjs=a, b_cjs=b) == "1 undefined"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("require('./nope.cjs')", 'No such module "nope.cjs"'),
        ("require('./e.mjs')", "is an ES module"),
        ("require('holdfast:secret.js')", "No such module"),
        ("throw new RangeError('inside')", "inside"),
        ("let x = ;", "unexpected token"),
    ],
)
def test_what_goes_wrong_is_told(isolate: Isolate, source: str, told: str) -> None:
    with pytest.raises(JSError, match=told):
        run(isolate, "import a from './a.cjs';", a_cjs=f"\n{source}", e_mjs="export default 1;")


def test_errors_name_the_modules_own_lines(isolate: Isolate) -> None:
    with pytest.raises(JSError) as caught:
        run(isolate, "import a from './a.cjs';", a_cjs="\n\nnull.x;")
    assert "a.cjs:3" in caught.value.stack


def test_a_dynamic_import_reaches_nothing_internal(isolate: Isolate) -> None:
    main = """
      import a from './a.cjs';
      const told = await a.then(() => "reached", (error) => error.message);
      export const out = () => told;
    """
    told = run(isolate, main, a_cjs="module.exports = import('holdfast:secret.js');")
    assert "No such module" in str(told)


def test_isolates_with_commonjs_modules_are_freed_whole(isolate: Isolate) -> None:
    for _ in range(50):
        other = Isolate()
        modules = {
            "main.mjs": Module("main.mjs", ModuleKind.ESM, b"import a from './a.cjs';"),
            "a.cjs": Module("a.cjs", ModuleKind.COMMONJS, b"exports.self = module;"),
        }
        other.add_modules(modules)
        other.evaluate("main.mjs")
        other.close()
