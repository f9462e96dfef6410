"""Exceptions of WebAssembly in the form of before 2023, told in today's.

`try … catch … end`, `rethrow` and `delegate` were what browsers had first. V8 runs them, and
compilers still emit them by default (Rust's `panic=unwind`, Emscripten's `-fwasm-exceptions`);
wasmtime never had them. legacy_function.py tells how functions are written anew.

https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md
"""

from holdfast.engine.wasm.leb128 import leb, number, signed, skip
from holdfast.engine.wasm.legacy_function import EXNREF, LONGER_TYPES, Function, NotTranslated
from holdfast.engine.wasm.sections import HEADER_BYTES, section, sections

__all__ = ["NotTranslated", "translated"]

_TYPES, _IMPORTS, _FUNCTIONS, _CODE, _TAGS = 1, 2, 3, 10, 13
_FUNCTION_TYPE = 0x60


def translated(module: bytes) -> bytes:
    """The module without what wasmtime does not know. Raises NotTranslated.

    The bytes need not be valid: what comes out is validated.
    """
    try:
        return _Module(module).translated()
    except (IndexError, ValueError) as error:
        raise NotTranslated(str(error)) from error


class _Module:
    """A module in sections."""

    def __init__(self, module: bytes) -> None:
        self._header = module[:HEADER_BYTES]
        self._sections = [(kind, bytes(content)) for kind, content in sections(module)]
        self.types: list[tuple[bytes, bytes]] = []  # parameters and results
        self.tags: list[int] = []  # indices of types
        self._functions: list[int] = []
        self._more_types: list[bytes] = []
        self._known_types: dict[bytes, int] = {}
        readers = {
            _TYPES: self._read_types,
            _IMPORTS: self._read_imports,
            _FUNCTIONS: self._read_functions,
            _TAGS: self._read_tags,
        }
        for kind, content in self._sections:
            if kind in readers:
                readers[kind](content)

    def _read_types(self, content: bytes) -> None:
        count, place = number(content, 0)
        for _ in range(count):
            if content[place] != _FUNCTION_TYPE:
                raise NotTranslated("it has types of other things than functions")
            params, place = _vector(content, place + 1)
            results, place = _vector(content, place)
            self.types.append((params, results))

    def _read_imports(self, content: bytes) -> None:
        count, place = number(content, 0)
        for _ in range(count):
            for _name in range(2):
                length, place = number(content, place)
                place += length
            kind = content[place]
            place += 1
            if kind == 0:
                place = skip(content, place)
            elif kind in (1, 2):
                place += kind == 1  # what a table's elements are
                has_maximum = content[place] & 1
                place = skip(content, place + 1)
                place = skip(content, place) if has_maximum else place
            elif kind == 3:
                place += 2
            else:
                index, place = number(content, place + 1)
                self.tags.append(index)

    def _read_functions(self, content: bytes) -> None:
        count, place = number(content, 0)
        for _ in range(count):
            index, place = number(content, place)
            self._functions.append(index)

    def _read_tags(self, content: bytes) -> None:
        count, place = number(content, 0)
        for _ in range(count):
            index, place = number(content, place + 1)
            self.tags.append(index)

    def caught_type(self, tag: int) -> bytes:
        """The type of a block that ends with what a tag carries, and the exception."""
        params, _ = self.types[self.tags[tag]]
        if not params:
            return bytes([EXNREF])
        results = params + bytes([EXNREF])
        if results not in self._known_types:
            self._known_types[results] = len(self.types) + len(self._more_types)
            vector = leb(len(results)) + results
            self._more_types.append(bytes([_FUNCTION_TYPE, 0]) + vector)
        return signed(self._known_types[results])

    def translated(self) -> bytes:
        """The module anew."""
        made = [
            (kind, self._translated_code(content) if kind == _CODE else content)
            for kind, content in self._sections
        ]
        whole = bytearray(self._header)
        for kind, content in made:  # the code has said which types there are besides
            if kind == _TYPES:
                count, place = number(content, 0)
                content = leb(count + len(self._more_types)) + content[place:]
                content += b"".join(self._more_types)
            whole += section(kind, content)
        return bytes(whole)

    def _translated_code(self, content: bytes) -> bytes:
        count, place = number(content, 0)
        bodies = bytearray(leb(count))
        for index in range(count):
            size, place = number(content, place)
            body = content[place : place + size]
            place += size
            params, _ = self.types[self._functions[index]]
            body = Function(self, body, len(params)).translated()
            bodies += leb(len(body)) + body
        return bytes(bodies)


def _vector(content: bytes, place: int) -> tuple[bytes, int]:
    """A vector of value types, of a byte each."""
    count, place = number(content, place)
    types = content[place : place + count]
    if any(kind in LONGER_TYPES for kind in types):
        raise NotTranslated("it has types of references that are more than a byte")
    return types, place + count
