"""Scripts that are bundled: their errors are told where their author wrote them."""

import pytest

from holdfast.testing import JavaScriptError
from tests.peers import esbuild_folder


def test_an_error_is_told_with_the_line_of_the_source(holdfast, tmp_path):
    (tmp_path / "node_modules").symlink_to(esbuild_folder())
    (tmp_path / "greet.ts").write_text(
        "type Name = string;\n\nexport const greet = (name: Name) => {\n"
        "  if (!name) throw new RangeError('nobody');\n  return `hello ${name}`;\n};\n"
    )
    (tmp_path / "index.ts").write_text(
        "import { greet } from './greet';\n"
        "export default { fetch: (request: Request) =>\n"
        "  new Response(greet(new URL(request.url).pathname.slice(1))) };\n"
    )
    worker = holdfast.worker(tmp_path / "index.ts")
    assert worker.fetch("/ada").text() == "hello ada"
    handler = worker.run("async () => typeof (await import('./index.ts')).default.fetch")
    assert handler == "function"
    with pytest.raises(JavaScriptError) as caught:
        worker.fetch("/")
    assert "greet.ts:4:" in caught.value.stack and "index.ts:3:" in caught.value.stack
    assert ">    4 |   if (!name) throw new RangeError('nobody');" in caught.value.source


def test_an_error_that_is_logged_is_told_so_too(holdfast, tmp_path):
    (tmp_path / "node_modules").symlink_to(esbuild_folder())
    (tmp_path / "index.ts").write_text(
        "interface Nothing {}\n\nexport default { fetch() {\n"
        "  console.log(new Error('seen'));\n  return new Response();\n} };\n"
    )
    worker = holdfast.worker(tmp_path / "index.ts")
    worker.fetch()
    assert "at fetch (index.ts:4:" in worker.logs[0].text
