"""`Environment`: what a script finds in `env` and in `ctx.exports`.

It is described as polyfills/workers/env.js takes it.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast.catalog import (
    D1,
    Analytics,
    AssetsBinding,
    Hyperdrive,
    Json,
    KeyValue,
    Namespace,
    NamespaceNotFound,
    ObjectNamespace,
    PlainText,
    QueueProducer,
    R2Bucket,
    RateLimit,
    Script,
    SecretText,
    SendEmail,
    Service,
    SiteFiles,
    StoreSecret,
    VersionMetadata,
    WasmModule,
    WorkerLoader,
    Workflow,
)
from holdfast.catalog.bindings import ASSETS_ENTRYPOINT
from holdfast.catalog.migrations import NamespaceChanges
from holdfast.catalog.workflows import is_workflow, namespace_name
from holdfast.host.context import Host
from holdfast.host.queues import QueueBindings
from holdfast.objects.capability import IsolateObjects
from holdfast.server.resources import Resources
from holdfast.server.sources import ScriptSource
from holdfast.workers.load import Exports

if TYPE_CHECKING:
    from holdfast.objects.loaded_code import Shelter

Described = dict[str, Any]


class Environment:
    """Binds one isolate's script to what its bindings name."""

    def __init__(
        self,
        script: Script,
        host: Host,
        objects: IsolateObjects,
        source: ScriptSource,
        changes: NamespaceChanges,
        resources: Resources,
        loaded: Callable[[], "Shelter"],
    ) -> None:
        """Namespaces are as they will be after `changes`; `loaded` has Workers that it loads."""
        self._script = script
        self._host = host
        self._objects = objects
        self._source = source
        self._changes = changes
        self._known = {namespace.id: namespace for namespace in changes.alive}
        self._resources = resources
        self._loaded = loaded

    def describe(self, binding: Any) -> Described:
        """A binding of the script's."""
        match binding:
            case PlainText(name, text):
                return {"type": "plain_text", "name": name, "text": text}
            case SecretText(name, text):
                return {"type": "secret_text", "name": name, "text": text}
            case Json(name, value):
                return {"type": "json", "name": name, "json": value}
            case Service(name, service, entrypoint, props):
                number = self._objects.bind_service(service, entrypoint or "")
                return {"type": "service", "name": name, "number": number, "props": props}
            case KeyValue() | SiteFiles() | D1() | QueueProducer() | R2Bucket() | SendEmail():
                return self._store(binding)
            case Hyperdrive() | StoreSecret():
                return self._of_secret(binding)
            case AssetsBinding(name):
                number = self._objects.bind_service(self._script.name, ASSETS_ENTRYPOINT)
                return {"type": "assets", "name": name, "number": number}
            case VersionMetadata(name):
                version = self._script
                told = {"id": version.version, "tag": version.tag, "timestamp": version.created_on}
                return {"type": "json", "name": name, "json": json.dumps(told)}
            case RateLimit() | Analytics() | WasmModule() | WorkerLoader():
                return self._alone(binding)
            case ObjectNamespace(name, namespace_id):
                return self._namespace(name, self._find(namespace_id))
            case Workflow():
                return self._workflow(binding)
        raise AssertionError(f"a binding of no known kind: {binding!r}")

    def of_exports(self, exports: Exports) -> tuple[list[Described], list[Described]]:
        """What is in `env` since the script exports it, and what `ctx.exports` has of objects."""
        implied = [
            *(
                self._namespace(namespace.name, namespace)
                for namespace in self._source.implied_namespaces(self._script, exports.classes)
            ),
            *map(self._workflow, self._source.implied_workflows(self._script, exports.workflows)),
        ]
        changed = {*self._known, *(namespace.id for namespace in self._changes.deleted)}
        own = [
            *self._changes.alive,
            *(
                namespace
                for namespace in self._source.own_namespaces(self._script, exports.classes)
                if namespace.id not in changed
            ),
        ]
        return implied, [
            self._namespace(namespace.name, namespace)
            for namespace in own
            if namespace.script == self._script.name and not is_workflow(namespace)
        ]

    def _alone(self, binding: RateLimit | Analytics | WasmModule | WorkerLoader) -> Described:
        """A binding to nothing that was made before."""
        match binding:
            case RateLimit(name, namespace_id, limit, period_s):
                counted = {"namespaceId": namespace_id, "limit": limit, "period": period_s}
                return {"type": "ratelimit", "name": name, **counted}
            case WasmModule(name, part):
                return {"type": "wasm_module", "name": name, "module": part}
            case WorkerLoader(name):
                self._allow_loading()
                return {"type": "worker_loader", "name": name}
            case _:
                return {"type": "analytics_engine", "name": binding.name}

    def _allow_loading(self) -> None:
        capabilities = self._host.capabilities
        if "loaders" not in capabilities:
            from holdfast.objects.loaders import IsolateLoaders

            capabilities["loaders"] = IsolateLoaders(
                self._host, self._objects, self._script.name, self._loaded()
            )

    def _of_secret(self, binding: Hyperdrive | StoreSecret) -> Described:
        """A binding with the secret that it stands for, where that is there.

        It is one of the script's own, unless a project has told it.
        """
        match binding:
            case Hyperdrive(name, _, told):
                kind, secret = "hyperdrive", binding.variable
            case StoreSecret(name, _, secret, told):
                kind = "secrets_store_secret"
        own = (one for one in self._script.bindings if isinstance(one, SecretText))
        text = next((one.text for one in own if one.name == secret), None) if told is None else told
        entry = {"type": kind, "name": name, "secret": secret}
        return entry if text is None else {**entry, "text": text}

    def _store(
        self, binding: KeyValue | SiteFiles | D1 | QueueProducer | R2Bucket | SendEmail
    ) -> Described:
        """Something outside of the script, and how the isolate calls it."""
        capabilities = self._host.capabilities
        match binding:
            case KeyValue(name, namespace_id):
                number = capabilities.kv.bind(namespace_id)
                return {"type": "kv_namespace", "name": name, "number": number}
            case SiteFiles(name, files):
                from holdfast.host.site_files import FileStore

                number = capabilities.kv.bind(name, FileStore(files))
                return {"type": "kv_namespace", "name": name, "number": number}
            case D1(name, database_id):
                return {"type": "d1", "name": name, "number": capabilities.d1.bind(database_id)}
            case SendEmail(name):
                number = capabilities.mail.bind(binding)
                return {"type": "send_email", "name": name, "number": number}
            case QueueProducer(name, queue, delay_s):
                if "queues" not in capabilities:
                    capabilities["queues"] = QueueBindings(self._resources.queues)
                number = capabilities.queues.bind(queue, delay_s)
                return {"type": "queue", "name": name, "number": number}
            case R2Bucket(name, bucket_name):
                if "r2" not in capabilities:
                    from holdfast.host.r2_bindings import BucketBindings

                    capabilities["r2"] = BucketBindings(self._resources.buckets)
                is_implied = self._source.implies_stores
                number = capabilities.r2.bind(bucket_name, is_implied=is_implied)
                return {"type": "r2_bucket", "name": name, "number": number}

    def _workflow(self, binding: Workflow) -> Described:
        name = namespace_name(binding.workflow_name)
        to_be = next((one for one in self._known.values() if one.name == name), None)
        namespace = to_be or self._source.workflow(binding, self._script)
        described = self._namespace(binding.name, namespace)
        return {**described, "type": "workflow", "workflowName": binding.workflow_name}

    def _namespace(self, name: str, namespace: Namespace) -> Described:
        return describe_namespace(name, namespace, self._objects)

    def _find(self, namespace_id: str) -> Namespace:
        """A namespace; one that was deleted has no script any more."""
        try:
            return self._known.get(namespace_id) or self._source.namespace(namespace_id)
        except NamespaceNotFound:
            return Namespace(namespace_id, "", "", "", namespace_id)


def describe_namespace(name: str, namespace: Namespace, objects: IsolateObjects) -> Described:
    """A namespace, bound in an isolate."""
    return {
        "type": "durable_object_namespace",
        "name": name,
        "number": objects.bind_namespace(namespace),
        "className": namespace.class_name,
        "usesSqlite": namespace.use_sqlite,
    }
