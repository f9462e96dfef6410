"""From the parts of a form to the modules of a script."""

import json
from collections.abc import Sequence
from dataclasses import replace

from holdfast.api.body import too_large
from holdfast.api.form import Part
from holdfast.api.metadata import KNOWN_FIELDS, Metadata, parse_metadata
from holdfast.catalog import Syntax
from holdfast.catalog.bindings import RequestedBinding, WasmModule
from holdfast.catalog.errors import rejected
from holdfast.catalog.json_values import is_well_formed
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind
from holdfast.meant import meant

METADATA = "metadata"
SOURCE_MAP = "application/source-map"

# https://developers.cloudflare.com/api/resources/workers/subresources/scripts/methods/update/
CONTENT_TYPES = {
    "application/javascript+module": ModuleKind.ESM,
    "text/javascript+module": ModuleKind.ESM,
    "application/javascript": ModuleKind.COMMONJS,
    "text/javascript": ModuleKind.COMMONJS,
    "application/x-javascript": ModuleKind.COMMONJS,
    "application/json": ModuleKind.JSON,
    "text/plain": ModuleKind.TEXT,
    "text/html": ModuleKind.TEXT,
    "application/octet-stream": ModuleKind.DATA,
    "application/wasm": ModuleKind.WASM,
}

_RESERVED_PREFIXES = ("holdfast:", "cloudflare:")
_TEXT_KINDS = (ModuleKind.ESM, ModuleKind.COMMONJS, ModuleKind.JSON)
_MAX_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form says a script is; its references are still to be followed.

    Where there are assets alone, there are no modules, and `main` is empty.
    `notes` tell the uploader what was left out.
    """

    main: str
    syntax: Syntax
    modules: tuple[Module, ...]
    metadata: Metadata
    notes: tuple[str, ...]


def parse_upload(parts: Sequence[Part], *, max_script_bytes: int) -> Upload:
    """The script that the parts make up.

    Raises UploadRejected with the name of the part, and the line where there is
    one, for anything that could never be loaded.
    """
    metadata = parse_metadata(_metadata_part(parts).content)
    sources = [p for p in parts if p.field != METADATA and p.content_type != SOURCE_MAP]
    if sum(len(part.content) for part in sources) > max_script_bytes:
        raise too_large(max_script_bytes)
    if metadata.main_module is None and metadata.body_part is None:
        if sources:
            raise rejected(
                'metadata has neither "main_module" nor "body_part", so that the upload is one of '
                f"assets alone; but it has modules. {_found(sources)}"
            )
        return Upload("", Syntax.MODULES, (), metadata, _notes(parts, metadata))
    main = _main_part(metadata, sources)
    bindings = tuple(_bound(binding, sources) for binding in metadata.bindings)
    metadata = replace(metadata, bindings=bindings)
    modules = tuple(_module(part) for part in sources)
    _refuse_duplicates(modules)
    return Upload(
        main=module_name(main),
        syntax=_syntax(metadata, main),
        modules=modules,
        metadata=metadata,
        notes=_notes(parts, metadata),
    )


def _bound(binding: RequestedBinding, parts: Sequence[Part]) -> RequestedBinding:
    """A binding to a part by the name of the part's module."""
    if not isinstance(binding, WasmModule):
        return binding
    for part in parts:
        if binding.part in (part.field, module_name(part)):
            if _kind(part, part.field) is not ModuleKind.WASM:
                raise rejected(
                    f'The binding "{binding.name}" is to WebAssembly, and its part was sent as '
                    f"{part.content_type}; send it as application/wasm."
                )
            return replace(binding, part=module_name(part))
    raise rejected(
        f'The binding "{binding.name}" names the part "{binding.part}", which the upload does not '
        f"have. {_found(parts)}"
    )


def _notes(parts: Sequence[Part], metadata: Metadata) -> tuple[str, ...]:
    ignored = map(_ignored_note, metadata.ignored)
    return (*_source_map_notes(parts), *ignored, *metadata.assets.notes)


def module_name(part: Part) -> str:
    """The name under which a part's module is imported: its file name, else its field's."""
    name = part.file_name or part.field
    while name.startswith("./"):
        name = name[2:]
    return name


