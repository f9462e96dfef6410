"""Sources that a bundler has to be asked for, with the esbuild of the project."""

import json
import os
import re

import pytest

import holdfast.catalog.source
from holdfast.catalog import Syntax
from holdfast.catalog.bundling import find_esbuild
from holdfast.catalog.project import read_project
from holdfast.catalog.source import read_source
from holdfast.engine.modules import ModuleKind
from tests.peers import esbuild_folder


@pytest.fixture
def folder(tmp_path):
    """A project that has esbuild, and the package `greeter`."""
    package = tmp_path / "node_modules" / "greeter"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "greeter", "main": "index.cjs"}')
    (package / "index.cjs").write_text("exports.greeting = 'from a package';")
    for name in ("@esbuild", "esbuild", ".bin"):
        (tmp_path / "node_modules" / name).symlink_to(esbuild_folder() / name)
    (tmp_path / "src").mkdir()
    return tmp_path


def write(folder, **files):
    for name, text in files.items():
        path, _, suffix = name.rpartition("_")
        (folder / "src" / f"{path}.{suffix}").write_text(text)


def texts(source):
    return {module.name: module.content.decode() for module in source.modules}


def test_typescript_is_compiled_and_what_is_no_code_stays_a_module(folder):
    write(
        folder,
        index_ts='import { a } from "./a"; import t from "./t.txt"; export default { a, t };',
        a_ts="export const a: number = 1;",
        t_txt="text",
    )
    source = read_source(folder / "src" / "index.ts", folder=folder)
    assert source.syntax is Syntax.MODULES
    assert source.modules[0].name == "src/index.js"
    assert "number" not in texts(source)["src/index.js"]
    assert texts(source)["src/t.txt"] == "text"
    assert {path.name for path in source.files} >= {"index.ts", "a.ts", "t.txt"}


@pytest.mark.parametrize(
    "text",
    [
        "import { greeting } from 'greeter'; export default greeting;",
        "import{greeting}from'greeter';export default greeting;",
        "import { greeting } from './reexported'; export default greeting;",
        "import { greeting } from '../outside.mjs'; export default greeting;",
    ],
)
def test_imports_that_only_a_bundler_follows_are_bundled(folder, text):
    write(folder, index_js=text, reexported_js="export { greeting } from 'greeter';")
    (folder / "outside.mjs").write_text("export { greeting } from 'greeter';")
    source = read_source(folder / "src" / "index.js")
    assert [module.name for module in source.modules] == ["index.js"]
    assert "from a package" in texts(source)["index.js"]


def test_what_the_engine_can_load_stays_as_it_is(folder):
    text = "import './b.js'; import 'node:path'; import 'cloudflare:workers'; export default {};"
    write(folder, index_js=text, b_js="// import 'none'")
    source = read_source(folder / "src" / "index.js")
    assert texts(source) == {"index.js": text, "b.js": "// import 'none'"}


def test_modules_of_node_are_left_to_the_runtime(folder):
    write(folder, index_ts="export * from 'path'; export * from 'path/posix';")
    source = read_source(folder / "src" / "index.ts", with_node=True)
    assert 'from "node:path"' in texts(source)["index.js"]
    assert 'from "node:path/posix"' in texts(source)["index.js"]


def test_a_file_of_a_package_with_a_name_of_nodes_is_the_package_s(folder):
    package = folder / "node_modules" / "process"
    package.mkdir()
    (package / "browser.js").write_text("exports.title = 'from the package';")
    write(folder, index_ts="export * from 'process/browser'; export * from 'process';")
    source = read_source(folder / "src" / "index.ts", with_node=True)
    assert "from the package" in texts(source)["index.js"]
    assert 'from "node:process"' in texts(source)["index.js"]


def test_esbuild_is_asked_for_no_alias_that_one_of_2022_refuses(folder, tmp_path, monkeypatch):
    write(folder, index_ts="export * from 'path/posix';")
    asked = tmp_path / "esbuild"
    asked.write_text('#!/bin/sh\necho "[ERROR] $*" >&2\nexit 1')
    asked.chmod(0o755)
    monkeypatch.setattr(holdfast.catalog.source, "find_esbuild", lambda folder: asked)
    with pytest.raises(ValueError, match="--alias:path=node:path") as refused:
        read_source(folder / "src" / "index.ts", with_node=True)
    assert not re.search(r"--alias:[^=]*/", str(refused.value))


def test_commonjs_may_require_modules_of_node(folder):
    write(folder, index_ts="import x from './x.cjs'; export default x;")
    write(folder, x_cjs="module.exports = require('events');")
    source = read_source(folder / "src" / "index.ts", with_node=True)
    assert texts(source)["index.js"].startswith("import{createRequire as")


