"""From the bindings that an upload asks for to those that a `Script` holds.

Nothing is written here: a namespace that has to be made is returned beside the
bindings, so that it comes into being together with the version that needs it, or
not at all.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from types import MappingProxyType

from holdfast.catalog.binding_entries import binding_type
from holdfast.catalog.bindings import (
    Binding,
    Inherit,
    ObjectClass,
    ObjectNamespace,
    RequestedBinding,
    Service,
    Workflow,
)
from holdfast.catalog.catalog import Catalog
from holdfast.catalog.declared import Declared, step_to
from holdfast.catalog.errors import ErrorCode, NamespaceNotFound, ScriptNotFound, UploadRejected
from holdfast.catalog.migrations import Migrations, NamespaceChanges, Plan, check_tag
from holdfast.catalog.namespace import Namespace
from holdfast.catalog.workflows import (
    class_of,
    max_steps_of,
    names_of,
    namespace_name,
    new_workflow,
)
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Resolved:
    """Bindings that can be made live, and what becomes of namespaces with them."""

    bindings: tuple[Binding, ...]
    changes: NamespaceChanges


def resolve_bindings(
    catalog: Catalog,
    script_name: str,
    requested: Iterable[RequestedBinding],
    *,
    keep_types: Collection[str] = (),
    migrations: Migrations | None = None,
    declared: Mapping[str, Declared] = MappingProxyType({}),
) -> Resolved:
    """What the upload of `script_name` asks for, with every reference followed.

    Its classes come by `migrations`, or as it has `declared` them.

    Bindings of the latest version whose type is in `keep_types` stay unless the
    upload has one of the same name. Raises UploadRejected for a reference to
    something that does not exist.
    """
    requested = list(requested)
    resolver = _Resolver(catalog, script_name, _plan(catalog, script_name))
    if migrations is not None:
        check_tag(migrations, _migration_tag(catalog, script_name))
    steps = migrations.steps if migrations is not None else ()
    if declared:
        steps = (step_to(declared, resolver.plan.known),)
    if steps:
        resolver.plan.take(steps)
        # As on Cloudflare, whichever script the binding is to.
        bound = {binding.class_name for binding in requested if isinstance(binding, ObjectClass)}
        resolver.plan.check_bindings(bound)
    resolver.elsewhere_declared = {
        name
        for name, one in declared.items()
        if one.is_elsewhere and name not in resolver.plan.known
    }
    names = {binding.name for binding in requested}
    inherited = {binding.source for binding in requested if isinstance(binding, Inherit)}
    resolver.replaced = names - inherited
    bindings = [resolver.resolve(binding) for binding in requested]
    kept = [
        binding
        for binding in resolver.latest_bindings()
        if binding.name not in names and binding_type(binding) in keep_types
    ]
    changes = resolver.plan.changes(migrations.new_tag if migrations else None)
    if declared:
        _check_unused(catalog, script_name, changes.deleted)
        gone = tuple(namespace.class_name for namespace in changes.deleted)
        changes = replace(changes, unexported=gone)
    return Resolved((*bindings, *kept), resolver.with_names(changes))


def _check_unused(catalog: Catalog, script_name: str, deleted: Iterable[Namespace]) -> None:
    """Raise UploadRejected if other scripts are bound to what an upload declares deleted."""
    classes = {namespace.id: namespace.class_name for namespace in deleted}
    if not classes:
        return
    for record in catalog.records():
        for entry in record.bindings:
            class_name = classes.get(entry.get("namespace_id", ""))
            if class_name is not None and record.name != script_name:
                raise UploadRejected(
                    ErrorCode.STILL_IN_USE,
                    f"Cannot delete class '{class_name}', to which the Worker '{record.name}' is "
                    f"bound (as {entry['name']}): take it out of its bindings first.",
                )


def _plan(catalog: Catalog, script_name: str) -> Plan:
    known = {namespace.class_name: namespace for namespace in catalog.namespaces_of(script_name)}
    unmigrated = {*known} if _migration_tag(catalog, script_name) is None else set()
    return Plan(
        script_name,
        known,
        catalog.find_namespace,
        lambda script: _classes_of(catalog, script),
        unmigrated,
    )


def _classes_of(catalog: Catalog, script_name: str) -> Collection[str]:
    try:
        return catalog.record(script_name).classes
    except ScriptNotFound:
        return ()


def _migration_tag(catalog: Catalog, script_name: str) -> str | None:
    try:
        return catalog.record(script_name).migration_tag
    except ScriptNotFound:
        return None


@dataclass(slots=True)
class _Resolver:
    catalog: Catalog
    script_name: str
    plan: Plan
    elsewhere: list[Namespace] = field(default_factory=list)  # created for other scripts
    replaced: Collection[str] = ()  # of the latest version's bindings, these
    elsewhere_declared: Collection[str] = ()  # classes that are to be, or to become, others'

    def latest_bindings(self) -> tuple[Binding, ...]:
        try:
            return self.catalog.latest(self.script_name, self.replaced).bindings
        except ScriptNotFound:
            return ()

    def resolve(self, binding: RequestedBinding) -> Binding:
        match binding:
            case ObjectClass():
                return self._object_class(binding)
            case Inherit():
                return self._inherit(binding)
            case ObjectNamespace():
                self._check_namespace(binding)
            case Service():
                self._check_service(binding)
            case Workflow():
                return self._workflow(binding)
        return binding

    def ensure_namespace(self, class_name: str, script: str) -> Namespace:
        """The namespace of a class, which is to be created where there is none yet."""
        if script == self.script_name:
            found = self.plan.known.get(class_name)
        else:
            others = [n for n in self.elsewhere if (n.script, n.class_name) == (script, class_name)]
            found = others[0] if others else self.plan.given_to(script, class_name)
            found = found or self.catalog.find_namespace(script, class_name)
        if found is None:
            found = Namespace.new(script, class_name)
            self.plan.add(found)
            if script != self.script_name:
                self.elsewhere.append(found)
        return found

    def with_names(self, changes: NamespaceChanges) -> NamespaceChanges:
        """The same, with names for the new namespaces that no other has."""
        taken = {namespace.name for namespace in self.catalog.namespaces()}
        created = [
            replace(namespace, name=f"{namespace.name}_{namespace.id[:8]}")
            if namespace.name in taken
            else namespace
            for namespace in changes.created
        ]
        return replace(changes, created=tuple(created))

    def _object_class(self, binding: ObjectClass) -> ObjectNamespace:
        script = binding.script_name or self.script_name
        if script != self.script_name:
            self._check_class(binding, script)
        elif binding.class_name in self.elsewhere_declared:
            raise UploadRejected(
                ErrorCode.CLASS_NOT_FOUND,
                f'Binding "{binding.name}": the class "{binding.class_name}" is another Worker\'s '
                'by its state in exports; name that Worker by "script_name", or leave the binding '
                "out until the class was transferred.",
            )
        namespace = self.ensure_namespace(binding.class_name, script)
        return ObjectNamespace(binding.name, namespace.id)

    def _workflow(self, binding: Workflow) -> Workflow:
        """The binding with its script's name; where that is this one, the Workflow is to be."""
        script, workflow = binding.script_name or self.script_name, binding.workflow_name
        name = namespace_name(workflow)
        mine = [namespace for namespace in self.plan.known.values() if namespace.name == name]
        found = mine[0] if mine else self.catalog.find_workflow(workflow)
        if script != self.script_name:
            if found is None:
                raise UploadRejected(
                    ErrorCode.CLASS_NOT_FOUND,
                    f'Binding "{binding.name}": there is no Workflow named "{workflow}". '
                    f'Deploy the Worker "{script}", which has it, first.',
                )
        elif found is None:
            self.plan.add(new_workflow(workflow, script, binding.class_name))
        elif (found.script, names_of(found)) != (script, (workflow, binding.class_name)):
            self.plan.move(found, class_of(workflow, binding.class_name, max_steps_of(found)))
        return replace(binding, script_name=script)

    def _check_class(self, binding: ObjectClass, script: str) -> None:
        try:
            classes = self.catalog.record(script).classes
        except ScriptNotFound as error:
            raise UploadRejected(
                ErrorCode.CLASS_NOT_FOUND,
                f'Binding "{binding.name}": there is no Worker named "{script}" to take the class '
                f"{binding.class_name} from. Upload that one first.",
            ) from error
        if binding.class_name not in classes:
            exported = ", ".join(sorted(classes)) or "none"
            raise UploadRejected(
                ErrorCode.CLASS_NOT_FOUND,
                f'Binding "{binding.name}": the Worker "{script}" does not export a class named '
                f'"{binding.class_name}". Classes it exports: {exported}.',
            )

    def _check_namespace(self, binding: ObjectNamespace) -> None:
        try:
            self.catalog.namespace(binding.namespace_id)
        except NamespaceNotFound as error:
            raise UploadRejected(
                ErrorCode.NAMESPACE_NOT_FOUND, f'Binding "{binding.name}": {error}'
            ) from error

    def _check_service(self, binding: Service) -> None:
        if binding.service == self.script_name:
            return
        try:
            self.catalog.record(binding.service)
        except ScriptNotFound as error:
            raise UploadRejected(
                ErrorCode.SERVICE_NOT_FOUND,
                f'Could not resolve service binding "{binding.name}": there is no Worker named '
                f'"{binding.service}". Upload that one first.',
            ) from error

    def _inherit(self, binding: Inherit) -> Binding:
        for latest in self.latest_bindings():
            if latest.name == binding.source:
                return replace(latest, name=binding.name)
        raise UploadRejected(
            ErrorCode.INVALID_INHERIT,
            f'Binding "{binding.name}": the latest version of the Worker has no binding '
            f'"{binding.source}" to inherit.',
        )
