"""The commands about what is stored: objects, backups, the data folder itself."""

from pathlib import Path
from typing import Any

from holdfast.cli.parser import Parser, command, group
from holdfast.cli.where import add_data, add_remote

_OBJECTS = """\
Shows and changes what Durable Objects hold, while the `holdfast serve` that they belong to
runs. A namespace is named by its id, its name or its class, an object by its id or the name
that its id was made from.

examples:
  holdfast objects list Counter
  holdfast objects show Counter A --json
  holdfast objects export Counter --all --to folder
  holdfast objects restore Counter A --time 2026-01-31T12:00:00Z
"""

_D1 = """\
Makes, migrates and asks D1 databases: those of a data folder, whether or not a server runs on it,
or with --remote those of a `holdfast serve`. A database is named as the wrangler.jsonc in this
folder calls it, or by its id.

examples:
  holdfast d1 migrations apply shop          those of the project here, for `holdfast dev`
  holdfast d1 execute shop --command "SELECT * FROM orders" --json
  holdfast d1 export shop --to shop.sql --remote
"""

_TRAVEL = "d1_time_travel"

_R2 = "Tells how clients of S3 reach the R2 buckets of a `holdfast serve`."

_CREDENTIALS = """\
Prints what S3's clients need, for a shell: eval "$(holdfast r2 credentials)". The secret is
derived of the API's token, and opens the buckets to whoever has it. No server is asked.
"""

_BACKUP = """\
Writes a copy of all that a running `holdfast serve` keeps to a tar file: objects, uploads, KV
namespaces, the keys. Each database is copied as it is at one moment, and nobody has to wait.
The file holds secrets: keep it as you keep the data folder.

example:
  holdfast backup /mnt/backups/holdfast-$(date +%F).tar --data /var/lib/holdfast
"""

_RESTORE = """\
Makes a new data folder of a backup, and checks it.

example:
  holdfast restore holdfast-2026-01-31.tar --data /var/lib/holdfast
"""


def add_objects(commands: Any) -> None:
    """`holdfast objects …`."""
    summary = "look into Durable Objects, copy and change them"
    group(commands, "objects", summary, _OBJECTS, _add_object_actions)


def _add_object_actions(actions: Any) -> None:
    listing = _action(actions, "list", "list the objects of a namespace", "list_objects")
    _add_json(listing)
    show = _action(actions, "show", "show what an object holds, keys and values", "show")
    _add_object(show)
    show.add_argument("--prefix", default="", help="only keys that begin with this")
    _add_json(show)
    export = _action(actions, "export", "write an object to a SQLite file", "export")
    _add_object(export, or_all="write each object of the namespace to a file in a folder")
    _add_file(export, "--to", "the file, or with --all the folder, to write")
    taking = _action(actions, "import", "put an exported file in an object's place", "import_")
    _add_object(taking, or_all="take each file of a folder, by the ids that they are named by")
    _add_file(taking, "--from", "the file, or with --all the folder, to read")
    _add_yes(taking)
    delete = _action(actions, "delete", "remove all that an object holds", "delete")
    _add_object(delete)
    _add_yes(delete)
    restore = _action(actions, "restore", "take an object back in time", "restore")
    _add_object(restore)
    moment = restore.add_mutually_exclusive_group(required=True)
    moment.add_argument("--time", help="such as 2026-01-31T12:00:00Z")
    moment.add_argument("--bookmark", help="as ctx.storage.getCurrentBookmark() gave it")
    for action in (listing, show, export, taking, delete, restore):
        add_remote(action)


def add_folder_commands(commands: Any) -> None:
    """`holdfast backup`, `restore` and `check`."""
    backup = command(
        commands, "backup", "copy all that a server keeps", _BACKUP, ("objects", "back_up")
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="the tar file to write")
    backup.add_argument("--force", action="store_true", help="write over a file that is there")
    add_remote(backup)
    restore = command(
        commands,
        "restore",
        "make a data folder of a backup",
        _RESTORE,
        ("folder", "restore"),
    )
    restore.add_argument("backup", type=Path, metavar="FILE", help="what `holdfast backup` wrote")
    add_data(restore)
    check = command(
        commands,
        "check",
        "look whether a data folder is sound",
        "Looks at every database, id and value in a data folder that no server has open.",
        ("folder", "check"),
    )
    add_data(check)