def test_a_mistake_is_told_with_its_place_and_not_again_until_it_is_mended(folder):
    write(folder, index_ts="import { a } from './a'; export default a;")
    main = folder / "src" / "index.ts"
    for _ in range(2):
        with pytest.raises(ValueError, match=r'src/index\.ts:1:18: Could not resolve "\./a"$'):
            read_source(main, folder=folder)
    write(folder, a_ts="export const a = 1;")
    assert "var a = 1" in texts(read_source(main, folder=folder))["src/index.js"]


@pytest.mark.parametrize(("name", "told"), [("fs", "nodejs_compat"), ("gone", "npm install")])
def test_a_module_that_is_not_found_is_told_with_the_way_out(folder, name, told):
    write(folder, index_ts=f"import x from '{name}'; export default x;")
    with pytest.raises(ValueError, match=f'Could not resolve "{name}"; .*{told}'):
        read_source(folder / "src" / "index.ts")


def test_all_packages_that_are_missing_are_told_together(folder):
    names = ["one", "two", "@a/three"]
    write(folder, index_ts="\n".join(f"import '{name}';" for name in names))
    told = r'"one"; is it installed \(npm install\)\? \(and 2 more: "two", "@a/three"\)$'
    with pytest.raises(ValueError, match=told):
        read_source(folder / "src" / "index.ts", folder=folder)


def test_a_change_of_what_was_imported_is_seen(folder):
    write(folder, index_ts="import { a } from './a'; export default a;", a_ts="export const a = 1;")
    main = folder / "src" / "index.ts"
    assert "var a = 1" in texts(read_source(main))["index.js"]
    write(folder, a_ts="export const a = 10;")
    assert "var a = 10" in texts(read_source(main))["index.js"]


def test_files_that_come_where_an_import_looks_for_them_are_seen(folder):
    write(folder, index_ts="export default (name) => import('./lang/' + name + '.js');")
    lang, main = folder / "src" / "lang", folder / "src" / "index.ts"
    (lang / "en").mkdir(parents=True)
    (lang / "de.js").write_text("export default 'Tee';")
    assert "Tee" in texts(read_source(main))["index.js"]
    (lang / "en" / "gb.js").write_text("export default 'tea';")
    assert "tea" in texts(read_source(main))["index.js"]
    (lang / "fr").mkdir()
    read_source(main)
    (lang / "fr" / "be.js").write_text("export default 'infusion';")
    assert "infusion" in texts(read_source(main))["index.js"]


@pytest.mark.parametrize(
    ("fields", "given", "allowed"),
    [
        ({"compatibility_date": "2024-09-23"}, None, False),
        ({"compatibility_date": "2024-09-23"}, "2026-08-04", True),
        ({"compatibility_date": "2026-08-04"}, None, True),
        ({"compatibility_flags": ["no_nodejs_compat"]}, None, False),
        (
            {"compatibility_date": "2024-09-23", "compatibility_flags": ["nodejs_compat_v2"]},
            "",
            True,
        ),
        ({}, None, True),
    ],
)
def test_modules_of_node_go_without_their_scheme_where_a_script_has_them(
    folder, fields, given, allowed
):
    write(folder, index_ts='import { Buffer } from "buffer"; export default Buffer;')
    file = folder / "wrangler.json"
    file.write_text(json.dumps({"name": "a", "main": "src/index.ts", **fields}))
    project = read_project(file)
    if allowed:
        assert '"node:buffer"' in texts(project.source((), given))["src/index.js"]
    else:
        with pytest.raises(ValueError, match="nodejs_compat"):
            project.source((), given)


def test_a_project_says_how_it_is_bundled(folder):
    write(
        folder,
        index_ts="import page from './page.md'; import b from 'b'; export default [page, b, WHO];",
    )
    write(folder, page_md="# page", b_ts="export default 'alias';")
    (folder / "wrangler.toml").write_text(
        'name = "a"\nmain = "src/index.ts"\n'
        'alias = { b = "./src/b" }\ndefine = { WHO = "\'me\'" }\n'
        '[[rules]]\ntype = "Text"\nglobs = ["**/*.md"]\n'
    )
    source = read_project(folder / "wrangler.toml").source()
    main = texts(source)["src/index.js"]
    assert '"me"' in main and '"alias"' in main
    assert texts(source)["src/page.md"] == "# page"


