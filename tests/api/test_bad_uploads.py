"""Uploads that are refused, and what their uploader is told."""

import re

import pytest

from tests.api.fakes import ESM, MAIN, esm

BAD_UPLOADS = {
    "no metadata": (None, [esm()], 10021, '"metadata". Found: "main.mjs".* With curl: -F'),
    "metadata that is no JSON": (
        '{\n  "main_module": oops\n}',
        [esm()],
        10021,
        "line 2, column 18",
    ),
    "metadata that is no UTF-8": (b'{"main_module": "\xff"}', [esm()], 10021, "not valid JSON"),
    "metadata that is no object": ("[]", [esm()], 10021, "must be a JSON object"),
    "metadata nested too deeply": ("[" * 100_000, [esm()], 10021, "nested too deeply"),
    "a huge number": ('{"a": ' + "9" * 5000 + "}", [esm()], 10021, "not valid JSON"),
    "neither main": ({}, [esm()], 10021, '"main_module"'),
    "both mains": ({**MAIN, "body_part": "main.mjs"}, [esm()], 10021, "either"),
    "main of a wrong type": ({"main_module": 7}, [esm()], 10021, "metadata.main_module"),
    "a main module that is missing": (
        {"main_module": "other.mjs"},
        [("script", "main.mjs", ESM, "")],
        10021,
        'names "other.mjs".*Found: "main.mjs" \\(part "script"\\)',
    ),
    "a body part that is missing": ({"body_part": "script"}, [esm()], 10021, 'names "script"'),
    "no modules": (MAIN, [], 10021, "Found: none"),
    "a main module of a wrong type": (
        MAIN,
        [("main.mjs", "main.mjs", "application/javascript", "")],
        10021,
        "send it as application/javascript\\+module",
    ),
    "a body part of a wrong type": (
        {"body_part": "script"},
        [("script", "s.js", "application/octet-stream", "")],
        10021,
        "application/javascript \\(a service worker\\)",
    ),
    "two modules of a name": (MAIN, [esm(), esm()], 10021, 'modules named "main.mjs"'),
    "a module of an unknown type": (
        MAIN,
        [esm(), ("a", "a.png", "image/png", "")],
        10021,
        "'image/png'",
    ),
    "a Python module": (MAIN, [esm(), ("a", "a.py", "text/x-python", "")], 10021, "Python"),
    "a reserved name": (MAIN, [esm(), ("a", "cloudflare:x", ESM, "")], 10021, "reserved"),
    "JSON with an error": (
        MAIN,
        [esm(), ("a", "lib/a.json", "application/json", '{\n"a": }')],
        10021,
        "lib/a.json:2:6",
    ),
    "a script that is no UTF-8": (MAIN, [esm(content=b"1\n2\n\xff")], 10021, "main.mjs:3"),
    "a syntax error": (MAIN, [esm(content="export default {}\nSYNTAX ERROR")], 10021, "mjs:2"),
    "no handlers": (
        MAIN,
        [esm(content="export class Counter {}")],
        10068,
        "The uploaded script has no registered event handlers",
    ),
    "a date that is none": (
        {**MAIN, "compatibility_date": "2024-02-30"},
        [esm()],
        10021,
        "compatibility_date",
    ),
    "flags that are no list": (
        {**MAIN, "compatibility_flags": "x"},
        [esm()],
        10021,
        "compatibility_flags must be a list",
    ),
    "a flag that nobody knows": (
        {**MAIN, "compatibility_flags": ["nodejs_compact"]},
        [esm()],
        10021,
        'No such compatibility flag: nodejs_compact .did you mean "nodejs_compat"',
    ),
    "assets without their token": (
        {**MAIN, "assets": {"config": {}}},
        [esm()],
        10021,
        "metadata.assets.jwt is missing",
    ),
    "assets with another token": (
        {**MAIN, "assets": {"jwt": "x"}},
        [esm()],
        10021,
        "no token of an upload of assets",
    ),
    "assets in odd ways": (
        {**MAIN, "assets": {"jwt": "x", "config": {"html_handling": "odd"}}},
        [esm()],
        10021,
        '"html_handling" must be one of',
    ),
    "a binding to no assets": (
        {**MAIN, "bindings": [{"type": "assets", "name": "A"}]},
        [esm()],
        10021,
        "is to static assets, which the upload does not have",
    ),
    "nothing but the wish to keep": (
        {"keep_assets": True},
        [],
        10021,
        "neither a script nor assets",
    ),
    "modules of which none is the main one": (
        {"assets": {"jwt": "x"}},
        [esm()],
        10021,
        "but it has modules",
    ),
    "a class renamed to nothing": (
        {**MAIN, "migrations": {"renamed_classes": [{"from": "A"}]}},
        [esm()],
        10021,
        "renamed_classes needs from and to",
    ),
    "a transfer from nowhere": (
        {**MAIN, "migrations": {"transferred_classes": [{"from": "A", "to": "B"}]}},
        [esm()],
        10021,
        "transferred_classes needs from and to and from_script",
    ),
    "exports and migrations": (
        {**MAIN, "exports": {"Counter": {"type": "durable-object"}}, "migrations": {"steps": [{}]}},
        [esm()],
        10021,
        "not both",
    ),
    "a declared class that the script lacks": (
        {**MAIN, "exports": {"Missing": {"type": "durable-object", "storage": "sqlite"}}},
        [esm()],
        10070,
        "'Missing' that is not exported",
    ),
    "a declared class in a state that is none": (
        {**MAIN, "exports": {"Counter": {"type": "durable-object", "state": "moved"}}},
        [esm()],
        10021,
        "exports.Counter.state must be one of created, deleted, renamed",
    ),
    "a declared class that is transferred to none": (
        {**MAIN, "exports": {"Counter": {"type": "durable-object", "state": "transferred"}}},
        [esm()],
        10021,
        "exports.Counter.transferred_to must name",
    ),
    "a class that is renamed to none": (
        {
            **MAIN,
            "exports": {"A": {"type": "durable-object", "state": "renamed", "renamed_to": "B"}},
        },
        [esm()],
        10021,
        "renamed to 'B', which is not there",
    ),
    "a list for a step": (
        {**MAIN, "migrations": {"steps": [[]]}},
        [esm()],
        10021,
        "list of objects",
    ),
    "a migration that is misspelt": (
        {**MAIN, "migrations": {"new_tag": "v1", "new_sqlite_class": ["Counter"]}},
        [esm()],
        10021,
        "metadata.migrations knows no 'new_sqlite_class'; it knows new_classes,",
    ),
    "a migration beside the steps": (
        {**MAIN, "migrations": {"new_tag": "v1", "steps": [], "new_classes": ["Counter"]}},
        [esm()],
        10021,
        "metadata.migrations knows no 'new_classes'; it knows old_tag, new_tag, steps",
    ),
    "a class that is missing": (
        {**MAIN, "migrations": {"new_classes": ["Missing"]}},
        [esm()],
        10070,
        "new-class migration to class 'Missing' that is not exported",
    ),
    "a renamed class that was not there": (
        {**MAIN, "migrations": {"renamed_classes": [{"from": "A", "to": "Counter"}]}},
        [esm()],
        10074,
        "rename-class migration to class 'A' which was not exported",
    ),
    "a tag that is not the script's": (
        {**MAIN, "migrations": {"old_tag": "v1", "new_tag": "v2", "new_classes": []}},
        [esm()],
        10079,
        "got tag 'v1' when expected tag is ''",
    ),
}

