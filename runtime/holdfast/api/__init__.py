"""The REST API for uploads and management, in Cloudflare's shape, and its Python client.

May import everything below cli/ and testing/; it reaches the running Workers through the
`Platform` protocol.

- `ApiServer` (server.py): the API on a port; `make_app` (app.py): the aiohttp
  application; `ApiSettings` (settings.py).
- `Platform` (platform.py): what the API asks of whoever runs the Workers.
- scripts.py, versions.py, secrets.py, script_settings.py, schedules.py, routes.py, domains.py,
  assets.py, namespaces.py, objects.py, workflows.py, key_value.py, queues.py, queue_messages.py,
  d1.py, d1_transfer.py, d1_time_travel.py, buckets.py, bucket_objects.py, bucket_cors.py, tails.py,
  email.py, metrics.py: the handlers, which routing.py puts at their paths; accounts.py and
  services.py: what Wrangler asks besides.
- s3/: the S3 API of R2's buckets, on the same port.
- envelope.py: the shape of every answer and the one place where exceptions become answers; auth.py
  and secret_text.py: the token; json_body.py, object_headers.py: what requests say, paging.py:
  listings by pages.
- An upload's way: body.py (bounded stream) → form.py (parts) → metadata.py and
  upload.py (a `Script` in the making) → making.py (the `Script`) → scripts.py (deployed).
  requested_assets.py and asset_tokens.py: its assets; unknown.py: bindings to what is not there.
- `deploy`, `create_namespace`, … (client.py): the same from Python, without aiohttp; session.py is
  its way to the API, multipart.py writes forms; asset_client.py, queue_client.py, object_client.py
  and d1_client.py: its parts.

docs/rest-api.md is the page for its users.
"""

from typing import TYPE_CHECKING

from holdfast.lazy import lazily

if TYPE_CHECKING:
    from holdfast.api.app import make_app
    from holdfast.api.client import (
        create_namespace,
        delete_script,
        deploy,
        deploy_project,
        list_namespaces,
        list_objects,
        list_scripts,
        list_secrets,
    )
    from holdfast.api.object_client import (
        back_up,
        delete_object,
        describe_objects,
        export_object,
        import_object,
        object_entries,
        restore_object,
        show_object,
    )
    from holdfast.api.platform import Platform
    from holdfast.api.server import ApiServer
    from holdfast.api.session import ApiError
    from holdfast.api.settings import ApiSettings, Whereabouts

__all__ = [
    "ApiError",
    "ApiServer",
    "ApiSettings",
    "Platform",
    "Whereabouts",
    "back_up",
    "create_namespace",
    "delete_object",
    "delete_script",
    "deploy",
    "deploy_project",
    "describe_objects",
    "export_object",
    "import_object",
    "list_namespaces",
    "list_objects",
    "list_scripts",
    "list_secrets",
    "make_app",
    "object_entries",
    "restore_object",
    "show_object",
]

_PLACES = {
    "ApiError": "session",
    "ApiServer": "server",
    "ApiSettings": "settings",
    "Platform": "platform",
    "Whereabouts": "settings",
    "back_up": "object_client",
    "create_namespace": "client",
    "delete_object": "object_client",
    "delete_script": "client",
    "deploy": "client",
    "deploy_project": "client",
    "describe_objects": "object_client",
    "export_object": "object_client",
    "import_object": "object_client",
    "list_namespaces": "client",
    "list_objects": "client",
    "list_scripts": "client",
    "list_secrets": "client",
    "make_app": "app",
    "object_entries": "object_client",
    "restore_object": "object_client",
    "show_object": "object_client",
}

# A command that asks a server needs none.
__getattr__ = lazily(__name__, _PLACES)
