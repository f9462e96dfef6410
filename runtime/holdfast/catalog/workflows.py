"""Workflows, as namespaces: an instance of one is an object, whose class is Holdfast's own.

Such a namespace has the class `workflow:<name>:<class>`, which no script can export: it runs the
script's class of that name. Where its instances may have another number of steps than is usual,
`:<steps>` follows. https://developers.cloudflare.com/workflows/
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from holdfast.catalog.bindings import Binding, Workflow
from holdfast.catalog.cron import parse_crons
from holdfast.catalog.errors import ErrorCode, UploadRejected, rejected
from holdfast.catalog.limits import steps_of
from holdfast.catalog.namespace import Namespace, Trigger
from holdfast.dataclass import dataclass

_PREFIX = "workflow:"
_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}")


def is_workflow(namespace: Namespace) -> bool:
    """Whether a namespace is a Workflow."""
    return namespace.class_name.startswith(_PREFIX)


def namespace_name(workflow: str) -> str:
    """What the namespace of the Workflow of this name is called."""
    return f"{_PREFIX}{workflow}"


def class_of(workflow: str, class_name: str, steps: int | None = None) -> str:
    """The class of its namespace, where the script's class is called so."""
    return f"{_PREFIX}{workflow}:{class_name}" + ("" if steps is None else f":{steps}")


def names_of(namespace: Namespace) -> tuple[str, str]:
    """The name of a Workflow and that of its script's class."""
    _, workflow, class_name, *_ = namespace.class_name.split(":")
    return workflow, class_name


def class_shown(class_name: str) -> str:
    """A class as people are told of it: that of a Workflow, without its number of steps."""
    if not class_name.startswith(_PREFIX):
        return class_name
    return ":".join(class_name.split(":")[:3])


def max_steps_of(namespace: Namespace) -> int | None:
    """How many steps an instance may have, where that was said."""
    _, _, _, *steps = namespace.class_name.split(":")
    return int(steps[0]) if steps else None


@dataclass(frozen=True, slots=True)
class DeclaredWorkflow:
    """A Workflow that a project has; `steps` is how many an instance may have, if it is said."""

    name: str
    class_name: str
    steps: int | None
    crons: tuple[str, ...]

    def triggers(self, script: str) -> Iterator[Trigger]:
        """When an instance is created, where no catalog keeps the Workflow."""
        namespace = local_workflow(self.name, script, self.class_name, self.steps)
        return (Trigger(script, cron, namespace) for cron in self.crons)


def local_triggers(
    script: str, crons: Iterable[str], workflows: Iterable[DeclaredWorkflow]
) -> Iterator[Trigger]:
    """The cron triggers of a script and of its Workflows, where no catalog keeps them."""
    yield from (Trigger(script, cron) for cron in crons)
    for workflow in workflows:
        yield from workflow.triggers(script)


def declared_workflows(
    tables: Iterable[Mapping[str, Any]], script: str
) -> Iterator[DeclaredWorkflow]:
    """A script's own Workflows among the `workflows` of a configuration. Raises UploadRejected."""
    for table in tables:
        name, crons, limits = (table.get(key) for key in ("name", "schedules", "limits"))
        if table.get("script_name") in (None, "", script):
            steps = steps_of(limits, f'"limits" of "{name}"')
            given = [crons] if isinstance(crons, str) else crons or []
            yield DeclaredWorkflow(
                str(name), str(table.get("class_name")), steps, parse_crons(given)
            )
        elif crons or limits:
            raise rejected(
                f'"{name}" is a Workflow of the Worker "{table["script_name"]}": its limits and '
                "schedules are said in the configuration of that."
            )


def new_workflow(
    workflow: str, script: str, class_name: str, steps: int | None = None
) -> Namespace:
    """The namespace of a Workflow that there is not yet. Raises UploadRejected for no name."""
    check_name(workflow)
    named = class_of(workflow, class_name, steps)
    return Namespace.new(script, named, name=namespace_name(workflow), use_sqlite=True)


def local_workflow(
    workflow: str, script: str, class_name: str, steps: int | None = None
) -> Namespace:
    """The same where no catalog keeps it: the name alone says which it is."""
    key = f"workflow-{workflow}"
    name, named = namespace_name(workflow), class_of(workflow, class_name, steps)
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
