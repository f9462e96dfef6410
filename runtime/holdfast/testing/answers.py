"""What Workers and objects answer, waited for."""

import asyncio
from typing import TYPE_CHECKING, Any

from holdfast.catalog.errors import CatalogError
from holdfast.host.byte_streams import BodyError, ByteStream, collect
from holdfast.host.header_lines import in_lines
from holdfast.testing.errors import (
    CallTimedOut,
    HarnessError,
    JavaScriptError,
    hidden_from_tracebacks,
    javascript_error,
)
from holdfast.testing.responses import Headers, Response
from holdfast.workers import ScriptFailed, ScriptHung, WorkerError, WorkerResponse

if TYPE_CHECKING:
    from holdfast.testing.core import Core
    from holdfast.testing.worker import AnyWorker

__tracebackhide__ = hidden_from_tracebacks

UPGRADE = {"upgrade": "websocket", "connection": "upgrade"}


def upgrade_headers(protocols: tuple[str, ...]) -> str:
    """The headers that ask for a WebSocket."""
    raw = in_lines(UPGRADE.items())
    return raw + (f"sec-websocket-protocol\n{', '.join(protocols)}\n" if protocols else "")


async def settled(
    core: "Core[Any]",
    worker: "AnyWorker[Any, Any, Any, Any]",
    answer: "asyncio.Future[Any]",
    what: str,
) -> Any:
    """The answer to an event. Raises JavaScriptError, or CallTimedOut."""
    try:
        return await core.waiting.wait(answer, what)
    except ScriptFailed as error:
        raise javascript_error(
            error.name,
            error.message,
            worker.found.told(str(error)),
            error.flags,
            worker.found.texts,
            worker.bound,
        ) from None
    except ScriptHung as error:
        raise CallTimedOut(f"{what}: {error}") from None
    except (WorkerError, CatalogError) as error:
        raise JavaScriptError("Error", str(error)) from None


async def receive(
    core: "Core[Any]",
    worker: "AnyWorker[Any, Any, Any, Any]",
    answer: "asyncio.Future[WorkerResponse]",
    what: str,
    url: str,
) -> Response:
    """The response of an event, with its whole body."""
    given: WorkerResponse = await settled(core, worker, answer, what)
    headers = Headers.from_raw(given.headers)
    if given.socket is not None:
        raise answered_with_socket(given, what)
    content = given.body
    if isinstance(content, ByteStream):
        reading = core.view.real.create_task(collect(content))
        try:
            content = await core.waiting.wait(reading, f"the body of {what}")
        except BodyError as error:
            raise JavaScriptError(error.name, error.message) from None
        finally:
            reading.cancel()
    response = Response(
        given.status, headers, content or b"", status_text=given.status_text, url=url
    )
    core.note(what, response)
    return response


def answered_with_socket(given: WorkerResponse, what: str) -> HarnessError:
    """What to raise where a WebSocket was not asked for."""
    given.discard()
    return HarnessError(f"{what} was answered with a WebSocket: open it with websocket(…).")


async def upgraded(
    core: "Core[Any]",
    worker: "AnyWorker[Any, Any, Any, Any]",
    answer: "asyncio.Future[WorkerResponse]",
    url: str,
) -> Any:
    """The test's end of the WebSocket that an event was answered with."""
    given: WorkerResponse = await settled(core, worker, answer, f"the WebSocket {url}")
    if given.socket is None:
        given.discard()
        raise HarnessError(f"{url} was answered with status {given.status}, not with a WebSocket.")
    return core.join(given.socket, Headers.from_raw(given.headers).get("sec-websocket-protocol"))
