"""The console script `holdfast`.

Knows everything below. arguments.py describes the command line, with the parser of
parser.py; each command is a module of its own, imported when it is chosen, so that none
pays for another's imports: local.py (`dev`, `run`), serve.py (`serve`), remote.py
(`deploy`, `namespace`), objects.py (`objects`, `backup`), folder.py (`restore`, `check`),
d1.py and d1_time_travel.py (`d1`), r2.py (`r2`), completion.py (`completion`).
data_arguments.py describes those about what is stored, where.py has what several take.
script_file.py and project_file.py read what is to be served, given.py has the bindings that the
command line gives, reload.py takes up changes,
unapplied.py looks for migrations; terminal.py, json_log.py and console.py print, listening.py tells
where clients connect, process.py has what every long-running command needs, processes.py, cores.py,
post.py and shard.py what differs with several processes.

docs/command-line.md is the page for its users.
"""

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130  # what a shell reports for a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the process's exit status."""
    _take_standard_streams()
    try:
        # Here, so that Ctrl-C during the imports is no traceback either.
        from holdfast.cli.arguments import parse

        options = parse(arguments)
        status: int = options.run(options)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        status = 1
    except _unsupported_engine() as error:
        sys.stderr.write(f"holdfast: {error}\n")
        status = 1
    return status or _flush()


def _take_standard_streams() -> None:
    """Have the descriptors 0 to 2 lead nowhere where they are closed (`>&-`).

    Else files and sockets would get these numbers: what C code tells of an error would be written
    into them, and libuv ends the process where it is to close one.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def _unsupported_engine() -> type[BaseException] | tuple[()]:
    """The error that the engine's import raises; nothing while nobody has imported it."""
    errors = sys.modules.get("holdfast.engine.errors")
    kind: type[BaseException] | tuple[()] = getattr(errors, "UnsupportedEngine", ())
    return kind


def _flush() -> int:
    """Write out what was printed; 1 where nobody takes it (`| head`), which is no traceback."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        from holdfast.cli.terminal import lead_nowhere

        lead_nowhere(sys.stdout)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
