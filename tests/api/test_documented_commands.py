"""The documentation's curl commands, as they stand there, but for the base URL."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from holdfast.catalog import ObjectNamespace, Syntax
from tests.api.fakes import TOKEN

EXAMPLES = Path(__file__).parents[2] / "js-examples"

UPLOAD_CLASS = """curl -i -H "Authorization: Bearer ${API_TOKEN}" \
"${BASE}/${ACCOUNT_TAG}/workers/scripts/${SCRIPT_NAME}" -X PUT \
-F "metadata=@durable-object-example.json;type=application/json" \
-F "script=@durable-object-example.mjs;type=application/javascript+module"
"""

CREATE_NAMESPACE = """curl -i -H "Authorization: Bearer ${API_TOKEN}" \
"${BASE}/${ACCOUNT_TAG}/workers/durable_objects/namespaces" -X POST --data \
"{\\"name\\": \\"example-class\\", \\"script\\": \\"${SCRIPT_NAME}\\", \
\\"class\\": \\"DurableObjectExample\\"}"
"""

UPLOAD_CALLER = """curl -i -H "Authorization: Bearer ${API_TOKEN}" \
"${BASE}/${ACCOUNT_TAG}/workers/scripts/${CALLING_SCRIPT_NAME}" -X PUT \
-F "metadata=@calling-worker.json;type=application/json" \
-F "script=@calling-worker.js;type=application/javascript"
"""

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def shell(api, tmp_path):
    """Runs a command line in a folder with the documentation's files."""
    for example in EXAMPLES.iterdir():
        if example.is_file():
            shutil.copy(example, tmp_path)
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "API_TOKEN": TOKEN,
        "BASE": f"{api.base}/client/v4/accounts",
        "ACCOUNT_TAG": "0123456789abcdef0123456789abcdef",
        "SCRIPT_NAME": "durable-object-example",
        "CALLING_SCRIPT_NAME": "calling-worker",
    }

    async def run(command):
        process = await asyncio.create_subprocess_shell(
            command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment, cwd=tmp_path,
        )  # fmt: skip
        output, _ = await process.communicate()
        head, _, body = output.decode().replace("\r\n", "\n").rpartition("\n\n")
        return int(head.rpartition("HTTP/1.1 ")[2].split()[0]), json.loads(body)

    return run


@pytest.mark.slow
async def test_the_documented_commands_make_two_workers_and_a_namespace(shell, platform, tmp_path):
    status, uploaded = await shell(UPLOAD_CLASS)
    assert (status, uploaded["success"]) == (200, True)
    assert uploaded["result"]["handlers"] == ["fetch"]

    status, created = await shell(CREATE_NAMESPACE)
    assert (status, created["success"]) == (200, True)
    assert created["result"]["class"] == "DurableObjectExample"
    namespace_id = created["result"]["id"]

    metadata = tmp_path / "calling-worker.json"
    text = re.sub(r"\"?<the namespace id from above>\"?", f'"{namespace_id}"', metadata.read_text())
    metadata.write_text(text)
    status, called = await shell(UPLOAD_CALLER)
    assert (status, called["success"]) == (200, True)
    script = platform.live["calling-worker"]
    assert script.syntax is Syntax.SERVICE_WORKER
    assert script.main == "calling-worker.js"
    assert script.bindings == (ObjectNamespace("EXAMPLE_CLASS", namespace_id),)


@pytest.mark.slow
async def test_the_documented_metadata_as_it_stands_is_refused_with_the_place(shell):
    _, answer = await shell(UPLOAD_CALLER)
    assert answer["success"] is False
    assert "EXAMPLE_CLASS" in answer["errors"][0]["message"]


@pytest.mark.slow
async def test_a_module_script_is_taken_as_body_part_too(shell, platform, tmp_path):
    (tmp_path / "durable-object-example.json").write_text('{"body_part": "script"}')
    status, _ = await shell(UPLOAD_CLASS)
    assert status == 200
    assert platform.live["durable-object-example"].syntax is Syntax.MODULES


@pytest.mark.slow
async def test_a_large_upload_that_waits_to_be_invited_arrives(shell, platform, tmp_path):
    script = tmp_path / "durable-object-example.mjs"
    script.write_text(script.read_text() + "\n//" + "x" * 150_000)
    status, _ = await shell(UPLOAD_CLASS.replace("curl -i", "curl -i -H 'Expect: 100-continue'"))
    assert status == 200
    assert len(platform.live["durable-object-example"].main_module.content) > 150_000
