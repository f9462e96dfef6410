"""Workflows, as namespaces: an instance of one is an object, whose class is Holdfast's own.

Such a namespace has the class `workflow:<name>:<class>`, which no script can export: it runs the
script's class of that name. https://developers.cloudflare.com/workflows/
"""

import re
from collections.abc import Collection, Iterable

from holdfast.catalog.bindings import Binding, Workflow
from holdfast.catalog.errors import ErrorCode, UploadRejected, rejected
from holdfast.catalog.namespace import Namespace

_PREFIX = "workflow:"
_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}")


def is_workflow(namespace: Namespace) -> bool:
    """Whether a namespace is a Workflow."""
    return namespace.class_name.startswith(_PREFIX)


def namespace_name(workflow: str) -> str:
    """What the namespace of the Workflow of this name is called."""
    return f"{_PREFIX}{workflow}"


def class_of(workflow: str, class_name: str) -> str:
    """The class of its namespace, where the script's class is called so."""
    return f"{_PREFIX}{workflow}:{class_name}"


def names_of(namespace: Namespace) -> tuple[str, str]:
    """The name of a Workflow and that of its script's class."""
    workflow, _, class_name = namespace.class_name.removeprefix(_PREFIX).partition(":")
    return workflow, class_name


def new_workflow(workflow: str, script: str, class_name: str) -> Namespace:
    """The namespace of a Workflow that there is not yet. Raises UploadRejected for no name."""
    check_name(workflow)
    named = class_of(workflow, class_name)
    return Namespace.new(script, named, name=namespace_name(workflow), use_sqlite=True)


def local_workflow(workflow: str, script: str, class_name: str) -> Namespace:
    """The same where no catalog keeps it: the name alone says which it is."""
    key = f"workflow-{workflow}"
    name, named = namespace_name(workflow), class_of(workflow, class_name)
    return Namespace(key, name, script, named, unique_key=key, use_sqlite=True)


def check_name(workflow: str) -> None:
    """Raise UploadRejected for what no Workflow may be called."""
    if not _NAME.fullmatch(workflow):
        raise rejected(
            f'"{workflow}" is no name for a Workflow: it has up to 64 letters, digits, - and _, '
            "and does not begin with -."
        )


def check_workflows(script: str, bindings: Iterable[Binding], exported: Collection[str]) -> None:
    """Raise UploadRejected where a script binds a Workflow of its own that it does not export."""
    for binding in bindings:
        if not isinstance(binding, Workflow) or binding.script_name not in (None, script):
            continue
        if binding.class_name not in exported:
            raise UploadRejected(
                ErrorCode.CLASS_NOT_FOUND,
                f'The binding "{binding.name}" is to the Workflow class "{binding.class_name}", '
                f"which the script does not export; it exports: {', '.join(exported) or 'none'}. "
                "Such a class extends WorkflowEntrypoint.",
            )
