"""Worker Loaders in tests, as docs/testing.md has them."""

SCRIPT = """
export default {
  fetch(request, env) {
    const code = { compatibilityDate: "2026-07-01", mainModule: "main.js" };
    const modules = { "main.js": "export default { fetch: () => new Response('loaded') }" };
    return env.LOADER.load({ ...code, modules }).getEntrypoint().fetch(request);
  },
};
"""


def test_a_loader_is_bound(holdfast):
    worker = holdfast.worker(SCRIPT, env={"LOADER": holdfast.loader()})
    assert worker.fetch("/").text() == "loaded"
