"""Which modules of Node.js scripts may import.

https://developers.cloudflare.com/workers/runtime-apis/nodejs/
"""

from holdfast.host.constants import NODE_BUILTINS

NODE_MODULES = {
    specifier: f"holdfast:node/{path}"
    for name, path in NODE_BUILTINS.items()
    for specifier in {name, f"node:{name.removeprefix('node:')}"}
}

# What else Node.js has.
_ABSENT = frozenset(["sea", "test/reporters"])


def explain_with_node(specifier: str) -> str:
    """What to tell besides that there is no module of this name, with Node.js's modules at hand."""
    if specifier.removeprefix("node:") not in _ABSENT:
        return ""
    return (
        f" Node.js's module {specifier.removeprefix('node:')} is not part of Holdfast:"
        " take a build of the library for Workers or browsers, or bundle a stand-in under this"
        " name."
    )


def explain_without_node(specifier: str) -> str:
    """The same for a script that has no access to Node.js's modules."""
    if specifier in NODE_MODULES:
        return ' To use Node.js\'s modules, upload with the compatibility flag "nodejs_compat".'
    return explain_with_node(specifier)