def _metadata_part(parts: Sequence[Part]) -> Part:
    for part in parts:
        if part.field == METADATA:
            return part
    raise rejected(
        f'The upload has no part named "{METADATA}". {_found(parts)} With curl: -F '
        '"metadata=@metadata.json;type=application/json".'
    )


def _main_part(metadata: Metadata, sources: Sequence[Part]) -> Part:
    if metadata.body_part is not None:
        for part in sources:
            if part.field == metadata.body_part:
                return part
        raise rejected(
            f'metadata.body_part names "{metadata.body_part}", but the upload has no part of '
            f"that name. {_found(sources)}"
        )
    wanted = (metadata.main_module or "").removeprefix("./")
    for names in (module_name, lambda part: part.field):
        for part in sources:
            if names(part) == wanted:
                return part
    raise rejected(
        f'metadata.main_module names "{metadata.main_module}", but the upload has no module of '
        f"that name. A module is named by its part's file name. {_found(sources)}"
    )


def _syntax(metadata: Metadata, main: Part) -> Syntax:
    kind = CONTENT_TYPES[main.content_type]
    if kind is ModuleKind.ESM:
        return Syntax.MODULES
    if kind is ModuleKind.COMMONJS and metadata.body_part is not None:
        return Syntax.SERVICE_WORKER
    wanted = "application/javascript+module"
    if metadata.body_part is not None:
        wanted += " (an ES module) or as application/javascript (a service worker)"
    raise rejected(f'"{module_name(main)}" was sent as {main.content_type}; send it as {wanted}.')


def _module(part: Part) -> Module:
    name = module_name(part)
    if not name or not name.isprintable() or not is_well_formed(name):
        raise rejected(f"{name!r} cannot be a module's name.")
    if name.startswith(_RESERVED_PREFIXES):
        raise rejected(f'"{name}" cannot be a module\'s name: the prefix is reserved.')
    module = Module(name, _kind(part, name), part.content)
    if module.kind in _TEXT_KINDS:
        _check_text(module)
    return module


def _kind(part: Part, name: str) -> ModuleKind:
    kind = CONTENT_TYPES.get(part.content_type)
    if kind is not None:
        return kind
    if part.content_type.startswith("text/x-python"):
        raise rejected(
            f'"{name}" is Python, which Holdfast does not run. Workers are JavaScript here.'
        )
    raise rejected(
        f'"{name}" was sent as {part.content_type!r}, which is no type of a module. '
        f"Types of modules: {', '.join(CONTENT_TYPES)}."
    )


def _check_text(module: Module) -> None:
    try:
        text = module.content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = module.content.count(b"\n", 0, error.start) + 1
        raise rejected(f"{module.name}:{line}: the text is not valid UTF-8.") from error
    if module.kind is not ModuleKind.JSON:
        return
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise rejected(
            f"{module.name}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}."
        ) from error
    except (RecursionError, ValueError):
        pass  # odd, but the engine's parser may well take it


def _refuse_duplicates(modules: Sequence[Module]) -> None:
    seen: set[str] = set()
    for module in modules:
        if module.name in seen:
            raise rejected(f'Two parts of the upload are modules named "{module.name}".')
        seen.add(module.name)


def _source_map_notes(parts: Sequence[Part]) -> list[str]:
    maps = [module_name(part) for part in parts if part.content_type == SOURCE_MAP]
    return [f'The source map "{name}" was not stored: Holdfast has no use for it.' for name in maps]


def _ignored_note(name: str) -> str:
    near = meant(name, KNOWN_FIELDS)
    hint = f'; did you mean "{near}"?' if near else "."
    return f"metadata.{name} means nothing to Holdfast and was ignored{hint}"


def _found(parts: Sequence[Part]) -> str:
    names = [_show(part) for part in parts[:_MAX_NAMES_SHOWN]]
    more = len(parts) - len(names)
    return f"Found: {', '.join(names) or 'none'}{f' and {more} more' if more else ''}."


def _show(part: Part) -> str:
    return f'"{part.file_name}" (part "{part.field}")' if part.file_name else f'part "{part.field}"'
