"""Imports that lead nowhere are told with their line."""

import pytest

from holdfast.engine import Module, ModuleKind
from holdfast.workers.import_places import place_of_import

MAIN = """import { other } from "./lib/b.mjs";
import {
  first, second as two,
} from './lib/b.mjs'; export { third } from "./lib/b.mjs";
import standard from "./lib/b.mjs"; import "./gone.mjs";
const late = () => import("./lib/late.mjs");
"""


@pytest.mark.parametrize(
    ("reason", "place"),
    [
        ("The requested module 'lib/b.mjs' does not provide an export named 'second'", "3:10"),
        ("The requested module 'lib/b.mjs' does not provide an export named 'third'", "4:32"),
        ("The requested module 'lib/b.mjs' does not provide an export named 'default'", "5:1"),
        ("The requested module 'lib/b.mjs' does not provide an export named 'secon'", None),
        ('No such module "gone.mjs", imported from "main.mjs".', "5:45"),
        ('No such module "lib/late.mjs", imported from "main.mjs".', "6:28"),
        ('No such module "c.mjs", imported from "lib/b.mjs".', None),
        ("Unexpected token ';'", None),
    ],
)
def test_an_import_that_leads_nowhere_is_found(reason: str, place: str | None) -> None:
    modules = [
        Module("text.txt", ModuleKind.TEXT, b'import { second } from "./lib/b.mjs"'),
        Module("main.mjs", ModuleKind.ESM, MAIN.encode()),
        Module("lib/b.mjs", ModuleKind.ESM, b"export const other = 1;"),
    ]
    told = place_of_import(f"Uncaught SyntaxError: {reason}", modules)
    assert told == ("" if place is None else f"    at main.mjs:{place}")
