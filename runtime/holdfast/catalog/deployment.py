"""`Deployed`: what is known of a script once it has been loaded and made live."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from holdfast.catalog.errors import NO_HANDLERS, ErrorCode, UploadRejected
from holdfast.catalog.namespace import Namespace
from holdfast.catalog.workflows import is_workflow
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Deployed:
    """The outcome of a deploy.

    `handlers` are the events that the script handles ("fetch", "scheduled", …),
    `classes` the names under which it exports classes, `startup_time_ms` how long
    its top level ran.
    """

    handlers: tuple[str, ...]
    classes: tuple[str, ...]
    startup_time_ms: int


def check_exports(
    handlers: Collection[str], classes: Collection[str], namespaces: Iterable[Namespace]
) -> None:
    """Raise UploadRejected unless the script handles an event and exports every class needed.

    `namespaces` are all namespaces of the script, those that exist and those that
    this deploy is about to create; those of Workflows need nothing of their own.
    """
    if not handlers:
        raise UploadRejected(ErrorCode.NO_HANDLERS, NO_HANDLERS)
    for namespace in namespaces:
        if namespace.class_name not in classes and not is_workflow(namespace):
            raise UploadRejected(ErrorCode.STILL_IN_USE, _missing_class(namespace, classes))


def check_bindings(
    version: str, bindings: Iterable[Mapping[str, Any]], namespaces: Collection[str]
) -> None:
    """Raise UploadRejected where a version is bound to a namespace that was deleted since.

    `namespaces` are the ids of all that there are. Such a version and one that knows of the
    deletion have seen unlike migrations, and are not live together.
    """
    for binding in bindings:
        if (
            binding["type"] == "durable_object_namespace"
            and binding["namespace_id"] not in namespaces
        ):
            raise UploadRejected(
                ErrorCode.INCONSISTENT_EXPORTS,
                "All versions of a deployment must know the same Durable Objects: those that the "
                f"binding '{binding['name']}' of the version {version} leads to were deleted. "
                "Deploy versions that are not bound to them.",
            )


def _missing_class(namespace: Namespace, classes: Collection[str]) -> str:
    exported = ", ".join(sorted(classes)) or "none"
    return (
        f"New version of script does not export class '{namespace.class_name}' which is depended "
        "on by existing Durable Objects. Did you forget to include it? If you renamed it, try a "
        "rename-class migration. If you want to delete all the Durable Objects implemented by the "
        f"class, you can use a delete-class migration. Classes it exports: {exported}."
    )
