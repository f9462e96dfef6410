"""The engine's queue of jobs, run by one call.

QuickJS runs one job with each call of `JS_ExecutePendingJob`. From Python such a call costs a
third of a microsecond, and lets go of Python's lock, which another thread may take. The C
library has a loop that calls any function again and again: `tfind` goes down a binary tree, where
it compares a key with each node's. Here the key is the runtime, and to compare is to run a job: 1
says that one has run, and leads to the right; 0 that none was left, and ends the search; -1 that
one has left an exception, and leads to the left. The tree is a single node, to the right of which
is the node itself, and to the left nothing.

That a node is its key, its left and its right one holds in glibc, in musl and on macOS.
https://pubs.opengroup.org/onlinepubs/9699919799/functions/tdelete.html
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.engine.library import c_library, ffi, lib

_EXECUTE_JOB = ffi.addressof(lib, "JS_ExecutePendingJob")


def job_runner(runtime: Any) -> Callable[[], Any]:
    """A function that runs the jobs of a runtime until there is none.

    What it returns is false if one has left an exception, and so has ended this: whoever has seen
    to that calls it again. JS_ExecutePendingJob.
    """
    tree = ffi.new("struct job_tree *")
    tree.root = tree.node.right = ffi.addressof(tree, "node")
    tree.node.key = ffi.addressof(tree, "context")
    return partial(c_library.tfind, runtime, tree, _EXECUTE_JOB)
