"""The bindings that the command line gives to a script from its file."""

from pathlib import Path

import pytest

from holdfast.catalog.bindings import ObjectNamespace, PlainText, Service
from holdfast.cli.arguments import parse
from holdfast.cli.project_file import SourceFile, open_scripts
from holdfast.cli.script_file import ScriptUnreadable


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What `run` with these arguments serves; there are two scripts, and a project of the first."""
    monkeypatch.chdir(tmp_path)
    for name in ("front.mjs", "back.mjs"):
        Path(name).write_text("export default {};")
    Path("wrangler.toml").write_text('name = "site"\nmain = "front.mjs"\nvars = {GREETING = "a"}')

    def opened(*arguments: str) -> list[SourceFile]:
        return open_scripts(parse(["run", *arguments]))

    return opened


OBJECTS = ("--object", "OWN=Room", "--object", "OTHER=Hall@back")


@pytest.mark.parametrize(("script", "name"), [("front.mjs", "front"), ("wrangler.toml", "site")])
def test_variables_services_and_classes_are_bound(opened, script: str, name: str) -> None:
    given = ("--var", "GREETING=b", "--service", "BACK=back", *OBJECTS)
    file, back = opened(script, *given, "--with", "back.mjs")
    assert file.notes == () and back.read().bindings == ()
    assert file.read().bindings == (
        PlainText("GREETING", "b"),
        Service("BACK", "back"),
        ObjectNamespace("OWN", f"{name}-Room"),
        ObjectNamespace("OTHER", "back-Hall"),
    )


@pytest.mark.parametrize("script", ["front.mjs", "wrangler.toml"])
def test_what_is_not_here_is_named_with_the_way_out(opened, script: str) -> None:
    (file,) = opened(script, "--service", "BACK=back", *OBJECTS)
    assert ['"BACK" is the Worker "back", which is not here' in note for note in file.notes] == [
        True
    ]
    with pytest.raises(
        ScriptUnreadable, match=r'"OTHER" is to a class of the Worker "back", .*--with'
    ):
        file.read()
