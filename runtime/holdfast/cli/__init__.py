"""The console script `holdfast`.

Knows everything below. arguments.py describes the command line; each command is a
module of its own, imported when it is chosen, so that none pays for another's imports:
local.py (`dev`, `run`), serve.py (`serve`), remote.py (`deploy`, `namespace`).
console.py prints what scripts say, watch.py notices changed files, process.py has what
every long-running command needs.
"""

import sys
from collections.abc import Sequence

from holdfast.cli.arguments import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the process's exit status."""
    options = parse(arguments)
    try:
        status: int = options.run(options)
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