def test_rules_tell_files_by_what_their_names_end_in_or_by_their_folders(folder):
    names = ["style.css", "page.client.js", "texts/notes.md", "texts/robots"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"<{name}>")
    imports = "".join(f"import i{n} from '../{name}';" for n, name in enumerate(names[:3]))
    write(folder, index_ts=f"{imports} export default [i0, i1, i2];")
    globs = '["**/*.css", "**/*.client.js", "*/texts/**", "src/*.ts", "**/*.wasm?module"]'
    (folder / "wrangler.toml").write_text(
        f'name = "a"\nmain = "src/index.ts"\nrules = [{{ type = "Text", globs = {globs} }}]\n'
    )
    source = read_project(folder / "wrangler.toml").source()
    assert source.modules[0].name == "src/index.js"
    assert {module.name: module.kind for module in source.modules[1:]} == dict.fromkeys(
        names[:3], ModuleKind.TEXT
    )
    assert texts(source)["style.css"] == "<style.css>"


def test_places_in_the_bundle_are_told_as_those_in_the_sources(folder):
    first = "interface A { a: 1 }\n\nexport const a = () => { throw new Error('a'); };"
    write(folder, index_ts="import { a } from './a';\nexport default a;\n", a_ts=first)
    source = read_source(folder / "src" / "index.ts", folder=folder)
    lines = texts(source)["src/index.js"].splitlines()
    line, column = next(
        (number, text.index("new Error") + 1)
        for number, text in enumerate(lines, 1)
        if "new Error" in text
    )
    told = source.told(f"Error: a\n    at a (src/index.js:{line}:{column})")
    assert told == f"Error: a\n    at a (src/a.ts:3:{first.splitlines()[2].index('new') + 1})"
    assert source.told("at b (other.js:1:1), src/index.js:99999:1") == (
        "at b (other.js:1:1), src/index.js:99999:1"
    )
    assert source.texts["src/a.ts"] == first


def test_a_main_file_outside_of_the_folder_is_bundled_and_named_from_what_both_share(folder):
    write(folder, index_ts="import t from './t.txt';\nexport default new Error(t);", t_txt="text")
    (folder / "inner").mkdir()
    source = read_source(folder / "src" / "index.ts", folder=folder / "inner")
    assert [module.name for module in source.modules] == ["src/index.js", "src/t.txt"]
    line = texts(source)["src/index.js"].splitlines().index("var src_default = new Error(t);") + 1
    assert source.told(f"src/index.js:{line}:19") == "../src/index.ts:2:16"


def test_no_bundle_forbids_it(folder):
    write(folder, index_ts="export default 1;")
    (folder / "wrangler.json").write_text(
        '{"name": "a", "main": "src/index.ts", "no_bundle": true}'
    )
    with pytest.raises(ValueError, match=r"src/index\.ts .*no_bundle forbids"):
        read_project(folder / "wrangler.json").source()


def test_without_esbuild_the_way_to_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    (tmp_path / "index.ts").write_text("export default 1;")
    with pytest.raises(ValueError, match="npm install --save-dev esbuild"):
        read_source(tmp_path / "index.ts")


def program_in(folder):
    """The path of esbuild's program among the packages of a folder."""
    (program,) = (esbuild_folder() / "@esbuild").glob("*/bin/esbuild")
    return folder / "node_modules" / program.relative_to(esbuild_folder())


def test_an_older_esbuild_bundles_for_what_it_knows(tmp_path):
    program = program_in(tmp_path)
    program.parent.mkdir(parents=True)
    told = 'Invalid target "es2024" in "--target=es2024"'
    refusal = f"""case "$*" in *=es2024*) echo '{told}' >&2; exit 1;; esac"""
    program.write_text(f'#!/bin/sh\n{refusal}\nexec {program_in(esbuild_folder().parent)} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "index.ts").write_text("export default 1 as number;")
    assert "1" in texts(read_source(tmp_path / "index.ts"))["index.js"]


def test_the_esbuild_of_wrangler_goes_before_that_of_other_packages(tmp_path):
    wrangler = tmp_path / "node_modules" / "wrangler"
    (wrangler / "node_modules" / "esbuild").mkdir(parents=True)
    own = program_in(wrangler)
    for program in (own, program_in(tmp_path)):
        program.parent.mkdir(parents=True)
        program.write_text("")
        program.chmod(0o755)
    assert find_esbuild(tmp_path / "src") == own.resolve()
    own.unlink()
    assert find_esbuild(tmp_path / "src") == program_in(tmp_path)


@pytest.mark.parametrize(("given", "expected"), [(None, "production"), ("test", "test")])
def test_the_bundle_knows_the_node_env_of_the_shell(folder, monkeypatch, given, expected):
    monkeypatch.delenv("NODE_ENV", raising=False)
    if given is not None:
        monkeypatch.setenv("NODE_ENV", given)
    write(
        folder,
        index_ts="import 'greeter';"
        "export default [process.env.NODE_ENV, global.process.env.NODE_ENV];",
    )
    source = read_source(folder / "src" / "index.ts", folder=folder)
    assert f'["{expected}", "{expected}"]' in " ".join(texts(source)["src/index.js"].split())
