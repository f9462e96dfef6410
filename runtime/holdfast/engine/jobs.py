"""The engine's queue of jobs, run by one call.

QuickJS runs one job with each call of `JS_ExecutePendingJob`. From Python such a call costs a
microsecond, and lets go of Python's lock, which another thread may take. The C library has a loop
that calls any function again and again: `tfind` goes down a binary tree, where it compares a key
with each node. Here the key is the runtime, and to compare is to run a job: 1 says that one has
run, and leads to the right; 0 that none was left, and ends the search; -1 that one has left an
exception, and leads to the left. The tree has one node, to the right of which is the node itself,
and to the left nothing.

That a node is its key, its left and its right one holds in glibc, musl and macOS's C library.
https://pubs.opengroup.org/onlinepubs/9699919799/functions/tdelete.html
"""

from typing import Any

from holdfast.engine.library import c_library, ffi, lib

_find = c_library.tfind
_EXECUTE_JOB = ffi.addressof(lib, "JS_ExecutePendingJob")


class Jobs:
    """The jobs of one runtime."""

    __slots__ = ("_context", "_node", "_root", "_runtime")

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._context = ffi.new("JSContext **")  # of the last job
        self._node = ffi.new("struct tree_node *")
        self._node.key = self._context
        self._node.right = self._node
        self._root = ffi.new("void *[1]", [self._node])

    def run(self) -> bool:
        """Run jobs until there is none; False if one has left an exception, which ends this.

        JS_ExecutePendingJob.
        """
        return bool(_find(self._runtime, self._root, _EXECUTE_JOB))