def add_d1(commands: Any) -> None:
    """`holdfast d1 …`."""
    group(commands, "d1", "make D1 databases, migrate them and ask them", _D1, _add_d1_actions)


def add_r2(commands: Any) -> None:
    """`holdfast r2 …`."""
    group(commands, "r2", "tell how S3's clients reach R2 buckets", _R2, _add_r2_actions)


def _add_r2_actions(actions: Any) -> None:
    summary = "print an access key, its secret and the endpoint"
    parser = command(actions, "credentials", summary, _CREDENTIALS, ("r2", "credentials"))
    _add_json(parser)
    add_remote(parser)


def _add_d1_actions(actions: Any) -> None:
    create = _d1_action(actions, "create", "create a database of a server", "create")
    create.add_argument("name", metavar="NAME", help="what the database is called")
    add_remote(create)
    add_remote(_d1_action(actions, "list", "list the databases of a server", "list_databases"))
    execute = _d1_action(actions, "execute", "run SQL, as one transaction", "execute")
    execute.add_argument("--command", dest="sql", metavar="SQL", help="statements to run")
    execute.add_argument("--file", type=Path, metavar="FILE", help="a file of statements, in SQL")
    _add_json(execute)
    _add_d1(execute)
    export = _d1_action(actions, "export", "write a database to a file of SQL", "export")
    _add_file(export, "--to", "the file to write")
    _add_d1(export)
    summary, description = "list or apply migrations", "Lists or applies migrations."
    group(actions, "migrations", summary, description, _add_migrations_actions)
    summary = "take a database back in time"
    description = "Tells bookmarks of a database, and takes it back to one."
    group(actions, "time-travel", summary, description, _add_time_travel_actions)


def _add_migrations_actions(actions: Any) -> None:
    _add_d1(
        _d1_action(actions, "list", "list migrations that are to be applied", "list_migrations")
    )
    _add_d1(_d1_action(actions, "apply", "apply migrations that were not yet", "apply_migrations"))


def _add_time_travel_actions(actions: Any) -> None:
    info = _d1_action(actions, "info", "tell the bookmark of now, or of a time", "info", _TRAVEL)
    restore = _d1_action(actions, "restore", "take a database back in time", "restore", _TRAVEL)
    restore.add_argument("--bookmark", help="as `info` or an earlier `restore` gave it")
    for action in (info, restore):
        action.add_argument(
            "--timestamp",
            metavar="TIME",
            help="such as 2026-01-31T12:00:00Z, or seconds since 1970",
        )
        _add_json(action)
        _add_d1(action)


def _d1_action(actions: Any, name: str, summary: str, function: str, module: str = "d1") -> Parser:
    description = f"{summary[0].upper()}{summary[1:]}."
    return command(actions, name, summary, description, (module, function))


def _add_d1(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the database's name, its binding or its id")
    parser.add_argument(
        "--project",
        type=Path,
        default=Path(),
        metavar="PATH",
        help="the configuration file that has it, or its folder (default: the nearest)",
    )
    parser.add_argument(
        "--env", metavar="NAME", help="the environment of the configuration file to use"
    )
    parser.add_argument(
        "--remote",
        action="store_true",
        help="ask a `holdfast serve`, and not the data folder",
    )
    add_remote(parser)


def _action(actions: Any, name: str, summary: str, function: str) -> Parser:
    description = f"{summary[0].upper()}{summary[1:]}."
    parser = command(actions, name, summary, description, ("objects", function))
    parser.add_argument("namespace", metavar="NAMESPACE", help="its id, name or class")
    return parser


def _add_object(parser: Parser, *, or_all: str | None = None) -> None:
    parser.add_argument(
        "object",
        metavar="OBJECT",
        nargs="?" if or_all else None,
        help="its id or its name",
    )
    if or_all:
        parser.add_argument("--all", action="store_true", help=or_all)


def _add_file(parser: Parser, option: str, meaning: str) -> None:
    parser.add_argument(option, dest="file", type=Path, required=True, metavar="FILE", help=meaning)


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_yes(parser: Parser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask whether it is meant")
