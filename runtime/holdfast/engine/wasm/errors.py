"""What ends a native function of WebAssembly.

Exception
├── Pending      the script: an exception is pending in the engine already
└── WasmError    the script: to be thrown, an error of this class with this message
"""


class Pending(Exception):
    """JavaScript that was called has thrown; the exception is the context's."""


class WasmError(Exception):
    """To be thrown: `name` is a class of the language's, or one of WebAssembly's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
