"""`holdfast restore` and `holdfast check`: a data folder that no server has open."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from holdfast.cli.console import complain
from holdfast.cli.process import unusable_folder
from holdfast.server.backup import unpack
from holdfast.server.check import check_folder
from holdfast.server.data_folder import LOCK_FILE, RESTORING, DataFolder
from holdfast.storage import StorageError
from holdfast.storage.disk import sync_path


def restore(options: argparse.Namespace) -> int:
    """Make a data folder of a backup, and check it."""
    data = options.data
    if not os.path.isfile(options.backup):  # noqa: PTH113 - also where nobody can tell
        return complain(f"{options.backup} is no file")
    with ExitStack() as stack:
        try:
            stack.enter_context(DataFolder(data))
            if any(path.name != LOCK_FILE for path in data.iterdir()):
                return complain(f"{data} is not empty: name a new folder with --data")
            with _restoring(data):
                count = 0
                for count, name in enumerate(unpack(options.backup, data), 1):
                    sync_path(data / name)
                    _progress(counted(count, "file"))
                for folder in {path.parent for path in data.rglob("*")}:
                    sync_path(folder)
        except (ValueError, StorageError) as error:
            return complain(error)
        except OSError as error:
            return complain(unusable_folder(data, error))
        verb = "was" if count == 1 else "were"
        print(f"{counted(count, 'file')} {verb} restored to {data}.")
        return _check(options)


@contextmanager
def _restoring(data: Path) -> Iterator[None]:
    """Have nobody take a part of a backup for the whole; where that fails, leave nothing of it."""
    mark = data / RESTORING
    mark.touch()
    sync_path(data)
    try:
        yield
    except BaseException:
        for path in data.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in (LOCK_FILE, RESTORING):
                path.unlink(missing_ok=True)
        mark.unlink()
        raise
    mark.unlink()
    sync_path(data)


def check(options: argparse.Namespace) -> int:
    """Look whether every database, id and value in a data folder is sound."""
    if not os.path.isdir(options.data):  # noqa: PTH112 - also where nobody can tell
        return complain(f"{options.data} is no folder; name the data folder with --data")
    with ExitStack() as stack:
        try:
            stack.enter_context(DataFolder(options.data))
        except OSError as error:
            return complain(unusable_folder(options.data, error))
        return _check(options)


def _check(options: argparse.Namespace) -> int:
    files = faults = 0
    try:
        for finding in check_folder(options.data):
            files += 1
            _progress(f"{counted(files, 'file')} checked")
            for problem in finding.problems:
                faults += 1
                print(f"{finding.file}: {problem}")
    except OSError as error:
        return complain(unusable_folder(options.data, error))
    if faults:
        print(f"{counted(faults, 'fault')} in {counted(files, 'file')}.")
        return 1
    print(f"{counted(files, 'file')} {'is' if files == 1 else 'are'} sound.")
    return 0


def counted(number: int, what: str) -> str:
    """A number of things, with the plural where it belongs."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text} ")
        sys.stderr.flush()
