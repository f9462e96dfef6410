"""`holdfast deploy` and `holdfast namespace …`: the API's client on the command line."""

import argparse
import http.client
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from holdfast.api import ApiError, client
from holdfast.api.asset_client import mistakes_in
from holdfast.catalog.files import with_way_out
from holdfast.catalog.project import Project, read_project
from holdfast.catalog.project_secrets import read_secrets
from holdfast.cli.console import complain, remark
from holdfast.cli.project_file import project_of
from holdfast.cli.script_file import name_of, unreadable
from holdfast.cli.where import TOKEN_FILE, TOKEN_VARIABLE

_OBJECT_CLASS = re.compile(
    r"^\s*export\s+class\s+(\w+)\s*(?:\{|extends\s+DurableObject\b)", re.MULTILINE
)


def deploy(options: argparse.Namespace) -> int:
    """Upload a script and make it live."""

    def upload(connection: dict[str, Any]) -> str:
        given = {
            "bindings": _bindings(options),
            "compatibility_date": options.compatibility_date,
            "compatibility_flags": options.compatibility_flag,
            "modules": options.module,
            **connection,
        }
        file = project_of(options)
        if file is None:
            name = options.name or name_of(options.script)
            result = client.deploy(options.script, name, with_sql=True, **given)
            remark(_unbound_classes(options, name, connection))
        else:
            project = read_project(
                file, options.env, default_name=options.name, without=options.without
            )
            remark(project.notes)
            if project.assets is not None:
                remark([*mistakes_in(project.assets)])
            result = client.deploy_project(
                file, options.name, environment=options.env, without=options.without, **given
            )
            local = read_secrets(file.parent, options.env).values
            remark(_unset_secrets(local, project, result["id"], connection))
        name = result["id"]
        handlers = ", ".join(result.get("handlers") or []) or "none"
        return f"{name} is live (handlers: {handlers})."

    return remotely(options, upload)


def _unbound_classes(
    options: argparse.Namespace, name: str, connection: dict[str, Any]
) -> list[str]:
    """What to say of classes for Durable Objects that nothing leads to, as in `dev` and `run`."""
    bound = {target.partition("@")[0] for _, target in options.object}
    classes = {*_OBJECT_CLASS.findall(options.script.read_text("utf-8"))} - bound
    if classes:
        known = client.list_namespaces(**connection)
        classes -= {namespace["class"] for namespace in known if namespace["script"] == name}
    return [
        f"the class {one} is not bound, as it would be in dev and run: --object {one}={one} does it"
        for one in sorted(classes)
    ]


def _unset_secrets(
    local: Mapping[str, str], project: Project, name: str, connection: dict[str, Any]
) -> list[str]:
    """What to say of secrets that are set for development and that the server does not have."""
    if not local:
        return []
    known = client.list_secrets(name, **connection)
    bound = {entry["name"] for entry in project.entries}
    unset = [secret for secret in local if secret not in known and secret not in bound]
    return [
        f"{secret} is set for development alone, and is not uploaded: --secret {secret}=… sets it"
        for secret in unset
    ]


def create_namespace(options: argparse.Namespace) -> int:
    """Create a namespace; prints its id, for the bindings that need it."""

    def ask(connection: dict[str, Any]) -> str:
        namespace = client.create_namespace(
            options.name,
            script=options.script,
            class_name=options.class_name,
            use_sqlite=options.sqlite,
            **connection,
        )
        return json.dumps(namespace, indent=2)

    return remotely(options, ask)


def list_namespaces(options: argparse.Namespace) -> int:
    """Print the namespaces."""

    def ask(connection: dict[str, Any]) -> str:
        return json.dumps(client.list_namespaces(**connection), indent=2)

    return remotely(options, ask)


def remotely(options: argparse.Namespace, ask: Callable[[dict[str, Any]], str]) -> int:
    """Talk to the API; whatever goes wrong becomes one line."""
    token = _token(options)
    if token is None:
        return complain(
            f"there is no token: give --token, set {TOKEN_VARIABLE}, or name the data folder "
            f"of `holdfast serve` with --data ({options.data / TOKEN_FILE} cannot be read)"
        )
    connection = {"base_url": options.api_url, "token": token, "account": options.account}
    try:
        told = ask(connection)
    except ApiError as error:
        return complain(_refusal(error))
    except http.client.InvalidURL as error:
        return complain(f"--api-url {options.api_url!r} is no URL: {error}")
    except http.client.IncompleteRead:
        return complain(f"the answer of {options.api_url} was cut off: the server's log tells why")
    except http.client.HTTPException as error:
        return complain(f"{options.api_url} is no Holdfast API: {error!r}; see --api-url")
    except OSError as error:
        return complain(_trouble(error, options))
    except ValueError as error:
        return complain(error)
    print(told)
    return 0


def _refusal(error: ApiError) -> str:
    hint = "; is the token that of this server?" if error.status in (401, 403) else ""
    reasons = "; ".join(f"{with_way_out(reason)} [code: {code}]" for code, reason in error.errors)
    return f"{reasons or error}{hint}"


def _trouble(error: OSError, options: argparse.Namespace) -> str:
    """What is wrong: with the connection, or with a file that was to be sent."""
    if error.filename is not None:
        return unreadable(error, Path(error.filename))
    reason = getattr(error, "reason", None) or error.strerror or error
    reason = reason.strerror or reason if isinstance(reason, OSError) else reason
    return (
        f"{options.api_url} does not answer ({reason}); "
        "is `holdfast serve` running there? See --api-url"
    )


def _token(options: argparse.Namespace) -> str | None:
    if given := (options.token or os.environ.get(TOKEN_VARIABLE) or "").strip():
        return str(given)
    try:
        token_file: Path = options.data / TOKEN_FILE
        return token_file.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _bindings(options: argparse.Namespace) -> list[dict[str, Any]]:
    bindings: list[dict[str, Any]] = []
    for name, text in options.var:
        bindings.append({"type": "plain_text", "name": name, "text": text})
    for name, text in options.secret:
        bindings.append({"type": "secret_text", "name": name, "text": text})
    for name, service in options.service:
        bindings.append({"type": "service", "name": name, "service": service})
    for name, namespace_id in options.namespace_id:
        bindings.append(
            {"type": "durable_object_namespace", "name": name, "namespace_id": namespace_id}
        )
    for name, target in options.object:
        class_name, _, script = target.partition("@")
        binding = {"type": "durable_object_namespace", "name": name, "class_name": class_name}
        bindings.append(binding | ({"script_name": script} if script else {}))
    return bindings
