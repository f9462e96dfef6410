"""`holdfast dev`, `run` and `deploy` with a project's configuration file."""

import json
from pathlib import Path

import pytest

from holdfast.catalog.project import read_project
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.cli.arguments import parse
from holdfast.cli.project_file import open_script
from tests.cli.running import Running, get, holdfast
from tests.peers import esbuild_folder

pytestmark = pytest.mark.slow

ANY_PORT = ("--port", "0")
MAIN = """
import { suffix } from "../lib/suffix.js";
import page from "./page.md";
export class Counter {
  constructor(state, env) { this.sql = state.storage.sql; this.env = env; }
  fetch() {
    let sql = true;
    try { this.sql.exec("SELECT 1"); } catch { sql = false; }
    return new Response(`${this.env.GREETING} ${sql}`);
  }
}
export default { async fetch(request, env) {
  const object = await env.COUNTER.get(env.COUNTER.idFromName("a")).fetch(request);
  await env.KV.put("k", "kept");
  const parts = [await object.text(), await env.KV.get("k"), env.TOKEN ?? "none", page, suffix];
  return new Response([...parts, "Counter" in env].join("|"));
} };
"""


BOUND = """
export default { async fetch(_, { LIMIT, VERSION, DATA }) {
  DATA.writeDataPoint({ blobs: ["a"] });
  const { success } = await LIMIT.limit({ key: "a" });
  const { id, timestamp } = VERSION;
  return new Response(`${success} ${id.length} ${Date.parse(timestamp) > 0}`);
} };
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "src" / "index.js").write_text(MAIN)
    (tmp_path / "src" / "page.md").write_text("# page")
    (tmp_path / "lib" / "suffix.js").write_text("export const suffix = 'end';")
    configure(tmp_path)
    return tmp_path


def configure(folder: Path, **changes: object) -> None:
    fields = {
        "name": "site",
        "main": "src/index.js",
        "vars": {"GREETING": "hello"},
        "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
        "kv_namespaces": [{"binding": "KV", "id": "anything"}],
        "rules": [{"type": "Text", "globs": ["**/*.md"]}],
        "env": {"key-value": {"vars": {"GREETING": "hi"}}},
        **changes,
    }
    (folder / "wrangler.jsonc").write_text("// Wrangler's\n" + json.dumps(fields))


def test_dev_without_a_script_serves_the_project_in_its_folder(project: Path) -> None:
    (project / ".dev.vars").write_text("TOKEN=secret\n")
    with Running("dev", *ANY_PORT, folder=project) as dev:
        url = dev.ready()
        assert dev.line(r"bindings +(.*)")[1] == "env.GREETING, env.TOKEN, env.COUNTER, env.KV"
        assert get(url).text == "hello true|kept|secret|# page|end|false"
        configure(project, vars={"GREETING": "changed"})
        dev.line("site was reloaded")
        assert get(url).text.startswith("changed")
        (project / ".dev.vars").write_text("TOKEN=rotated\n")
        dev.line("site was reloaded")
        assert "rotated" in get(url).text


def test_rate_limits_and_the_version_are_bound_as_the_project_says(project: Path) -> None:
    (project / "src" / "index.js").write_text(BOUND)
    configure(
        project,
        durable_objects={},
        migrations=[],
        ratelimits=[{"name": "LIMIT", "namespace_id": "1", "simple": {"limit": 1, "period": 60}}],
        version_metadata={"binding": "VERSION"},
        analytics_engine_datasets=[{"binding": "DATA"}],
    )
    with Running("dev", *ANY_PORT, folder=project) as dev:
        url = dev.ready()
        assert get(url).text == "true 36 true"
    limit = {"name": "LIMIT", "namespace_id": "1", "simple": {"limit": 1, "period": 30}}
    configure(project, ratelimits=[limit])
    with pytest.raises(ProjectInvalid, match=r'"LIMIT": "simple\.period" must be 10 or 60'):
        read_project(project / "wrangler.jsonc")


def test_a_project_is_found_from_below_it_and_its_data_lie_beside_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "src")
    options = parse(["dev"])
    assert open_script(options).name == "site"
    assert options.data == project / ".holdfast"
    elsewhere = parse(["dev", "--data", "elsewhere"])
    assert open_script(elsewhere).name == "site" and elsewhere.data == Path("elsewhere")
    with pytest.raises(ValueError, match="name a script, or a folder with one of"):
        open_script(parse(["dev", str(project / "src")]))


def test_the_shell_may_name_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(project, env={"live": {"name": "live-site"}, "staging": {}})
    monkeypatch.setenv("CLOUDFLARE_ENV", "live")
    assert open_script(parse(["dev", str(project)])).name == "live-site"
    assert open_script(parse(["dev", str(project), "--env", "staging"])).name == "site-staging"
    assert open_script(parse(["dev", str(project / "src" / "index.js")])).name == "index"


def test_a_worker_that_is_elsewhere_is_told_at_the_start(project: Path) -> None:
    services = [{"binding": "MAIL", "service": "mail"}, {"binding": "SELF", "service": "site"}]
    configure(project, services=services)
    (note,) = open_script(parse(["dev", str(project)])).notes
    assert '"MAIL" is the Worker "mail", which is not here' in note


def test_dev_bundles_typescript_again_when_a_file_of_it_changes(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(esbuild_folder())
    main = 'import { said } from "./said"; export default { fetch: () => new Response(said) };'
    (tmp_path / "index.ts").write_text(main)
    (tmp_path / "said.ts").write_text(
        "export const said: string = `first in ${process.env.NODE_ENV}`;"
    )
    with Running("dev", "index.ts", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        assert get(url).text == "first in development"
        (tmp_path / "said.ts").write_text("export const said: string = ;")
        dev.line(r"said\.ts:1:28: Unexpected")
        assert get(url).text == "first in development"
        (tmp_path / "said.ts").write_text("export const said: string = 'third';")
        dev.line("index was reloaded")
        assert get(url).text == "third"
        throws = (
            "interface Nothing {}\n\nexport const said = { toString() { throw Error('no'); } };"
        )
        (tmp_path / "said.ts").write_text(throws)
        dev.line("index was reloaded")
        assert "at toString (said.ts:3:" in get(url).text
        dev.line(r"at toString \(said\.ts:3:")


def test_run_takes_a_folder_and_an_option_goes_before_the_file(project: Path) -> None:
    configure(project, migrations=[{"tag": "v1", "new_classes": ["Counter"]}])
    arguments = (project, *ANY_PORT, "--var", "GREETING=given")
    with Running("run", *arguments, folder=project.parent) as run:
        assert get(run.ready()).text.startswith("given false|kept|none")


def test_a_script_without_a_name_does_without_what_is_lacking(project: Path) -> None:
    configure(project, name=None, vectorize=[{"binding": "B"}], assets={"directory": "public"})
    file = project / "wrangler.jsonc"
    file.write_text(file.read_text().replace('"name": null, ', ""))
    arguments = (*ANY_PORT, "--without", "vectorize", "--without", "assets")
    with Running("run", *arguments, folder=project) as run:
        assert get(run.ready()).text.startswith("hello true")
        assert (project / ".holdfast" / "objects" / "worker-Counter").is_dir()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run",), "wrangler.jsonc"),
        (("run", "--env", "x", "main.mjs"), "--env"),
        (("run", "missing.toml"), "missing.toml does not exist"),
        (("run", "broken.toml"), "broken.toml"),
        (
            ("run", "unexported.toml", *ANY_PORT),
            '"A" is to the class "B", which the script does not',
        ),
        (("run", "main.py"), "main.py is Python"),
        (("run", "lacking.json"), "--without vectorize"),
        (("deploy", "--token", "t"), "wrangler.jsonc"),
        (("deploy", "--token", "t", "nameless.toml"), "--name"),
    ],
)
def test_a_project_that_is_none_is_told_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "broken.toml").write_text("name =")
    (tmp_path / "unexported.toml").write_text(
        "name = 'a'\nmain = 'a.js'\ndurable_objects.bindings = [{name = 'A', class_name = 'B'}]"
    )
    (tmp_path / "a.js").write_text("export class A {}\nexport default { fetch() {} };")
    (tmp_path / "main.py").touch()
    (tmp_path / "main.js").touch()
    (tmp_path / "nameless.toml").write_text('main = "main.js"')
    lacking = {"name": "a", "main": "main.js", "vectorize": [{"binding": "V"}]}
    (tmp_path / "lacking.json").write_text(json.dumps(lacking))
    done = holdfast(*arguments, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert told in done.err and done.err.count("\n") == 1


def test_a_configuration_that_breaks_leaves_the_version_before_in_service(project: Path) -> None:
    with Running("dev", *ANY_PORT, folder=project) as dev:
        url = dev.ready()
        configure(project, vectorize=[{"binding": "B"}])
        dev.line("vectorize")
        assert get(url).text.startswith("hello")
        away = {"name": "COUNTER", "class_name": "Counter", "script_name": "another"}
        configure(project, durable_objects={"bindings": [away]})
        dev.line("name its project by --with")
        assert get(url).text.startswith("hello")
        unknown = {"bindings": [{"name": "COUNTER", "class_name": "Count"}]}
        configure(project, durable_objects=unknown)
        dev.line('"COUNTER" is to the class "Count", which the script does not export; .*: Counter')
        assert get(url).text.startswith("hello")
        configure(project, vars={"GREETING": "again"}, varz={})
        dev.line('note: .*"varz"')
        dev.line("site was reloaded")
        assert get(url).text.startswith("again")
