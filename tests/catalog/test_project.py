"""Wrangler's configuration files, as far as they are for Holdfast."""

import json
import re

import pytest

from holdfast.assets import AssetFolder
from holdfast.catalog.bindings import (
    AssetsBinding,
    Hyperdrive,
    Json,
    KeyValue,
    ObjectClass,
    PlainText,
    QueueProducer,
    RateLimit,
    SecretText,
    Service,
    StoreSecret,
)
from holdfast.catalog.project import read_project
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.catalog.project_files import find_project
from holdfast.engine.modules import ModuleKind

TOML = """
name = "shop"
main = "src/index.js"
compatibility_date = 2026-01-31
compatibility_flags = ["nodejs_compat"]

[vars]
GREETING = "hello"
LIMITS = { most = 3 }

[[durable_objects.bindings]]
name = "CART"
class_name = "Cart"

[[durable_objects.bindings]]
name = "OTHER"
class_name = "Stock"
script_name = "warehouse"

[[kv_namespaces]]
binding = "KV"
id = "abc"

[[services]]
binding = "MAIL"
service = "mailer"
entrypoint = "Sender"

[[migrations]]
tag = "v1"
new_classes = ["Old"]
new_sqlite_classes = ["Cart"]

[[migrations]]
tag = "v2"
renamed_classes = [{ from = "Old", to = "New" }]

[triggers]
crons = ["*/5 * * * *"]

[[rules]]
type = "Text"
globs = ["**/*.md"]

[env.staging]
vars = { GREETING = "hi" }

[env.live]
name = "shop-for-real"
compatibility_date = "2026-02-01"
"""


@pytest.fixture
def toml(tmp_path):
    file = tmp_path / "wrangler.toml"
    file.write_text(TOML)
    return file


def test_a_toml_file_is_read(toml):
    project = read_project(toml)
    assert (project.name, project.main) == ("shop", toml.parent / "src/index.js")
    assert project.compatibility_date == "2026-01-31"
    assert project.compatibility_flags == ("nodejs_compat",)
    assert project.crons == ("*/5 * * * *",)
    assert project.former_names("New") == ["Old"] and project.former_names("Cart") == []
    assert project.bindings == (
        PlainText("GREETING", "hello"),
        Json("LIMITS", json.dumps({"most": 3})),
        ObjectClass("CART", "Cart"),
        ObjectClass("OTHER", "Stock", "warehouse"),
        KeyValue("KV", "abc"),
        Service("MAIL", "mailer", "Sender"),
    )


def test_migrations_say_which_classes_have_sql(toml):
    project = read_project(toml)
    assert {name: project.uses_sqlite(name) for name in ("Cart", "Old", "New", "Unsaid")} == {
        "Cart": True,
        "Old": False,
        "New": False,
        "Unsaid": True,
    }


def test_exports_say_which_classes_have_sql(tmp_path):
    file = tmp_path / "wrangler.json"
    exports = {
        "New": {"type": "durable-object", "storage": "sqlite"},
        "Old": {"type": "durable-object", "storage": "legacy-kv"},
        "Gone": {"type": "durable-object", "state": "deleted"},
        "Door": {"type": "worker"},
    }
    file.write_text(json.dumps({"name": "a", "main": "a.js", "exports": exports}))
    project = read_project(file)
    assert (project.uses_sqlite("New"), project.uses_sqlite("Old")) == (True, False)
    assert (set(project.exports), project.notes) == ({"New", "Old", "Gone"}, ())


def test_a_class_may_get_its_first_name_back(tmp_path):
    file = tmp_path / "wrangler.toml"
    file.write_text(
        'name = "a"\nmain = "a.js"\n'
        '[[migrations]]\ntag = "v1"\nnew_classes = ["A"]\n'
        '[[migrations]]\ntag = "v2"\nrenamed_classes = [{ from = "A", to = "B" }]\n'
        '[[migrations]]\ntag = "v3"\nrenamed_classes = [{ from = "B", to = "A" }]\n'
    )
    assert not read_project(file).uses_sqlite("A")


