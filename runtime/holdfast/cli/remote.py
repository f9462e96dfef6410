"""`holdfast deploy` and `holdfast namespace …`: the API's client on the command line."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.api import ApiError, client
from holdfast.cli.arguments import TOKEN_VARIABLE
from holdfast.cli.console import complain
from holdfast.cli.options import named_values, script_name


def deploy(options: argparse.Namespace) -> int:
    """Upload a script and make it live."""

    def upload(connection: dict[str, Any]) -> None:
        name = script_name(options.script, options.name)
        result = client.deploy(
            options.script,
            name,
            bindings=_bindings(options),
            compatibility_date=options.compatibility_date,
            compatibility_flags=options.compatibility_flag,
            modules=options.module,
            **connection,
        )
        handlers = ", ".join(result.get("handlers") or []) or "none"
        print(f"{name} is live (handlers: {handlers}).")

    return _remotely(options, upload)


def create_namespace(options: argparse.Namespace) -> int:
    """Create a namespace; prints its id, for the bindings that need it."""

    def ask(connection: dict[str, Any]) -> None:
        namespace = client.create_namespace(
            options.name,
            script=options.script,
            class_name=options.class_name,
            use_sqlite=options.sqlite,
            **connection,
        )
        print(json.dumps(namespace, indent=2))

    return _remotely(options, ask)


def list_namespaces(options: argparse.Namespace) -> int:
    """Print the namespaces."""

    def ask(connection: dict[str, Any]) -> None:
        print(json.dumps(client.list_namespaces(**connection), indent=2))

    return _remotely(options, ask)


def _remotely(options: argparse.Namespace, ask: Callable[[dict[str, Any]], None]) -> int:
    """Talk to the API; whatever goes wrong becomes one line."""
    token = _token(options)
    if token is None:
        return complain(f"no token: give --token or set {TOKEN_VARIABLE}")
    connection = {"base_url": options.api_url, "token": token, "account": options.account}
    try:
        ask(connection)
    except ApiError as error:
        return complain(str(error))
    except FileNotFoundError as error:
        return complain(f"{error.filename} does not exist")
    except OSError as error:
        return complain(f"{options.api_url} does not answer: {error}; is `holdfast serve` running?")
    except ValueError as error:
        return complain(str(error))
    return 0


def _token(options: argparse.Namespace) -> str | None:
    if token := options.token or os.environ.get(TOKEN_VARIABLE):
        return str(token)
    try:
        token_file: Path = options.data / "api-token"
        return token_file.read_text().strip()
    except OSError:
        return None


def _bindings(options: argparse.Namespace) -> list[dict[str, Any]]:
    bindings: list[dict[str, Any]] = []
    for name, text in named_values(options.var, "--var"):
        bindings.append({"type": "plain_text", "name": name, "text": text})
    for name, text in named_values(options.secret, "--secret"):
        bindings.append({"type": "secret_text", "name": name, "text": text})
    for name, service in named_values(options.service, "--service"):
        bindings.append({"type": "service", "name": name, "service": service})
    for name, namespace_id in named_values(options.namespace_id, "--namespace-id"):
        bindings.append(
            {"type": "durable_object_namespace", "name": name, "namespace_id": namespace_id}
        )
    for name, target in named_values(options.object, "--object"):
        class_name, _, script = target.partition("@")
        binding = {"type": "durable_object_namespace", "name": name, "class_name": class_name}
        bindings.append(binding | ({"script_name": script} if script else {}))
    return bindings
