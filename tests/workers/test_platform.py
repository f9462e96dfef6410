"""What a Worker finds around it: what came with its request, rejections that nobody heard."""

import json

import pytest

from holdfast.catalog import PlainText, Service
from holdfast.workers.load import names_match_statics
from tests.inprocess import Server

CF = """
export class Counter {
  fetch(request) { return Response.json(request.cf ?? "none"); }
}
export default {
  async fetch(request, env) {
    const stub = env.Counter.get(env.Counter.idFromName("a"));
    const { cf } = request;
    const copy = new Request(request);
    copy.cf.mine = 1;
    const own = { custom: [1] };
    return Response.json({
      same: cf === request.cf,
      country: cf.country,
      encoding: cf.clientAcceptEncoding,
      frozen: Object.isFrozen(cf.tlsClientAuth),
      mine: copy.cf.mine,
      kept: cf.mine,
      cloned: request.clone().cf.colo === cf.colo && request.clone().cf !== cf,
      given: new Request("http://x", { cf: own }).cf !== own,
      none: new Request("http://x").cf === undefined,
      passed: (await (await stub.fetch(new Request(request, { cf: own }))).json()).custom,
      incoming: (await (await stub.fetch(request)).json()).country,
      without: await (await stub.fetch("http://x")).json(),
    });
  },
};
"""


async def test_a_request_tells_what_cloudflare_would_know_of_it(server: Server) -> None:
    server.add("main", CF)
    told = json.loads(await server.text(headers={"Accept-Encoding": "gzip, br"}))
    assert told == {
        "same": True,
        "country": "XX",
        "encoding": "gzip, br",
        "frozen": True,
        "mine": 1,
        "cloned": True,
        "given": True,
        "none": True,
        "passed": [1],
        "incoming": "XX",
        "without": "none",
    }


CALLING = """
export default {
  async fetch(request, env) {
    const told = async (given) => (await (await env.OTHER.fetch(given)).json());
    const copy = new Request(request);
    copy.cf.country = "AQ";
    return Response.json([
      await told(request),
      await told(copy),
      await told(new Request("http://x/", { cf: { custom: [null] } })),
      await told("http://x/"),
    ]);
  },
};
"""
CALLED = """
export default {
  fetch: ({ cf }) => Response.json([cf?.country, cf?.custom, cf && Object.isFrozen(cf)]),
};
"""


async def test_a_service_sees_what_its_caller_says_of_a_request(server: Server) -> None:
    server.add("other", CALLED)
    server.add("main", CALLING, bindings=(Service("OTHER", "other", None),))
    assert json.loads(await server.text()) == [
        ["XX", None, True],
        ["AQ", None, True],
        [None, [None], True],
        [None, None, None],
    ]


REJECTING = """
const seen = [];
addEventListener("unhandledrejection", (event) => {
  seen.push(event.reason.message);
  if (event.reason.message === "prevented") event.preventDefault();
});
export default {
  async fetch(request) {
    const message = new URL(request.url).pathname.slice(1);
    if (message === "seen") return new Response(seen.join());
    Promise.reject(new Error(message));
    return new Response("ok");
  },
};
"""


async def test_a_rejection_is_logged_unless_its_event_is_canceled(server: Server) -> None:
    server.add("main", REJECTING)
    await server.text("/logged")
    await server.text("/prevented")
    assert await server.text("/seen") == "logged,prevented"
    (line,) = server.lines
    assert line.startswith("main error: Uncaught (in promise) Error: logged\n")
    assert "main.mjs" in line


async def test_a_script_can_ask_which_compatibility_flags_hold(server: Server) -> None:
    server.add(
        "main",
        """
        const asked = ["url_standard", "nodejs_compat", "delete_all_deletes_alarm", "made_up"];
        export default {
          fetch: () => Response.json([asked.map((name) => Cloudflare.compatibilityFlags[name]),
            Object.isFrozen(Cloudflare.compatibilityFlags), `${Cloudflare}`]),
        };
        """,
        compatibility_date="2025-01-01",
        compatibility_flags=("nodejs_compat",),
    )
    assert await server.text() == '[[true,true,false,null],true,"[object Cloudflare]"]'


async def test_a_script_with_a_workflow_beside_its_handler_loads(server: Server) -> None:
    server.add(
        "main",
        """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        import { NonRetryableError } from "cloudflare:workflows";
        export class Orders extends WorkflowEntrypoint { async run() {} }
        export default { fetch() {
          const [one, two] = [new NonRetryableError("no"), new NonRetryableError("no", "Mine")];
          return Response.json([one.name, one.message, two.name, one instanceof Error]);
        } };
        """,
    )
    assert await server.text() == '["NonRetryableError","no","Mine",true]'


@pytest.mark.parametrize(
    ("date", "flags", "kinds"),
    [
        (None, (), "object function function"),
        ("2025-08-14", (), "object undefined undefined"),
        (None, ("no_global_navigator",), "undefined function function"),
        (None, ("no_expose_global_message_channel",), "object undefined undefined"),
        ("2022-03-20", ("expose_global_message_channel",), "undefined function function"),
    ],
)
async def test_the_date_and_the_flags_say_which_globals_are_there(
    server: Server, date: str | None, flags: tuple[str, ...], kinds: str
) -> None:
    server.add(
        "main",
        """export default { fetch: () => new Response(
          `${typeof navigator} ${typeof MessageChannel} ${typeof MessagePort}`) };""",
        compatibility_date=date,
        compatibility_flags=flags,
    )
    assert await server.text() == kinds


@pytest.mark.parametrize(("date", "keys"), [(None, 5), ("2026-11-17", 5), ("2026-11-16", 0)])
async def test_modules_know_where_they_are_since_they_lie_in_a_folder(
    server: Server, date: str | None, keys: int
) -> None:
    server.add(
        "main",
        "export default { fetch: () => Response.json(Object.keys(import.meta).length) };",
        compatibility_date=date,
    )
    assert await server.text() == str(keys)


async def test_a_script_may_not_import_its_environment(server: Server) -> None:
    server.add(
        "main",
        """import { env, exports } from "cloudflare:workers";
        export default { fetch: (request, own) => Response.json([{ ...env, ...exports }, own]) };""",
        compatibility_flags=("disallow_importable_env",),
        bindings=(PlainText("WORD", "text"),),
    )
    assert await server.text() == '[{},{"WORD":"text"}]'


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x = RegExp.$1", True),
        ("x = RegExp [ '$&' ]", True),
        ("const {$1: name, $4: publicId} = RegExp;", True),
        ("const{lastMatch:a}=RegExp", True),
        ("const { $1: name } = RegExpress;", False),
        ("const { source } = RegExp; $1", False),
        ("new RegExp('a', flags); f({ $1: x }, RegExp)", False),
    ],
)
def test_scripts_that_ask_what_the_last_match_was_are_known_by_their_text(
    code: str, found: bool
) -> None:
    assert names_match_statics(code.encode()) is found
