import pytest

from holdfast.catalog import Syntax
from holdfast.catalog.files import guess_syntax, module_kind, read_modules
from holdfast.engine.modules import ModuleKind


@pytest.fixture
def write(tmp_path):
    def write(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "text", "syntax"),
    [
        ("a.mjs", "", Syntax.MODULES),
        ("a.js", "export default {};", Syntax.MODULES),
        ("a.js", "  export{a as default};", Syntax.MODULES),
        ("a.js", "import {a} from './a.js';", Syntax.MODULES),
        ("a.js", "import'./a.js';", Syntax.MODULES),
        ("a.js", "addEventListener('fetch', f);", Syntax.SERVICE_WORKER),
        ("a.js", "// export default\naddEventListener('fetch', f);", Syntax.SERVICE_WORKER),
        ("a.js", "const exported = 1; let x = { export: 1 };", Syntax.SERVICE_WORKER),
        ("a.js", "import('./a.js');", Syntax.SERVICE_WORKER),
    ],
)
def test_the_syntax_is_told_by_name_and_text(write, name, text, syntax):
    assert guess_syntax(write(name, text)) is syntax


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.js", ModuleKind.ESM),
        ("a.cjs", ModuleKind.COMMONJS),
        ("a.JSON", ModuleKind.JSON),
        ("a.html", ModuleKind.TEXT),
        ("a.wasm", ModuleKind.WASM),
        ("a.bin", ModuleKind.DATA),
    ],
)
def test_the_kind_is_told_by_the_name(tmp_path, name, kind):
    assert module_kind(tmp_path / name) is kind


def names(modules):
    return [module.name for module in modules]


def test_all_ways_to_import_a_file_are_followed(write):
    main = write(
        "main.mjs",
        """
        import "./a.mjs";
        import b, { c as d } from './lib/b.mjs';
        export * from "./c.mjs";
        const lazy = await import("./d.mjs");
        import{e}from"./e.mjs";
        import "cloudflare:workers"; import "bare"; import "https://example.com/x.mjs";
        """,
    )
    for name in ("a.mjs", "c.mjs", "d.mjs", "e.mjs", "unused.mjs"):
        write(name)
    write("lib/b.mjs", 'import text from "../text.txt"; import "../main.mjs"; import "./deep.cjs"')
    write("lib/deep.cjs", 'require("./deeper.cjs")')
    write("lib/deeper.cjs")
    write("text.txt", 'import "./unused.mjs"')
    modules = read_modules(main)
    assert names(modules)[0] == "main.mjs"
    assert sorted(names(modules)) == [
        "a.mjs",
        "c.mjs",
        "d.mjs",
        "e.mjs",
        "lib/b.mjs",
        "lib/deep.cjs",
        "lib/deeper.cjs",
        "main.mjs",
        "text.txt",
    ]


def test_other_files_are_read_with_what_they_import(write):
    main = write("main.mjs")
    write("b.mjs")
    assert names(read_modules(main, [write("a.mjs", "import './b.mjs'")])) == [
        "main.mjs",
        "a.mjs",
        "b.mjs",
    ]


def test_an_import_that_leads_nowhere_is_left_to_the_engine(write):
    assert names(read_modules(write("main.mjs", '// import "./gone.mjs"'))) == ["main.mjs"]


def test_a_file_outside_the_main_folder_is_refused(write):
    write("outside.mjs")
    main = write("src/main.mjs", "import '../outside.mjs'")
    with pytest.raises(ValueError, match=r"outside\.mjs lies outside"):
        read_modules(main)


def test_a_main_file_that_is_missing_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_modules(tmp_path / "none.mjs")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import'./a.mjs'", True),
        ("import x from\n\t'./a.mjs'", True),
        ("export*from'./b/../a.mjs'", True),
        ("await import (\n './a.mjs' )", True),
        ("import x from '../here/a.mjs'", True),
        ("import './././a.mjs'", True),
        ("xfrom './a.mjs'; from './gone.mjs'", False),
        ("$import('./a.mjs')", True),
        ("import './a.mjs", False),
        ("import './a.mjs\"", False),
        ("import ((('./a.mjs')))", False),
        ("require('./a.mjs')", False),
        ("'./a.mjs' + \"./a.mjs\" + ./a.mjs", False),
        ("./a.mjs", False),
        ("'./a.mjs'", False),
        (".'./a.mjs'", False),
    ],
)
def test_what_follows_the_words_of_an_import_is_followed(write, tmp_path, text, found):
    write("here/a.mjs")
    main = write("here/main.mjs", text)
    assert names(read_modules(main)) == ["main.mjs", "a.mjs"][: 1 + found]
