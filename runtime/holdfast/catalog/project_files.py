"""Where a project's Wrangler configuration is, and what is written in it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from holdfast.catalog import jsonc
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.catalog.text_file import read_text

FILE_NAMES = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")  # as Wrangler prefers them
# Where a build, such as Vite's, says which configuration it has written.
# https://developers.cloudflare.com/workers/wrangler/configuration/#generated-wrangler-configuration
REDIRECTION = Path(".wrangler", "deploy", "config.json")


def find_project(folder: Path) -> Path | None:
    """The configuration file in a folder, or that of its build, if there is one. Blocks.

    Raises ProjectInvalid, where the build is to blame.
    """
    redirection = folder / REDIRECTION
    if not redirection.is_file():
        return next((path for name in FILE_NAMES if (path := folder / name).is_file()), None)
    named = parse_project(redirection).get("configPath")
    if not isinstance(named, str):
        raise ProjectInvalid(f'{redirection}: "configPath" must be a string')
    built = (redirection.parent / named).resolve()
    if not built.is_file():
        raise ProjectInvalid(f'{redirection}: "configPath" is {built}, which is no file: build it')
    if environments := parse_project(built).get("env"):
        raise ProjectInvalid(
            f"{built} has environments ({', '.join(environments)}), which a configuration that a "
            "build writes must not have: tell the authors of the tool that has written it"
        )
    return built


def nearest_project_folder(folder: Path) -> Path:
    """This folder, or the nearest above it that has a project; this one where none has. Blocks."""
    for candidate in (folder, *folder.absolute().parents):
        with suppress(OSError):  # nobody may look there
            if any((candidate / name).is_file() for name in (*FILE_NAMES, REDIRECTION)):
                return candidate
    return folder


def is_project_file(path: Path) -> bool:
    """Whether a path names a configuration and not a script."""
    return path.suffix in (".toml", ".jsonc", ".json")


def parse_project(file: Path) -> Mapping[str, Any]:
    """The fields of a configuration. Blocks; raises ProjectInvalid, and OSError."""
    text = read_text(file)
    try:
        fields = _parse_toml(text) if file.suffix == ".toml" else jsonc.loads(text)
    except ValueError as error:
        raise ProjectInvalid(f"{file}: {error}") from error
    if not isinstance(fields, Mapping):
        raise ProjectInvalid(f"{file}: the file must hold one object")
    return fields


def _parse_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)
