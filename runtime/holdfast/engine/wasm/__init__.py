"""WebAssembly, by wasmtime: what `polyfills/wasm/` stands on.

Nothing of this folder is imported before a script asks for WebAssembly (engine/wasm_door.py).

- `Room` (room.py): the WebAssembly of one isolate, and the functions that the polyfill calls.
- `Store` (store.py): instances that know each other, and what is theirs; functions.py: calls, both
  ways; values.py: what crosses; exceptions.py and errors.py: what ends a call.
- `Region` (regions.py): linear memories, which are ArrayBuffers of JavaScript at the same time.
- modules.py: modules compiled once, on the disk as well; sections.py and leb128.py: what their
  bytes say besides; types.py: what wasmtime says of them; legacy_exceptions.py: old ones in today's
  form, by legacy_function.py and instructions.py; bottom_types.py: nulls of types that wasmtime is
  not to know.
- machine.py: the engine, its configuration, and the clock that ends endless loops.
- library.py binds wasmtime's C API and checks that it is the one we know.
"""
