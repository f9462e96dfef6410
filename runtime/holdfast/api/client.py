"""The API from Python: the documentation's curl commands as functions.

Every function takes where to and as whom as keywords: `base_url` ("http://host:port",
with or without "/client/v4"), `token`, and `account`, which a Holdfast does not
look at. All of them block, and raise `ApiError` when the API says no and OSError
when nobody answers.
"""

import json
import urllib.parse
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.api.asset_client import upload_assets
from holdfast.api.multipart import OutgoingPart, encode_form
from holdfast.api.queue_client import make_queues, put_consumers
from holdfast.api.session import DEFAULT_ACCOUNT, Session
from holdfast.catalog.declared_routes import DeclaredRoute
from holdfast.catalog.node_compat import has_node
from holdfast.catalog.project import Project, read_project
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.catalog.script import Syntax
from holdfast.catalog.source import Source, read_source
from holdfast.catalog.workflows import DeclaredWorkflow
from holdfast.engine.modules import Module, ModuleKind


def deploy(
    script: Path | str,
    name: str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
    bindings: Iterable[Mapping[str, Any]] = (),
    compatibility_date: str | None = None,
    compatibility_flags: Sequence[str] = (),
    modules: Iterable[Path | str] = (),
    syntax: Syntax | None = None,
    metadata: Mapping[str, Any] | None = None,
    with_sql: bool = False,
) -> dict[str, Any]:
    """Upload the script at a path, with what it imports, and make it live as `name`.

    `bindings` are as in the upload's metadata: {"type": "plain_text", "name": …,
    "text": …}. `modules` are files that are imported in a way that the text does
    not show. The `syntax` is told by the file when it is not given; `metadata` adds
    to what is sent. `with_sql` has classes of the script that are bound for the first time be
    backed by SQLite. Returns the API's result: id, etag, handlers, ….

    Raises OSError for a file that cannot be read, besides what all of them raise.
    """
    with_node = has_node(compatibility_date, compatibility_flags)
    source = read_source(Path(script), [Path(other) for other in modules], with_node=with_node)
    session = Session(base_url, token, account)
    fields = _fields(bindings, compatibility_date, compatibility_flags, metadata or {})
    if with_sql:
        fields |= _with_sql(session, name, fields["bindings"])
    source = source if syntax is None else replace(source, syntax=syntax)
    return _deploy(session, name, source, fields)


def deploy_project(
    file: Path | str,
    name: str | None = None,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
    environment: str | None = None,
    without: Collection[str] = (),
    bindings: Iterable[Mapping[str, Any]] = (),
    compatibility_date: str | None = None,
    compatibility_flags: Sequence[str] = (),
    modules: Iterable[Path | str] = (),
) -> dict[str, Any]:
    """Upload the script that a Wrangler configuration describes, and make it live.

    What is given besides goes before what the file says, whose fields `without` are left out. The
    script's cron triggers, and the queues that it consumes, are those of the file, and none where
    it has none; so are its routes and custom domains, where the file says anything of them. Queues
    and static assets that the server lacks are made, and uploaded, first. Returns what `deploy`
    returns.
    Raises ProjectInvalid, and OSError for a file that cannot be read, besides what all raise.
    """
    project = read_project(Path(file), environment, default_name=name, without=without)
    if project.site is not None:
        raise ProjectInvalid(f'{file}: a project with a "site" is uploaded by `wrangler deploy`')
    source = project.source(
        [Path(other) for other in modules], compatibility_date, compatibility_flags
    )
    given = {binding["name"] for binding in bindings}
    kept = [entry for entry in project.entries if entry["name"] not in given]
    fields = _fields(
        [*kept, *bindings],
        compatibility_date or project.compatibility_date,
        compatibility_flags or project.compatibility_flags,
        {} if project.cpu_ms is None else {"limits": {"cpu_ms": project.cpu_ms}},
    )
    if project.code_update is not None:
        fields["code_update_strategy"] = project.code_update
    if project.tail_consumers:
        fields["tail_consumers"] = [{"service": consumer} for consumer in project.tail_consumers]
    session = Session(base_url, token, account)
    script = name or project.name
    path = _script_path(script)
    if project.exports:
        fields["exports"] = project.exports
    elif project.migrations:
        migrations = _migrations(project, _migration_tag(session, script))
        fields.update({"migrations": migrations} if migrations else {})
    else:
        fields |= _with_sql(session, script, fields["bindings"])
    if project.assets is not None:
        fields["assets"] = upload_assets(session, path, project.assets)
    producers = [entry["queue_name"] for entry in kept if entry["type"] == "queue"]
    make_queues(session, [*producers, *(consumer.queue for consumer in project.consumers)])
    result = _deploy(session, script, source, fields)
    session.send_json("PUT", f"{path}/schedules", [{"cron": cron} for cron in project.crons])
    session.send_json("POST", f"{path}/subdomain", {"previews_enabled": project.previews})
    if project.routes is not None:
        _put_routes(session, script, project.routes)
    put_consumers(session, script, project.consumers)
    for workflow in project.workflows:
        _put_workflow(session, script, workflow)
    return result


def _put_workflow(session: Session, script: str, workflow: DeclaredWorkflow) -> None:
    fields: dict[str, Any] = {"script_name": script, "class_name": workflow.class_name}
    if workflow.steps is not None:
        fields["limits"] = {"steps": workflow.steps}
    fields["schedules"] = [{"cron": cron} for cron in workflow.crons]
    session.send_json("PUT", f"/workflows/{workflow.name}", fields)


