"""The API's aiohttp application."""

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from holdfast.api.accounts import AccountHandlers
from holdfast.api.assets import AssetHandlers
from holdfast.api.auth import HEALTH, SETTINGS, authenticate
from holdfast.api.bucket_cors import BucketCorsHandlers
from holdfast.api.bucket_objects import BucketObjectHandlers
from holdfast.api.buckets import BucketHandlers
from holdfast.api.d1 import D1Handlers
from holdfast.api.d1_time_travel import D1TimeTravelHandlers
from holdfast.api.d1_transfer import D1TransferHandlers
from holdfast.api.domains import DomainHandlers
from holdfast.api.email import EmailHandlers
from holdfast.api.envelope import (
    METHOD_NOT_ALLOWED,
    NO_SUCH_ROUTE,
    ApiRefusal,
    Handler,
    answer_errors,
    note_begin,
)
from holdfast.api.key_value import KeyValueHandlers
from holdfast.api.metrics import MetricsHandlers
from holdfast.api.namespaces import NamespaceHandlers
from holdfast.api.objects import ObjectHandlers
from holdfast.api.platform import Platform
from holdfast.api.queue_messages import QueueMessageHandlers
from holdfast.api.queues import QueueHandlers
from holdfast.api.routes import RouteHandlers
from holdfast.api.routing import add_routes
from holdfast.api.s3.asked import is_for_s3
from holdfast.api.schedules import ScheduleHandlers
from holdfast.api.script_settings import ScriptSettingsHandlers
from holdfast.api.scripts import ScriptHandlers
from holdfast.api.secrets import SecretHandlers
from holdfast.api.services import ServiceHandlers
from holdfast.api.settings import ApiSettings
from holdfast.api.tails import TailHandlers
from holdfast.api.versions import VersionHandlers
from holdfast.api.workflows import WorkflowHandlers

ACCOUNT = "/client/v4/accounts/{account}"
"""Any account tag will do: a Holdfast is one account."""

# What clients ask for and Holdfast does not have, by a part of its path.
_ABSENT = {
    "containers/": "containers",
    "dispatch/": "dispatch namespaces",
    "edge-preview": "remote previews: see `holdfast dev`",
    "hyperdrive/": "Hyperdrive's configurations: a binding's connection string is a secret",
    "pages/": "Pages",
    "pipelines": "pipelines",
    "event_subscriptions": "event subscriptions",
    "secrets_store/": "secrets stores: a binding's secret is one of the script's own",
    "vectorize/": "Vectorize",
    "zones": "zones, but for routes: DNS and the rest are elsewhere",
}


def make_app(platform: Platform, settings: ApiSettings) -> web.Application:
    """The application that serves the API for `platform`; it holds nothing that needs closing."""
    app = web.Application(middlewares=[_s3_apart(platform), answer_errors, authenticate])
    app[SETTINGS] = settings
    app.on_response_prepare.append(_hide_server)
    app.on_response_prepare.append(note_begin)
    turn = asyncio.Lock()
    tails = TailHandlers(platform)
    app.on_shutdown.append(tails.end_all)
    transfers = D1TransferHandlers(platform)
    app.on_cleanup.append(transfers.close)
    for handlers in (
        ScriptHandlers(platform, turn),
        VersionHandlers(platform, turn),
        SecretHandlers(platform, turn),
        ScriptSettingsHandlers(platform, turn),
        ServiceHandlers(platform),
        AccountHandlers(platform),
        AssetHandlers(platform),
        ScheduleHandlers(platform, turn),
        EmailHandlers(platform),
        RouteHandlers(platform, turn),
        DomainHandlers(platform, turn),
        NamespaceHandlers(platform, turn),
        ObjectHandlers(platform),
        tails,
        KeyValueHandlers(platform),
        BucketHandlers(platform),
        BucketCorsHandlers(platform),
        BucketObjectHandlers(platform),
        WorkflowHandlers(platform, turn),
        D1Handlers(platform),
        D1TimeTravelHandlers(platform),
        transfers,
        QueueHandlers(platform, turn),
        QueueMessageHandlers(platform),
        MetricsHandlers(platform),
    ):
        add_routes(app, handlers.routes(ACCOUNT))
    add_routes(app, [("GET", HEALTH, _health)])
    # Known and unknown paths are told apart behind the token only.
    add_routes(app, [("*", "/{path:.*}", _refuse)])
    return app


def _s3_apart(platform: Platform) -> Middleware:
    """A middleware: S3's requests, whatever their path, are none of the REST API's."""

    @web.middleware
    async def divert(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_for_s3(request):
            return await handler(request)
        from holdfast.api.s3.front import serve  # who is never asked by S3 has no use for it

        return await serve(request, platform.buckets)

    return divert


async def _health(_request: web.Request) -> web.Response:
    """For load balancers and the like: the server is there, and its loop goes round."""
    return web.Response(text="ok\n")


async def _hide_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Name no versions to those who have no token."""
    response.headers["Server"] = "holdfast"


async def _refuse(request: web.Request) -> web.Response:
    """The handler for what no route matched: a path or a method too many."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not request.match_info.route.resource:
            allowed |= (await resource.resolve(request))[1]
    if allowed:
        methods = ", ".join(sorted(allowed))
        raise ApiRefusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            METHOD_NOT_ALLOWED,
            f"Method {request.method} is not available for this path. Available: {methods}.",
            {"Allow": methods},
        )
    message = f"There is nothing at {request.path}."
    for place, what in _ABSENT.items():
        if f"/{place}" in request.path:
            message = f"Holdfast has no {what}. {message}"
            break
    raise ApiRefusal(HTTPStatus.NOT_FOUND, NO_SUCH_ROUTE, message)