def test_what_has_no_effect_is_told(tmp_path):
    file = tmp_path / "wrangler.toml"
    file.write_text(
        'name = "a"\nmain = "a.js"\nroutes = ["example.com/*"]\nobservability = {}\n'
        "durable_object = {}\n[vars]\nA = 1\n[env.live]\nvarz = {}\n"
    )
    [misspelt] = read_project(file).notes
    assert 'did you mean "durable_objects"?' in misspelt
    _, inner, vars_ = read_project(file, "live").notes
    assert '"env.live.varz"' in inner and '"env.live.vars" is missing' in vars_


def test_limits_and_schedules_of_workflows_are_read(tmp_path):
    file = tmp_path / "wrangler.toml"
    table = '[[workflows]]\nbinding = "W"\nname = "w"\nclass_name = "W"\n'
    start = f'name = "a"\nmain = "a.js"\n{table}'
    file.write_text(start + 'schedules = ["0 * * * *", "5 * * * *"]\nlimits = { steps = 20000 }\n')
    project = read_project(file)
    assert (project.max_steps("w"), project.max_steps("other")) == (20_000, None)
    assert [trigger.cron for trigger in project.workflows[0].triggers("a")] == [
        "0 * * * *",
        "5 * * * *",
    ]
    assert not project.notes
    file.write_text(start + 'schedules = "0 * * * *"')
    assert read_project(file).workflows[0].crons == ("0 * * * *",)
    for mistake in ("limits = { steps = 25001 }", "limits = { steps = 0 }", 'schedules = "hourly"'):
        file.write_text(start + mistake)
        with pytest.raises(ProjectInvalid, match='"workflows" has a mistake'):
            read_project(file)
    file.write_text(start + 'script_name = "b"\nlimits = { steps = 1 }')
    with pytest.raises(ProjectInvalid, match='a Workflow of the Worker "b"'):
        read_project(file)


@pytest.mark.parametrize(
    ("said", "routes"),
    [
        ("", None),
        ("routes = []", []),
        ('route = "example.com/*"', [("example.com/*", False)]),
        (
            'routes = ["a.example/x", { pattern = "B.example", custom_domain = true }]',
            [("a.example/x", False), ("b.example", True)],
        ),
        (
            'routes = [{ pattern = "*.a.example/*", zone_name = "a.example" }]',
            [("*.a.example/*", False)],
        ),
    ],
)
def test_routes_and_custom_domains_are_read(tmp_path, said, routes):
    file = tmp_path / "wrangler.toml"
    file.write_text(f'name = "a"\nmain = "a.js"\n{said}\n')
    found = read_project(file).routes
    assert routes == (found if found is None else [(one.pattern, one.is_domain) for one in found])


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ('route = "example.com/a*b"', '"route" has a mistake: "example.com/a*b" is no route'),
        ('routes = [{ pattern = "a.example/x", custom_domain = true }]', "is no custom domain"),
        ("routes = [1]", "neither a pattern nor has"),
        ("routes = 1", "must be a list"),
    ],
)
def test_a_mistake_in_a_route_is_told(tmp_path, said, mistake):
    file = tmp_path / "wrangler.toml"
    file.write_text(f'name = "a"\nmain = "a.js"\n{said}\n')
    with pytest.raises(ProjectInvalid, match=re.escape(mistake)):
        read_project(file)


def test_assets_are_read_with_how_they_are_served(tmp_path):
    file = tmp_path / "wrangler.toml"
    file.write_text(
        'name = "a"\nmain = "a.js"\n[assets]\ndirectory = "public"\nbinding = "FILES"\n'
        'html_handling = "none"\nrun_worker_first = ["/api/*"]\n'
    )
    project = read_project(file)
    assert project.assets.origin == AssetFolder(tmp_path.resolve() / "public")
    assert project.assets.config.fields() == {
        "html_handling": "none",
        "not_found_handling": "none",
        "run_worker_first": ["/api/*"],
    }
    assert project.bindings == (AssetsBinding("FILES"),)
    (note,) = project.notes
    assert "is no folder yet" in note
    (tmp_path / "public").mkdir()
    assert read_project(file).notes == ()
    assert read_project(file, without=("assets",)).assets is None


