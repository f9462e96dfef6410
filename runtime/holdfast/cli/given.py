"""The bindings that the command line gives to a script that is served from its file."""

import argparse
from collections.abc import Collection, Iterable
from pathlib import Path

from holdfast.catalog.bindings import (
    Binding,
    Inherit,
    ObjectClass,
    ObjectNamespace,
    PlainText,
    RequestedBinding,
    Service,
    Workflow,
)
from holdfast.catalog.project_bindings import ProjectInvalid


def given_bindings(options: argparse.Namespace) -> list[RequestedBinding]:
    """What `--var`, `--service` and `--object` say."""
    classes = [(name, *target.partition("@")[::2]) for name, target in options.object]
    return [
        *(PlainText(name, value) for name, value in options.var),
        *(Service(name, script) for name, script in options.service),
        *(ObjectClass(name, class_name, script or None) for name, class_name, script in classes),
    ]


def local_binding(
    binding: RequestedBinding, own: str, peers: Collection[str], where: Path
) -> Binding:
    """A binding of the script `own` among the scripts that are here, `peers`.

    `where` is the file to name in a mistake. Raises ProjectInvalid.
    """
    match binding:
        case ObjectClass(name, class_name, script) if (script or own) in peers:
            return ObjectNamespace(name, f"{script or own}-{class_name}")
        case ObjectClass(name, _, script):
            raise ProjectInvalid(
                f'{where}: the binding "{name}" is to a class of the Worker "{script}", '
                "which is not here: name its project by --with"
            )
        case Workflow(name, script_name=script) if (script or own) not in peers:
            raise ProjectInvalid(
                f'{where}: the binding "{name}" is to a Workflow of the Worker '
                f'"{script}", which is not here: name its project by --with'
            )
        case Inherit(name):
            raise ProjectInvalid(f'{where}: "{name}" has nothing to inherit from')
        case _:
            return binding


def elsewhere(
    bindings: Iterable[RequestedBinding], peers: Collection[str], where: Path
) -> list[str]:
    """What to say of services that are not here."""
    return [
        f'{where}: "{binding.name}" is the Worker "{binding.service}", which is not here: '
        "name its project by --with"
        for binding in bindings
        if isinstance(binding, Service) and binding.service not in peers
    ]
