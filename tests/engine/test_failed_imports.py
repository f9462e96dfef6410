"""Imports that fail when a script already runs: the same error each time, and nothing else breaks."""

from holdfast.engine import Isolate, Module, ModuleKind

GONE = 'Error: No such module "gone.js", imported from "{}".'


def tried(imports: list[str], modules: dict[str, str]) -> list[str]:
    """What comes of importing these, one after the other."""
    main = f"""
      const told = [];
      for (const name of {imports})
        told.push(await import(name).then((module) => `${{module.default}}`, (error) => `${{error}}`));
      export const out = () => told.join("\\n");
    """
    isolate = Isolate()
    try:
        isolate.add_modules(
            {
                name: Module(name, ModuleKind.ESM, text.encode())
                for name, text in {"main.js": main, **modules}.items()
            }
        )
        told = isolate.call(isolate.export(isolate.evaluate("main.js"), "out"))
        isolate.collect_garbage()
        return str(told).split("\n")
    finally:
        isolate.close()


def test_whoever_imports_in_a_circle_what_failed_fails_with_it() -> None:
    modules = {
        "a.js": "import './b.js'; import './gone.js';",
        "b.js": "import './a.js'; export default 'b';",
    }
    gone = GONE.format("a.js")
    assert tried(["./a.js", "./b.js", "./a.js", "./b.js"], modules) == [gone] * 4


def test_so_does_who_imports_it_by_way_of_others_and_who_comes_later() -> None:
    modules = {
        "a.js": "import './b.js'; import './free.js'; import './gone.js';",
        "b.js": "export * from './c.js';",
        "c.js": "import './a.js'; import './free.js'; export default 'c';",
        "late.js": "import './c.js'; export default 'late';",
        "free.js": "export default 'free';",
    }
    gone = GONE.format("a.js")
    imports = ["./a.js", "./free.js", "./late.js", "./c.js", "./b.js", "./free.js", "./late.js"]
    assert tried(imports, modules) == [gone, "free", gone, gone, gone, "free", gone]


def test_a_circle_around_a_syntax_error_fails_with_that() -> None:
    modules = {
        "a.js": "import './b.js'; import './wrong.js';",
        "b.js": "import './a.js'; export default 'b';",
        "wrong.js": "const x = = 1;",
    }
    told = tried(["./a.js", "./b.js", "./b.js"], modules)
    assert told[0].startswith("SyntaxError: ")
    assert told == told[:1] * 3


def test_the_importer_of_what_fails_goes_on() -> None:
    modules = {
        "a.js": "import './main.js'; import './b.js'; import './gone.js';",
        "b.js": "export default 'b';",
        "c.js": "import './b.js'; export default 'c';",
    }
    assert tried(["./a.js", "./b.js", "./c.js"], modules) == [GONE.format("a.js"), "b", "c"]