def test_when_objects_take_up_new_code_is_said(tmp_path):
    file = tmp_path / "wrangler.json"
    strategy = {"mode": "deferred", "max_delay": 60}
    fields = {"name": "a", "main": "a.mjs", "durable_objects": {"code_update_strategy": strategy}}
    file.write_text(json.dumps(fields))
    project = read_project(file)
    assert (project.code_update, project.notes) == (strategy, ())
    strategy["mode"] = "immediate"
    file.write_text(json.dumps(fields))
    with pytest.raises(ProjectInvalid, match=r'strategy" has a mistake: it\.max_delay'):
        read_project(file)


@pytest.mark.parametrize(
    ("assets", "told"),
    [
        ("{}", "is missing: it names the script"),
        ('{"binding": "A"}', '"assets.directory" is missing. Where a build adds it'),
        ('{"directory": ""}', '"assets.directory" must be a non-empty string'),
        ('{"directory": "x", "binding": "A"}', '"assets.binding" needs a script'),
        (
            '{"directory": "x", "run_worker_first": true}',
            '"assets.run_worker_first" needs a script',
        ),
        ('{"directory": "x", "html_handling": "odd"}', '"html_handling" must be one of'),
        ('{"directory": "x", "not_found_handling": 1}', '"not_found_handling" must be one of'),
        ('{"directory": "x", "run_worker_first": ["api"]}', "rules must start with '/' or '!/'"),
        ('{"directory": "x", "run_worker_first": 1}', "must be a boolean or a list of strings"),
    ],
)
def test_assets_that_make_no_sense_are_refused(tmp_path, assets, told):
    file = tmp_path / "wrangler.json"
    file.write_text(f'{{"name": "a", "assets": {assets}}}')
    with pytest.raises(ProjectInvalid, match=re.escape(told)):
        read_project(file)


def test_queues_are_bound_and_consumed(tmp_path):
    file = tmp_path / "wrangler.toml"
    producers = '[[queues.producers]]\nbinding = "JOBS"\nqueue = "jobs"\ndelivery_delay = 5\n'
    nameless = '[[queues.producers]]\nbinding = "MY_QUEUE"\n'
    consumers = '[[queues.consumers]]\nqueue = "jobs"\nmax_batch_timeout = 1.5\n'
    pulled = '[[queues.consumers]]\nqueue = "pulled"\ntype = "http_pull"\n'
    file.write_text('name = "a"\nmain = "a.js"\n' + producers + nameless + consumers + pulled)
    project = read_project(file)
    jobs, other = project.bindings
    assert (jobs, other.queue) == (QueueProducer("JOBS", "jobs", 5), "my-queue")
    [consumer] = project.consumers
    assert (consumer.queue, consumer.settings.max_wait_time_ms) == ("jobs", 1_500)
    assert consumer.settings.max_retries == 3


def test_tail_workers_are_those_of_the_environment(tmp_path):
    file = tmp_path / "wrangler.toml"
    tails = 'tail_consumers = [{service = "%s", environment = "x"}]\n'
    file.write_text('name = "a"\nmain = "a.js"\n' + tails % "t" + "[env.live]\n" + tails % "l")
    assert read_project(file).tail_consumers == ("t",)
    assert read_project(file, "live").tail_consumers == ("l",)


