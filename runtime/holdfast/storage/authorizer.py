"""What a script's SQL may do: workerd's lists, as SQLite's authorizer asks for them. Pure.

SQLite asks for every action of a statement while it compiles it, those of the triggers and
views that it runs included. https://www.sqlite.org/c3ref/set_authorizer.html
Names that begin with `_cf_` are the runtime's own, as are other databases than the object's.
https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#exec
"""

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType

import apsw

TRANSACTIONS = (
    "To execute a transaction, please use the state.storage.transaction() or "
    "state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT "
    "statements. The JavaScript API is safer because it will automatically roll back on "
    "exceptions, and because it interacts correctly with Durable Objects' automatic atomic "
    "write coalescing."
)

RESERVED_PREFIX = "_cf_"

# Tables that this build of SQLite has without anybody making them, and workerd's has not.
_FOREIGN_TABLES = frozenset({"dbstat", "sqlite_dbpage", "sqlite_stmt", "carray", "bytecode"})

_VIRTUAL_TABLES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})

# Core, dates, aggregates and windows, mathematics, JSON, full-text search, R*Tree; and what
# SQLite itself calls to alter a table. https://www.sqlite.org/lang_corefunc.html and the pages
# beside it, https://www.sqlite.org/json1.html, https://www.sqlite.org/fts5.html
_FUNCTIONS = """
abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid
length like likelihood likely lower ltrim max_scalar min_scalar nullif octet_length printf quote
random randomblob replace round rtrim sign soundex substr substring total_changes trim typeof
unhex unicode unlikely upper zeroblob

date time datetime julianday unixepoch strftime timediff current_date current_time
current_timestamp

avg count group_concat max min string_agg sum total row_number rank dense_rank percent_rank
cume_dist ntile lag lead first_value last_value nth_value

acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow
radians sin sinh sqrt tan tanh trunc

json jsonb json_array jsonb_array json_array_length json_extract jsonb_extract -> ->> json_insert
jsonb_insert json_object jsonb_object json_patch jsonb_patch json_remove jsonb_remove json_replace
jsonb_replace json_set jsonb_set json_type json_valid json_quote json_group_array jsonb_group_array
json_group_object jsonb_group_object json_each json_tree

match highlight bm25 snippet rtreecheck

sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column
sqlite_rename_quotefix
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())

# What tells the time, or chance, or what has been written.
_FICKLE = frozenset(
    [
        "random",
        "randomblob",
        "date",
        "time",
        "datetime",
        "julianday",
        "unixepoch",
        "strftime",
        "timediff",
        "current_date",
        "current_time",
        "current_timestamp",
        "changes",
        "total_changes",
        "last_insert_rowid",
    ]
)


def is_allowed_name(name: str | None) -> bool:
    """True for the name of a table, index, view or trigger that a script may use."""
    return name is None or name[: len(RESERVED_PREFIX)].lower() != RESERVED_PREFIX


def _no_argument(argument: str | None) -> bool:
    return argument is None


_BOOLEAN = re.compile(r"""(["']?)(true|false|yes|no|on|off|1|0)\1""", re.IGNORECASE)


def _boolean(argument: str | None) -> bool:
    return argument is None or bool(_BOOLEAN.fullmatch(argument))


def _name(argument: str | None) -> bool:
    return argument is not None and is_allowed_name(argument)


def _number(argument: str | None) -> bool:
    return argument is None or bool(re.fullmatch(r"[-+]?(0[xX][0-9a-fA-F]+|\d+)", argument))


# https://www.sqlite.org/pragma.html, each with the arguments that it may have.
_PRAGMAS: MappingProxyType[str, Callable[[str | None], bool]] = MappingProxyType(
    {
        "table_list": lambda _argument: True,
        "table_info": _name,
        "table_xinfo": _name,
        "data_version": _no_argument,
        "page_size": _no_argument,  # R*Tree asks for it
        "case_sensitive_like": _boolean,
        "foreign_keys": _boolean,
        "defer_foreign_keys": _boolean,
        "ignore_check_constraints": _boolean,
        "legacy_alter_table": _boolean,
        "recursive_triggers": _boolean,
        "reverse_unordered_selects": _boolean,
        "foreign_key_check": is_allowed_name,
        "foreign_key_list": _name,
        "index_info": _name,
        "index_list": _name,
        "index_xinfo": _name,
        "quick_check": is_allowed_name,
        "optimize": _number,
    }
)

# Settings of a connection that a script may have changed for good.
SETTINGS = frozenset(
    {
        "case_sensitive_like",
        "foreign_keys",
        "ignore_check_constraints",
        "legacy_alter_table",
        "recursive_triggers",
        "reverse_unordered_selects",
    }
)

# Actions whose first name is that of what they act on.
_ON_A_NAME = frozenset(
    {
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_DELETE,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_INSERT,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_REINDEX,
        apsw.SQLITE_UPDATE,
    }
)
_ON_TWO_NAMES = frozenset(
    {
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_DROP_TRIGGER,
    }
)
_VIRTUAL = frozenset({apsw.SQLITE_CREATE_VTABLE, apsw.SQLITE_DROP_VTABLE})
# PRAGMA optimize analyzes every table; what that reveals of ours is how long it is.
_ALWAYS = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE, apsw.SQLITE_ANALYZE})
_TRANSACTIONS = frozenset({apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT})

