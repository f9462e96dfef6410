"""The files beside a configuration that set secrets for development.

They are those that Wrangler reads: `.dev.vars`, that of the environment in its place; where there
is neither, the `.env` files together, of which the later go before the earlier ones.

https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

from holdfast.catalog.bindings import Hyperdrive, RequestedBinding, StoreSecret


def secret_files(folder: Path, environment: str | None) -> tuple[Path, ...]:
    """All of them, be they there or not."""
    return (*_dev_vars(folder, environment), *_env_files(folder, environment))


def read_secrets(folder: Path, environment: str | None) -> Mapping[str, str]:
    """What they set, by name. Blocks; raises OSError and UnicodeDecodeError."""
    from dotenv import dotenv_values

    for path in _dev_vars(folder, environment):
        if path.is_file():
            return _texts(dotenv_values(path, interpolate=False))
    texts = (path.read_text("utf-8") for path in _env_files(folder, environment) if path.is_file())
    return _texts(dotenv_values(stream=StringIO("\n".join(texts))))


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


def _texts(values: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name: value or "" for name, value in values.items()}
