"""What Web Crypto costs, beside the library behind it: `python -m benchmarks.crypto_micro`.

Prints, for each operation, the milliseconds that a script waits for it, those that Python's
own call of the library takes, and the ratio of the two speeds.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

SCRIPT = Path(__file__).parent / "scripts" / "crypto.mjs"
NAME = "holdfast:benchmark/crypto.mjs"
REPEATS = 7
MAX_SECONDS = 60


def best(run: Callable[[], object], calls: int) -> float:
    """Milliseconds per call, of the best of some runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        times.append((time.perf_counter() - start) / calls * 1e3)
    return min(times)


def libraries() -> dict[str, float]:
    """The figures of the libraries alone, by the script's names."""
    small, large = bytes(64), bytes(10_000_000)
    aes, nonce, text = AESGCM(bytes(32)), bytes(12), large[:1_000_000]
    return {
        "sha256 of 10 MB": best(lambda: hashlib.sha256(large).digest(), 1),
        "sha256 of 64 bytes": best(lambda: hashlib.sha256(small).digest(), 200),
        "hmac of 64 bytes": best(lambda: hmac.digest(bytes(32), small, "sha256"), 200),
        "aes-gcm of 1 MB": best(lambda: aes.encrypt(nonce, text, None), 5),
    }


async def script() -> dict[str, float]:
    """The figures of the script, in an isolate of its own."""
    host = Host(asyncio.get_running_loop(), SystemClock(), Capabilities())
    Platform().create_isolate(host, limits=Limits())
    try:
        host.isolate.add_modules({NAME: Module(NAME, ModuleKind.ESM, SCRIPT.read_bytes())})
        namespace = host.isolate.evaluate(NAME)
        idle = asyncio.Event()
        host.on_idle = idle.set
        host.enter(host.isolate.export(namespace, "start"))
        await asyncio.wait_for(idle.wait(), MAX_SECONDS)
        told = str(host.isolate.call(host.isolate.export(namespace, "result")))
    finally:
        host.close()
        host.isolate.close()
    figures: dict[str, float] = json.loads(told)
    return figures


def main() -> None:
    """Measure both and print a line for each operation."""
    alone = libraries()
    print(f"{'':<20} {'script ms':>10} {'library ms':>10} {'speed':>6}")
    for name, figure in asyncio.run(script()).items():
        print(f"{name:<20} {figure:10.4f} {alone[name]:10.4f} {alone[name] / figure:6.2f}")


if __name__ == "__main__":
    main()
