"""QuickJS through cffi: isolates that load modules, run turns and end cleanly; WebAssembly.

May import nothing else of Holdfast: it knows no HTTP, no SQLite and no Workers.
Nothing but this folder touches cffi.

- `Isolate` (isolate.py): one JSRuntime and one JSContext with their limits;
  `evaluate` a module, `call` a function, `close`; entry.py: the way in for all else; `Handle`
  (handle.py): a value that Python holds on to.
- `Module`, `ModuleKind` (modules.py): what a script is made of;
  `ModuleLoader` (loader.py): how an import finds it, commonjs.py how `require` does;
  load_attempts.py: what an import that failed leaves behind; import_meta.py, source_phase.py:
  `import.meta`, `import source`.
- `Arguments` (arguments.py), `Converter` and `Json` (values.py): what crosses, into a call and
  out of one; json_transcoder.py makes values of large JSON.
- `OpTable` (op_table.py): functions of Python that JavaScript calls.
- `Limits` (limits.py) and the watchdog that enforces the CPU budget of a turn; where nobody asks
  it, a `TurnWatch` (turn_watch.py).
- `BytecodeLibrary` (bytecode.py): internal modules compiled once, by a `Compiler` (compiler.py),
  and cached on disk; `KeptCode` (kept_code.py): large modules of scripts, in the same way
  (script_compiler.py, script_code.py). Both are `KeptFiles` (kept_files.py), in the directory of
  cache.py.
- mending.py, set_patterns.py: what of the language QuickJS does not take, said otherwise.
- `compile_ahead` (ahead.py): what a loop would wait for, done on a thread before that.
- jobs.py: the queue of jobs, run by one call; rejections.py: promises that nobody listens to;
  promise_hook.py tells of all of them; thrown.py: errors out of JavaScript; insides.py: what is in
  promises and proxies.
- v8format.py reads and writes stored values without JavaScript (v8reader.py, v8writer.py), as
  v8values.py has them.
- `JSError`, `ScriptError` (errors.py): errors out of and into JavaScript.
- icu/ calls ICU, for Intl.
- wasm/ runs WebAssembly, behind wasm_door.py; heap_limit.py counts its memories with the heap,
  collection_pace.py says when garbage is looked for.
- `library.py` binds the C API and checks that it is the one we know.
"""

from holdfast.engine.ahead import compile_ahead, takes_time
from holdfast.engine.arguments import Together
from holdfast.engine.bytecode import BytecodeLibrary
from holdfast.engine.compiler import Compiler
from holdfast.engine.errors import (
    EngineError,
    IsolateTerminated,
    JSError,
    NoRoom,
    ScriptError,
    StopTurn,
    UnsupportedEngine,
)
from holdfast.engine.handle import Handle
from holdfast.engine.isolate import Isolate
from holdfast.engine.kept_code import KeptCode
from holdfast.engine.limits import OUT_OF_MEMORY, Limits
from holdfast.engine.modules import Module, ModuleKind
from holdfast.engine.turn_watch import TurnWatch
from holdfast.engine.values import Json

__all__ = [
    "OUT_OF_MEMORY",
    "BytecodeLibrary",
    "Compiler",
    "EngineError",
    "Handle",
    "Isolate",
    "IsolateTerminated",
    "JSError",
    "Json",
    "KeptCode",
    "Limits",
    "Module",
    "ModuleKind",
    "NoRoom",
    "ScriptError",
    "StopTurn",
    "Together",
    "TurnWatch",
    "UnsupportedEngine",
    "compile_ahead",
    "takes_time",
]