def _put_routes(session: Session, name: str, routes: Sequence[DeclaredRoute]) -> None:
    patterns = [{"pattern": route.pattern} for route in routes if not route.is_domain]
    origins = [{"hostname": route.pattern} for route in routes if route.is_domain]
    path = _script_path(name)
    session.send_json("PUT", f"{path}/routes", patterns)
    session.send_json("PUT", f"{path}/domains/records", {"origins": origins})


def _migration_tag(session: Session, name: str) -> str | None:
    """The last migration that the live version of a script has taken."""
    for listed in session.send("GET", "/workers/scripts")["result"]:
        if listed["id"] == name:
            tag: str | None = listed.get("migration_tag")
            return tag
    return None


def _migrations(project: Project, tag: str | None) -> dict[str, Any] | None:
    """The steps that are new to the server, which are all where it does not have a known tag."""
    tags = [step.get("tag") for step in project.migrations]
    new = project.migrations[tags.index(tag) + 1 :] if tag in tags else project.migrations
    if not new:
        return None
    steps = [{k: v for k, v in step.items() if k != "tag"} for step in new]
    start = {} if tag is None else {"old_tag": tag}
    return {**start, "new_tag": tags[-1], "steps": steps}


def _with_sql(session: Session, name: str, bindings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The migration that makes a script's own classes, where they are bound for the first time."""
    bound = {
        binding["class_name"]
        for binding in bindings
        if binding["type"] == "durable_object_namespace"
        and "class_name" in binding
        and binding.get("script_name", name) == name
    }
    if not bound:
        return {}
    namespaces = session.send_paged(_NAMESPACES)
    known = {namespace["class"] for namespace in namespaces if namespace["script"] == name}
    if not (new := sorted(bound - known)):
        return {}
    tag = _migration_tag(session, name)
    return {"migrations": ({} if tag is None else {"old_tag": tag}) | {"new_sqlite_classes": new}}


def _fields(
    bindings: Iterable[Mapping[str, Any]],
    compatibility_date: str | None,
    compatibility_flags: Sequence[str],
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """The metadata of an upload, but for its main module."""
    fields: dict[str, Any] = {"bindings": [dict(binding) for binding in bindings]}
    if compatibility_date is not None:
        fields["compatibility_date"] = compatibility_date
    if compatibility_flags:
        fields["compatibility_flags"] = list(compatibility_flags)
    fields.update(metadata)
    return fields


def _deploy(
    session: Session,
    name: str,
    source: Source,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    contents = _modules_to_send(source)
    if contents:
        main = "main_module" if source.syntax is Syntax.MODULES else "body_part"
        fields = {main: contents[0].name, **fields}
    content_type, body = encode_form(
        [
            OutgoingPart("metadata", "application/json", json.dumps(fields).encode()),
            *(OutgoingPart.of_module(module) for module in contents),
        ]
    )
    result: dict[str, Any] = session.send("PUT", _script_path(name), body, content_type)["result"]
    return result


def list_scripts(
    *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """All scripts, by name."""
    session = Session(base_url, token, account)
    result: list[dict[str, Any]] = session.send("GET", "/workers/scripts")["result"]
    return result


def list_secrets(
    script: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[str]:
    """The names of a script's secrets."""
    session = Session(base_url, token, account)
    listed = session.send("GET", f"{_script_path(script)}/secrets")["result"]
    return [secret["name"] for secret in listed]


def delete_script(
    name: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT, force: bool = False
) -> None:
    """Delete a script; `force` also where others use it or its objects hold data."""
    query = "?force=true" if force else ""
    Session(base_url, token, account).send("DELETE", _script_path(name) + query)


def create_namespace(
    name: str,
    script: str,
    class_name: str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
    use_sqlite: bool = False,
) -> dict[str, Any]:
    """Create the Durable Object namespace of a class; returns its id, name, script and class."""
    fields = {"name": name, "script": script, "class": class_name, "use_sqlite": use_sqlite}
    session = Session(base_url, token, account)
    result: dict[str, Any] = session.send_json("POST", _NAMESPACES, fields)
    return result


def list_namespaces(
    *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """All Durable Object namespaces."""
    return Session(base_url, token, account).send_paged(_NAMESPACES)


def list_objects(
    namespace_id: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """All objects of a namespace: {"id": 64 hex digits, "hasStoredData": bool}."""
    path = f"{_NAMESPACES}/{urllib.parse.quote(namespace_id, safe='')}/objects"
    return Session(base_url, token, account).send_paged(path)


_NAMESPACES = "/workers/durable_objects/namespaces"


def _script_path(name: str) -> str:
    return f"/workers/scripts/{urllib.parse.quote(name, safe='')}"


def _modules_to_send(source: Source) -> tuple[Module, ...]:
    """The script's modules, the main one first and of the kind that its syntax asks for.

    None, where there are assets alone.
    """
    if not source.modules:
        return ()
    main, *rest = source.modules
    if source.syntax is Syntax.SERVICE_WORKER:
        bound = (module for module in rest if module.kind is ModuleKind.WASM)
        return (Module(main.name, ModuleKind.COMMONJS, main.content), *bound)
    return (Module(main.name, ModuleKind.ESM, main.content), *rest)
