"""From the bindings that an upload asks for to those that a `Script` holds.

Nothing is written here: a namespace that has to be made is returned beside the
bindings, so that it comes into being together with the version that needs it, or
not at all.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from holdfast.catalog.bindings import (
    Binding,
    Inherit,
    ObjectClass,
    ObjectNamespace,
    RequestedBinding,
    Service,
    binding_type,
)
from holdfast.catalog.catalog import Catalog
from holdfast.catalog.errors import ErrorCode, NamespaceNotFound, ScriptNotFound, UploadRejected
from holdfast.catalog.namespace import Namespace


@dataclass(frozen=True, slots=True)
class Resolved:
    """Bindings that can be made live, and the namespaces to create with them."""

    bindings: tuple[Binding, ...]
    namespaces: tuple[Namespace, ...]


@dataclass(frozen=True, slots=True)
class NewClasses:
    """Classes of the uploaded script that its metadata declares to be Durable Objects."""

    key_value: tuple[str, ...] = ()
    sqlite: tuple[str, ...] = ()


def resolve_bindings(
    catalog: Catalog,
    script_name: str,
    requested: Iterable[RequestedBinding],
    *,
    keep_types: Collection[str] = (),
    new_classes: NewClasses = NewClasses(),
) -> Resolved:
    """What the upload of `script_name` asks for, with every reference followed.

    Bindings of the live version whose type is in `keep_types` stay unless the
    upload has one of the same name. Raises UploadRejected for a reference to
    something that does not exist.
    """
    resolver = _Resolver(catalog, script_name)
    for class_name in new_classes.key_value:
        resolver.ensure_namespace(class_name)
    for class_name in new_classes.sqlite:
        resolver.ensure_namespace(class_name, use_sqlite=True)
    bindings = [resolver.resolve(binding) for binding in requested]
    names = {binding.name for binding in bindings}
    kept = [
        binding
        for binding in resolver.live_bindings()
        if binding.name not in names and binding_type(binding) in keep_types
    ]
    return Resolved((*bindings, *kept), tuple(resolver.created))


@dataclass(slots=True)
class _Resolver:
    catalog: Catalog
    script_name: str
    created: list[Namespace] = field(default_factory=list)

    def live_bindings(self) -> tuple[Binding, ...]:
        try:
            return self.catalog.script(self.script_name).bindings
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
        return binding

    def ensure_namespace(
        self, class_name: str, script: str | None = None, *, use_sqlite: bool = False
    ) -> Namespace:
        """The namespace of a class, which is to be created where there is none yet."""
        script = self.script_name if script is None else script
        for namespace in self.created:
            if (namespace.script, namespace.class_name) == (script, class_name):
                return namespace
        if found := self.catalog.find_namespace(script, class_name):
            return found
        namespace = Namespace.new(script, class_name, use_sqlite=use_sqlite)
        if any(other.name == namespace.name for other in self.catalog.namespaces()):
            namespace = replace(namespace, name=f"{namespace.name}_{namespace.id[:8]}")
        self.created.append(namespace)
        return namespace

    def _object_class(self, binding: ObjectClass) -> ObjectNamespace:
        script = binding.script_name
        if script is not None and script != self.script_name:
            self._check_class(binding, script)
        namespace = self.ensure_namespace(binding.class_name, script)
        return ObjectNamespace(binding.name, namespace.id)

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
        for live in self.live_bindings():
            if live.name == binding.source:
                return replace(live, name=binding.name)
        raise UploadRejected(
            ErrorCode.INVALID_INHERIT,
            f'Binding "{binding.name}": the live version of the Worker has no binding '
            f'"{binding.source}" to inherit.',
        )
