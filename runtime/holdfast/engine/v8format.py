"""V8's serialization format in Python: what storage holds, read and written without JavaScript.

    JavaScript                     Python
    null                        ↔  None
    undefined, a hole           →  UNDEFINED
    boolean                     ↔  bool
    number                      ↔  int where it is exactly one, else float
    BigInt                      ↔  BigInt, an int
    string                      ↔  str; lone surrogates survive
    Date                        ↔  datetime in UTC, or InvalidDate
    Array                       ↔  Array, a list, with `properties` besides its elements
    Array, longer than its data →  SparseArray
    plain object                ↔  dict
    Uint8Array                  ↔  bytes
    ArrayBuffer                 →  ArrayBuffer, which is bytes
    other typed array, DataView →  View
    Map, Set                    ↔  Map, Set: what they hold as a list, for keys may be objects;
                                   a set of Python's is written as a Set
    boxed primitive             →  Boxed
    RegExp                      →  RegExp
    Error, DOMException         →  ErrorValue
    Blob                        →  Blob
    any other platform object   →  makes the whole value Opaque: its length is not known

An object met twice is the same object in Python, cycles included.
The JavaScript half of this is `polyfills/serialize/`.
"""

from holdfast.engine.v8reader import decode
from holdfast.engine.v8values import V8FormatError
from holdfast.engine.v8writer import encode

__all__ = ["V8FormatError", "decode", "encode"]
