"""The files beside a configuration that set secrets for development.

They are those that Wrangler reads: `.dev.vars`, that of the environment in its place; where there
is neither, the `.env` files together, of which the later go before the earlier ones.

https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
"""

import os
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from holdfast.catalog.bindings import Hyperdrive, RequestedBinding, StoreSecret
from holdfast.catalog.text_file import read_text
from holdfast.dataclass import dataclass


def secret_files(folder: Path, environment: str | None) -> tuple[Path, ...]:
    """All of them, be they there or not."""
    return (*_dev_vars(folder, environment), *_env_files(folder, environment))


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the files set, by name; and what to say of lines that set nothing."""

    values: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_secrets(folder: Path, environment: str | None) -> Secrets:
    """What they set. Blocks; raises OSError, and ValueError for a file that is not in UTF-8."""
    chosen = [path for path in _dev_vars(folder, environment) if path.is_file()][:1]
    files = chosen or [path for path in _env_files(folder, environment) if path.is_file()]
    if not files:
        return Secrets()
    from holdfast.catalog.env_file import expanded, parse_env_file

    values: dict[str, str] = {}
    notes: list[str] = []
    for path in files:
        found = parse_env_file(read_text(path))
        values |= found.values
        notes += [
            f"{path}: line {number} is no NAME=VALUE, and is left out" for number in found.mistakes
        ]
    if not chosen:
        values = {**expanded(values)}
    return Secrets(values, tuple(notes))


def for_development(
    binding: RequestedBinding, secrets: Mapping[str, str], databases: Mapping[str, str | None]
) -> RequestedBinding:
    """The binding with what is secret of it.

    `databases` are the connection strings that the configuration has for bindings of Hyperdrive;
    the files go before it, and the shell's variables before both.
    https://developers.cloudflare.com/hyperdrive/configuration/local-development/
    """
    match binding:
        case StoreSecret(secret_name=name):
            return replace(binding, text=secrets.get(name))
        case Hyperdrive(name, variable=variable):
            told = os.environ.get(variable, secrets.get(variable, databases.get(name)))
            return replace(binding, connection_string=told)
    return binding


def _dev_vars(folder: Path, environment: str | None) -> list[Path]:
    names = [".dev.vars"] if environment is None else [f".dev.vars.{environment}", ".dev.vars"]
    return [folder / name for name in names]


def _env_files(folder: Path, environment: str | None) -> list[Path]:
    names = [".env", ".env.local"]
    if environment is not None:
        names += [f".env.{environment}", f".env.{environment}.local"]
    return [folder / name for name in names]