def test_what_is_lacking_is_told_together_and_can_be_left_out(tmp_path):
    file = tmp_path / "wrangler.toml"
    lacking = '[ai]\nbinding = "AI"\n[browser]\nbinding = "B"\n'
    file.write_text('name = "a"\nmain = "a.js"\n' + lacking + '[env.live]\nai = {binding = "AI"}')
    with pytest.raises(
        ProjectInvalid, match=r'"ai", "browser"; .* --without ai --without browser$'
    ):
        read_project(file)
    with pytest.raises(ProjectInvalid, match=r'"ai"'):
        read_project(file, "live", without=["browser"])
    assert read_project(file, "live", without=["browser", "ai"]).notes == ()


def test_what_a_build_writes_down_without_there_being_any_is_not_lacking(tmp_path):
    file = tmp_path / "wrangler.json"
    of_the_build = {"configPath": "/a", "userConfigPath": "/a", "topLevelName": "a"}
    empty = {"queues": {"producers": [], "consumers": []}, "logfwdr": {"bindings": []}}
    others = {"definedEnvironments": [], "connect": [], "agent_memory": [], "k2": []}
    file.write_text(json.dumps({"name": "a", "main": "a.js", **of_the_build, **empty, **others}))
    assert read_project(file).notes == ()
    file.write_text('{"name": "a", "main": "a.js", "logfwdr": {"bindings": [{"name": "L"}]}}')
    with pytest.raises(ProjectInvalid, match='does not have "logfwdr"'):
        read_project(file)


@pytest.mark.parametrize(
    ("dev", "expected"),
    [
        ("{}", (None, None)),
        ('{"port": 9000, "ip": "0.0.0.0"}', ("0.0.0.0", 9000)),
        ('{"ip": "*", "local_protocol": "http"}', ("::", None)),
    ],
)
def test_where_to_serve_it_for_development_is_told(tmp_path, dev, expected):
    file = tmp_path / "wrangler.json"
    file.write_text(f'{{"name": "a", "main": "a.js", "dev": {dev}, "env": {{"live": {{}}}}}}')
    for environment in (None, "live"):
        project = read_project(file, environment)
        assert (project.dev.ip, project.dev.port) == expected
        assert project.notes == ()


@pytest.mark.parametrize(
    ("dev", "reason"),
    [
        ("8000", '"dev" must be a table'),
        ('{"port": "8000"}', '"dev.port" must be a number from 0 to 65535'),
        ('{"port": 65536}', '"dev.port" must be a number from 0 to 65535'),
        ('{"port": true}', '"dev.port" must be a number from 0 to 65535'),
        ('{"ip": 7}', '"dev.ip" must be a non-empty string'),
    ],
)
def test_where_nobody_can_be_served_is_told(tmp_path, dev, reason):
    file = tmp_path / "wrangler.json"
    file.write_text(f'{{"name": "a", "main": "a.js", "dev": {dev}}}')
    with pytest.raises(ProjectInvalid, match=reason):
        read_project(file)


def test_rules_say_what_files_are(toml):
    project = read_project(toml)
    assert project.kind_of(toml.parent / "src/deep/page.md") is ModuleKind.TEXT
    assert project.kind_of(toml.parent / "page.md") is ModuleKind.TEXT
    assert project.kind_of(toml.parent / "page.html") is ModuleKind.TEXT
    assert project.kind_of(toml.parent / "page.js") is ModuleKind.ESM


