"""Puts static assets before the script that they belong to."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from holdfast.assets.asset import AssetFiles
from holdfast.assets.folder import AssetFolder
from holdfast.assets.manifest import STORE
from holdfast.assets.rule_text import Mistake
from holdfast.workers import Worker
from holdfast.workers.assets import AssetEntrance, AssetServer
from holdfast.workers.compatibility import navigation_prefers_assets


def put_before(
    worker: Worker,
    data: Path,
    loop: asyncio.AbstractEventLoop,
    tell: Callable[[str, str, str], None],
) -> None:
    """Have a Worker's assets answer what is for them.

    `tell(script, level, text)` is told of mistakes in `_headers` and `_redirects`.
    """
    script = worker.script
    assets = script.assets
    assert assets is not None, "who has none is not asked"
    origin = assets.origin

    def on_mistakes(name: str, mistakes: tuple[Mistake, ...]) -> None:
        if not isinstance(origin, AssetFolder):
            return  # who has uploaded them was told
        told = "\n".join(f"  {mistake}" for mistake in mistakes)
        tell(script.name, "warn", f"{name} has rules that are left out:\n{told}")

    def on_response(status: int) -> None:
        worker.counts.responses[status // 100] += 1

    files: AssetFiles = (
        origin.open() if isinstance(origin, AssetFolder) else origin.open(data / STORE)
    )
    server = AssetServer(files, assets.config, loop, on_mistakes)
    entrance = AssetEntrance(
        server,
        worker.fetch,
        has_script=bool(script.modules),
        navigation_prefers_assets=navigation_prefers_assets(script),
        on_response=on_response,
    )
    worker.go_behind(entrance.fetch)