# What changes the schema, and with it the columns of statements that are known.
SCHEMA_CHANGES = (_ON_A_NAME | _ON_TWO_NAMES | _VIRTUAL | {apsw.SQLITE_ALTER_TABLE}) - {
    apsw.SQLITE_DELETE,
    apsw.SQLITE_INSERT,
    apsw.SQLITE_UPDATE,
    apsw.SQLITE_REINDEX,
}


_WITH_OURS = frozenset({"sqlite_master", "pragma_table_list"})  # tables that we may make meanwhile
_OF_QUERIES = frozenset(
    {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}
)

Action = tuple[int, str | None, str | None]


def is_query(actions: Sequence[Action]) -> bool:
    """True for a statement that can change nothing, whose actions these are; no PRAGMA is one."""
    return all(action in _OF_QUERIES for action, _, _ in actions)


def is_repeatable(actions: Sequence[Action]) -> bool:
    """True for a query that gives the same rows again, as long as no script's SQL changes any."""
    return not any(
        name in _FICKLE
        if action == apsw.SQLITE_FUNCTION
        else action == apsw.SQLITE_READ and table in _WITH_OURS
        for action, table, name in actions
    )


def is_transaction(action: int) -> bool:
    """True for BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE, which have an error of their own."""
    return action in _TRANSACTIONS


def is_about_reserved(action: int, first: str | None, second: str | None) -> bool:
    """True where a pragma describes one of the runtime's own tables, or its indexes.

    `SELECT … FROM sqlite_schema AS t, pragma_table_info(t.name)`, with which libraries look for
    tables, asks for that without a script that spells the name; it is told of no columns. workerd
    has no such table in an object that uses SQL alone.
    """
    return (
        action == apsw.SQLITE_PRAGMA
        and _PRAGMAS.get(first or "") is _name
        and not is_allowed_name(second)
    )


def is_allowed(action: int, first: str | None, second: str | None, database: str | None) -> bool:
    """May a script's SQL do this? The arguments are those of SQLite's authorizer."""
    if action == apsw.SQLITE_ALTER_TABLE:
        # This one alone has the database's name first.
        return first == "main" and is_allowed_name(second)
    if database == "temp":
        return action in (apsw.SQLITE_READ, apsw.SQLITE_UPDATE) and is_allowed_name(first)
    if database not in (None, "main"):
        return False
    if action == apsw.SQLITE_READ:
        return is_allowed_name(first) and first not in _FOREIGN_TABLES
    if action in _ALWAYS:
        return True
    if action == apsw.SQLITE_FUNCTION:
        return (second or "").lower() in FUNCTIONS  # as it is spelt where it is a default
    if action in _ON_A_NAME:
        return is_allowed_name(first)
    if action in _ON_TWO_NAMES:
        return is_allowed_name(first) and is_allowed_name(second)
    if action in _VIRTUAL:
        return (second or "").lower() in _VIRTUAL_TABLES and is_allowed_name(first)
    if action == apsw.SQLITE_PRAGMA:
        accepts = _PRAGMAS.get(first or "")
        return accepts is not None and accepts(second)
    return False