BAD_BINDINGS = {
    "no list": ({}, 10021, "must be a list"),
    "no object": ([7], 10021, "bindings\\[0\\] must be an object"),
    "no type": ([{"name": "A"}], 10021, 'binding "A": "type"'),
    "no name": ([{"type": "plain_text", "text": ""}], 10021, 'bindings\\[0\\]: "name"'),
    "an empty name": ([{"type": "plain_text", "name": "", "text": ""}], 10021, "not be empty"),
    "an unknown type": ([{"type": "vectorize", "name": "A"}], 10021, "vectorize.*plain_text"),
    "no text": ([{"type": "plain_text", "name": "A"}], 10021, '"A": "text" must be a string'),
    "no value": ([{"type": "json", "name": "A"}], 10021, '"json" is missing'),
    "a lone surrogate": (
        [{"type": "plain_text", "name": "A", "text": "\ud800"}],
        10021,
        "well-formed",
    ),
    "a name used twice": (
        [{"type": "plain_text", "name": "A", "text": ""}] * 2,
        10021,
        '"A" is used more than once',
    ),
    "an unknown namespace": (
        [{"type": "durable_object_namespace", "name": "A", "namespace_id": "f" * 32}],
        10066,
        'binding "A".*f{32}',
    ),
    "neither id nor class": (
        [{"type": "durable_object_namespace", "name": "A"}],
        10021,
        '"class_name" must be a string',
    ),
    "a class this script does not export": (
        [{"type": "durable_object_namespace", "name": "A", "class_name": "Missing"}],
        10070,
        "Missing",
    ),
    "a class of an unknown script": (
        [
            {
                "type": "durable_object_namespace",
                "name": "A",
                "class_name": "C",
                "script_name": "nobody",
            }
        ],
        10061,
        'no Worker named "nobody"',
    ),
    "a class another script does not export": (
        [
            {
                "type": "durable_object_namespace",
                "name": "A",
                "class_name": "Missing",
                "script_name": "other",
            }
        ],
        10061,
        "does not export.*exports: Counter",
    ),
    "an unknown service": ([{"type": "service", "name": "A", "service": "no"}], 10143, '"no"'),
    "nothing to inherit": ([{"type": "inherit", "name": "A"}], 10057, "inherit"),
}
BAD_UPLOADS |= {
    f"a binding with {what}": ({**MAIN, "bindings": bindings}, [esm()], code, message)
    for what, (bindings, code, message) in BAD_BINDINGS.items()
}


@pytest.mark.parametrize("what", BAD_UPLOADS)
async def test_a_bad_upload_is_refused_and_the_live_version_stays(api, platform, what):
    metadata, parts, expected_code, expected = BAD_UPLOADS[what]
    await api.upload("other", MAIN, esm())
    before = (await api.upload("w", MAIN, esm(content="export default { v: 1 }"))).result
    answer = await api.upload("w", metadata, *parts)
    assert 400 <= answer.status < 500
    code, message = answer.error
    assert code == expected_code
    assert re.search(expected, message, re.IGNORECASE), message
    [_, after] = (await api.call("GET", "/scripts")).result
    assert after["deployment_id"] == before["deployment_id"]
    assert b"v: 1" in platform.catalog.script("w").main_module.content
    assert platform.catalog.namespaces() == []
