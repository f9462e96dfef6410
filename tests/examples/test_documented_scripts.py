"""The documentation's scripts, unmodified, over real HTTP; test_examples.py has what they do."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving import EXAMPLES, TOKEN, Platform, curl

COUNT = "Durable Object 'A' count: {}"
IMPORTANT = ("--header", "Content-Type: text/plain", "--data", "important data!")

pytestmark = pytest.mark.slow


def upload(platform: Platform, script: str, file: str, metadata: dict[str, object]) -> None:
    """PUT one module or script under the name `script`."""
    kind = "javascript+module" if file.endswith(".mjs") else "javascript"
    answer = platform.call_api(
        f"scripts/{script}",
        *("--request", "PUT"),
        *("--form", f"metadata={json.dumps(metadata)};type=application/json"),
        *("--form", f"script=@{EXAMPLES / file};type=application/{kind}"),
    )
    assert answer.status == 200, answer.text


def create_namespace(platform: Platform, script: str, class_name: str) -> str:
    body = json.dumps({"name": f"{script}-objects", "script": script, "class": class_name})
    answer = platform.call_api("durable_objects/namespaces", "--data", body)
    assert answer.status == 200, answer.text
    namespace_id: str = json.loads(answer.text)["result"]["id"]
    return namespace_id


def namespace_binding(name: str, namespace_id: str) -> dict[str, object]:
    return {"type": "durable_object_namespace", "name": name, "namespace_id": namespace_id}


def published_counter(platform: Platform) -> Platform:
    """The counter bound to its own class, which takes a second upload."""
    metadata: dict[str, object] = {"main_module": "counter.mjs"}
    upload(platform, "counter", "counter.mjs", metadata)
    namespace_id = create_namespace(platform, "counter", "Counter")
    bindings = [namespace_binding("Counter", namespace_id)]
    upload(platform, "counter", "counter.mjs", metadata | {"bindings": bindings})
    return platform


def test_the_documentations_commands_publish_a_durable_object(
    platform: Platform, tmp_path: Path
) -> None:
    """The four curl commands in their order, as the page prints them."""
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")

    def shell(command: str) -> str:
        settings = {
            "API_TOKEN": TOKEN,
            "ACCOUNT_TAG": f"{platform.api}/accounts/local",
            "SCRIPT_NAME": "durable-object-example",
            "CALLING_SCRIPT_NAME": "calling-worker",
        }
        run = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    put_class = shell(
        'curl -i -H "Authorization: Bearer ${API_TOKEN}" '
        '"${ACCOUNT_TAG}/workers/scripts/${SCRIPT_NAME}" -X PUT '
        '-F "metadata=@durable-object-example.json;type=application/json" '
        '-F "script=@durable-object-example.mjs;type=application/javascript+module"'
    )
    assert " 200 " in put_class, put_class
    created = shell(
        'curl -i -H "Authorization: Bearer ${API_TOKEN}" '
        '"${ACCOUNT_TAG}/workers/durable_objects/namespaces" -X POST --data '
        '"{\\"name\\": \\"example-class\\", \\"script\\": \\"${SCRIPT_NAME}\\", '
        '\\"class\\": \\"DurableObjectExample\\"}"'
    )
    found = re.search(r'"id":\s*"([^"]+)"', created)
    assert found, created
    metadata = folder / "calling-worker.json"
    metadata.write_text(metadata.read_text().replace("<the namespace id from above>", found[1]))
    put_caller = shell(
        'curl -i -H "Authorization: Bearer ${API_TOKEN}" '
        '"${ACCOUNT_TAG}/workers/scripts/${CALLING_SCRIPT_NAME}" -X PUT '
        '-F "metadata=@calling-worker.json;type=application/json" '
        '-F "script=@calling-worker.js;type=application/javascript"'
    )
    assert " 200 " in put_caller, put_caller
    answer = platform.ask("calling-worker", "/", *IMPORTANT)
    assert answer.text == "127.0.0.1 stored important data!"


def test_an_acknowledged_increment_survives_a_crash(platform: Platform) -> None:
    published_counter(platform)
    assert platform.ask("counter", "/increment").text == COUNT.format(1)
    platform.process.kill()
    platform.restart()
    assert platform.ask("counter", "/").text == COUNT.format(1)


def test_a_polite_stop_ends_well_and_keeps_everything(platform: Platform) -> None:
    published_counter(platform)
    platform.ask("counter", "/increment")
    assert platform.process.stop() == 0
    platform.restart()
    assert platform.ask("counter", "/increment").text == COUNT.format(2)


def test_the_counter_runs_from_its_file(run_script: Callable[[Path], str]) -> None:
    origin = run_script(EXAMPLES / "counter.mjs")
    counts = [curl(origin + path).text for path in ("/increment", "/increment", "/")]
    assert counts == [COUNT.format(n) for n in (1, 2, 2)]