def test_files_that_fit_a_rule_are_modules_where_that_is_asked_for(tmp_path):
    for name in ("src/a.js", "src/lang/en.js", "src/lang/deep/de.js", "src/x.md", "src/.x/y.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    file = tmp_path / "wrangler.json"
    rules = [{"type": "ESModule", "globs": ["./lang/**/*.js"]}]
    fields = {"name": "a", "main": "src/a.js", "rules": rules}

    def modules(**more):
        file.write_text(json.dumps(fields | more))
        project = read_project(file)
        assert project.notes == ()
        return {module.name for module in project.source().modules}

    assert modules() == {"src/a.js"}
    assert modules(no_bundle=True, find_additional_modules=False) == {"src/a.js"}
    found = {"src/a.js", "src/lang/en.js", "src/lang/deep/de.js"}
    assert modules(no_bundle=True) == modules(find_additional_modules=True) == found
    fields["rules"] = [{"type": "ESModule", "globs": ["*/*.js"]}]
    assert modules(find_additional_modules=True, base_dir=".") == {"src/a.js"}
    fields["rules"] = [{"type": "ESModule", "globs": ["**/*.js"]}]
    assert modules(find_additional_modules=True, base_dir="src") == found


def test_what_additional_modules_are_is_told_from_their_folder(tmp_path):
    file = tmp_path / "wrangler.json"
    rules = [{"type": "CommonJS", "globs": ["deep/a.js", "./b.js"]}]
    fields = {"name": "a", "main": "src/main.js", "no_bundle": True, "rules": rules}
    file.write_text(json.dumps(fields))
    kind_of = read_project(file).kind_of
    assert kind_of(tmp_path / "src/deep/a.js") is kind_of(tmp_path / "src/b.js")
    assert kind_of(tmp_path / "src/b.js") is ModuleKind.COMMONJS
    assert kind_of(tmp_path / "src/c.js") is ModuleKind.ESM


def test_the_cpu_time_of_a_turn_may_be_said(tmp_path):
    file = tmp_path / "wrangler.toml"
    text = 'name = "w"\nmain = "w.mjs"\n'
    file.write_text(text + "limits = { cpu_ms = 50 }")
    assert read_project(file).cpu_ms == 50
    file.write_text(text + 'limits = { cpu_ms = "50" }')
    with pytest.raises(ProjectInvalid, match=r"limits\.cpu_ms must be a positive integer"):
        read_project(file)


def test_rate_limits_may_be_told_as_they_were_at_first(tmp_path):
    file = tmp_path / "wrangler.json"
    limit = {"name": "L", "type": "ratelimit", "namespace_id": "1"}
    limit["simple"] = {"limit": 2, "period": 60}
    unsafe = {"unsafe": {"bindings": [limit]}}
    file.write_text(json.dumps({"name": "a", "main": "a.js", **unsafe}))
    project = read_project(file)
    assert (project.bindings, project.notes) == ((RateLimit("L", "1", 2, 60),), ())
    limit["type"] = "odd"
    file.write_text(json.dumps({"name": "a", "main": "a.js", **unsafe}))
    with pytest.raises(ProjectInvalid, match="has no binding of type 'odd'"):
        read_project(file)
    assert read_project(file, without=["unsafe"]).bindings == ()


def test_a_name_may_be_left_to_the_command_line(tmp_path):
    file = tmp_path / "wrangler.toml"
    file.write_text('main = "a.js"\n[env.live]\n')
    assert read_project(file, default_name="worker").name == "worker"
    assert read_project(file, "live", default_name="worker").name == "worker-live"


def test_an_environment_has_a_name_and_bindings_of_its_own(toml):
    staging, live = read_project(toml, "staging"), read_project(toml, "live")
    assert (staging.name, live.name) == ("shop-staging", "shop-for-real")
    assert staging.bindings == (PlainText("GREETING", "hi"),)
    assert live.bindings == ()
    assert (staging.compatibility_date, live.compatibility_date) == ("2026-01-31", "2026-02-01")
    with pytest.raises(ProjectInvalid, match="staging, live"):
        read_project(toml, "nowhere")


@pytest.mark.parametrize("name", ["wrangler.jsonc", "wrangler.json"])
def test_json_may_have_comments(tmp_path, name):
    file = tmp_path / name
    file.write_text('{ // a comment\n "name": "a", /* more */ "main": "m.js", "vars": {"A": 1,}, }')
    assert find_project(tmp_path) == file
    assert read_project(file).bindings == (Json("A", "1"),)


def test_secrets_come_from_a_file_beside_it_for_development_alone(toml):
    (toml.parent / ".dev.vars").write_text('TOKEN="s3cret"\nGREETING=changed\n')
    (toml.parent / ".dev.vars.staging").write_text("TOKEN=other\n")
    assert SecretText("TOKEN", "s3cret") not in read_project(toml).bindings
    bindings = read_project(toml, with_secrets=True).bindings
    assert SecretText("TOKEN", "s3cret") in bindings
    assert SecretText("GREETING", "changed") in bindings
    assert PlainText("GREETING", "hello") not in bindings
    assert SecretText("TOKEN", "other") in read_project(toml, "staging", with_secrets=True).bindings


def test_secrets_for_development_reach_stores_and_databases(tmp_path, monkeypatch):
    variable = "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_"
    monkeypatch.setenv(f"{variable}BY_SHELL", "postgres://shell/a")
    file = tmp_path / "wrangler.json"
    databases = [
        {"binding": name, "id": "1", "localConnectionString": "postgres://file/a"}
        for name in ("BY_FILE", "BY_SHELL", "BY_VARS")
    ]
    stored = [
        {"binding": name, "store_id": "s", "secret_name": secret}
        for name, secret in (("KEY", "API_KEY"), ("SAME", "SAME"), ("NONE", "NOBODY"))
    ]
    fields = {"name": "x", "main": "x.mjs", "hyperdrive": databases}
    file.write_text(json.dumps({**fields, "secrets_store_secrets": stored}))
    (tmp_path / ".dev.vars").write_text(f"API_KEY=a\nSAME=b\n{variable}BY_VARS=postgres://vars/a\n")
    read = {b.name: b for b in read_project(file, with_secrets=True).bindings}
    assert [read[one["binding"]].connection_string for one in databases] == [
        "postgres://file/a",
        "postgres://shell/a",
        "postgres://vars/a",
    ]
    assert [read[one["binding"]].text for one in stored] == ["a", "b", None]
    uploaded = {b.name: b for b in read_project(file).bindings}
    assert uploaded["BY_SHELL"] == Hyperdrive("BY_SHELL", "1")
    assert uploaded["KEY"] == StoreSecret("KEY", "s", "API_KEY")


def test_env_files_are_read_together_where_there_are_no_dev_vars(toml):
    def secrets(environment=None):
        bindings = read_project(toml, environment, with_secrets=True).bindings
        return {found.name: found.text for found in bindings if isinstance(found, SecretText)}

    for name, text in {
        ".env": "A=env\nB=env\nC=env\nD=env\n",
        ".env.local": "B=local\nC=local\nURL=http://${A}/",
        ".env.staging": "C=staging\nD=staging",
        ".env.staging.local": "D=both\n",
    }.items():
        (toml.parent / name).write_text(text)
    assert secrets() == {"A": "env", "B": "local", "C": "local", "D": "env", "URL": "http://env/"}
    assert secrets("staging").items() >= {"B": "local", "C": "staging", "D": "both"}.items()
    (toml.parent / ".dev.vars").write_text("A=${B}\n")
    assert secrets() == {"A": "${B}"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "wrangler.toml"),
        ('name = "a"', '"main" is missing: it names the script'),
        (
            'name = "a"\npages_build_output_dir = "dist"',
            '"main" is missing, and Holdfast has no Pages',
        ),
        ('name = "a"\n[site]\nbucket = "."', '"main" is missing, which a "site" needs'),
        ('name = "a"\nmain = ""', '"main" must be'),
        ('name = "a"\nmain = "a.js"\nexports = {A = 1}', '"exports.A"'),
        (
            'name = "a"\nmain = "a.js"\nexports = {F = {type = "workflow", name = "f"}}',
            '"exports.F" is a Workflow',
        ),
        ('main = "a.js"', "--name"),
        ('name = "A b"\nmain = "a.js"', "no script's name"),
        ('name = "a"\nmain = "a.js"\nvars = 1', '"vars"'),
        ('name = "a"\nmain = "a.js"\nbuild = "x"', '"build"'),
        ('name = "a"\nmain = "a.js"\nmigrations = [{new_classes = "A"}]', "migrations.new_classes"),
        ('name = "a"\nmain = "a.js"\nrules = [{type = "Text", globs = 1}]', '"rules"'),
        ('name = "a"\nmain = "a.js"\nvectorize = [{binding = "B"}]', "vectorize"),
        (
            'name = "a"\nmain = "a.js"\nkv_namespaces = [{id = "x"}]',
            '"kv_namespaces" must have "binding"',
        ),
        ('name = "a"\nmain = "a.js"\nservices = [{service = "x"}]', '"services" must have'),
        ('name = "a"\nmain = "a.js"\ntail_consumers = ["x"]', 'with "service", the name'),
        (
            'name = "a"\nmain = "a.js"\nstreaming_tail_consumers = [{service = "x"}]',
            "--without streaming_tail_consumers",
        ),
        ('name = "a"\nmain = "a.js"\nkv_namespaces = "x"', '"kv_namespaces"'),
        ('name = "a"\nmain = "a.js"\nrules = [{type = "Rust"}]', '"rules"'),
        ('name = "a"\nmain = "a.js"\ncompatibility_flags = "x"', '"compatibility_flags"'),
        ('name = "a"\nmain = "a.js"\ncompatibility_flags = ["x"]', "No such compatibility flag: x"),
        ('name = "a"\nmain = "a.js"\ncompatibility_date = "2026-1-1"', "such as 2026-01-31"),
        ('name = "a"\nmain = "a.js"\ncompatibility_date = ""', "such as 2026-01-31"),
        ('name = "a"\nmain = "dist/a.js"\nbuild = {command = "npm run b"}', "npm run b"),
        (
            'name = "a"\nmain = "a.js"\ndurable_objects = {bindings = [{name = "A"}]}',
            "class_name",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_and_field(tmp_path, text, told):
    file = tmp_path / "wrangler.toml"
    file.write_text(text)
    with pytest.raises(ProjectInvalid) as caught:
        read_project(file)
    assert told in str(caught.value) and str(file) in str(caught.value)


def test_where_json_is_wrong_is_told(tmp_path):
    file = tmp_path / "wrangler.jsonc"
    file.write_text('{\n  "name": "a",\n  "main" "a.js"\n}')
    with pytest.raises(ProjectInvalid, match=r"wrangler\.jsonc: line 3, column 10: Expecting"):
        read_project(file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"name": "caf\xe9"}', r"wrangler\.json is not in UTF-8 \(line 1\)"),
        ('{"name": "a"}'.encode("utf-16"), r"wrangler\.json is in UTF-16"),
    ],
)
def test_what_is_no_text_is_told_with_its_file(tmp_path, content, told):
    file = tmp_path / "wrangler.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_project(file)


def test_a_byte_order_mark_belongs_to_no_name(tmp_path):
    file = tmp_path / "wrangler.json"
    file.write_text('{"name": "a", "main": "a.js"}', "utf-8-sig")
    (tmp_path / ".dev.vars").write_text("TOKEN=a", "utf-8-sig")
    assert read_project(file, with_secrets=True).bindings == (SecretText("TOKEN", "a"),)


def test_lines_without_a_secret_and_fields_that_nobody_has_are_noted(toml):
    (toml.parent / ".dev.vars").write_text("TOKEN\n")
    notes = read_project(toml, with_secrets=True, without=["vras"]).notes
    assert f"{toml.parent / '.dev.vars'}: line 1 is no NAME=VALUE, and is left out" in notes
    assert any("vras" in note and 'did you mean "vars"?' in note for note in notes)


def test_what_is_no_object_is_told(tmp_path):
    file = tmp_path / "wrangler.json"
    file.write_text("[1]")
    with pytest.raises(ProjectInvalid, match="object"):
        read_project(file)
