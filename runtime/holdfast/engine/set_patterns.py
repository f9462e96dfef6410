"""Regular expressions with the flag `v`, where QuickJS falls short of the standard.

Outside of classes it throws at a hyphen, and at punctuation that comes twice, which only classes
may not have. What scripts make with `RegExp` is mended as it is made
(polyfills/language/regexp-sets.js). Literals are mended here, in a source that did not compile:
QuickJS is told of such characters by their numbers.
"""

import re

_FLAGS = rb"(?!svg|div)[dgimsy]*v[dgimsy]*"
_SIGN = re.compile(rb"""["'`]%s["'`]|/%s(?![\w/$])""" % (_FLAGS, _FLAGS))
# Around the rarest of its characters, which is found as fast as memory allows.
_SIGN_AROUND = re.compile(rb"""v(?<=["'`/dgimsy]v)[dgimsy]*(?![\w$])""")
_BEFORE_V = len(b"/dgimsy")
# A slash begins a literal after these, where it does not divide.
_LITERAL = re.compile(
    rb"((?:^|[=(,:;!&|?{}\[+>~^*%%<\n-]|\b(?:return|case|typeof|of|in))[ \t]*/)"
    rb"((?![/*])(?:[^/\\\[\r\n]|\\.|\[(?:[^\]\\\r\n]|\\.)*\])+)"
    rb"(/%s(?![\w/$]))" % _FLAGS
)
# Beside what is looked for, that in which such characters mean something else.
_TOKEN = re.compile(
    rb"\\(?:[pPu]\{[^}]*\}|k<[^>]*>|.)|\(\?(?:<?[=!]|<[^>]*>|[a-z-]*:)|[][-]|"
    rb"([!#%&,:;<=>@`~])(?=\1)"
)


def may_have_set_patterns(source: bytes) -> bool:
    """Whether a source has such flags as a text, or what looks like a literal that has them."""
    around = ((found.start(), found.end()) for found in _SIGN_AROUND.finditer(source))
    return any(
        _SIGN.search(source, max(start - _BEFORE_V, 0), end + 1) is not None
        for start, end in around
    )


def with_plain_sets(source: bytes) -> bytes:
    """A source with such literals as QuickJS takes them; lines stay lines."""
    return _LITERAL.sub(lambda found: found[1] + _mended(found[2]) + found[3], source)


def _mended(pattern: bytes) -> bytes:
    depth = 0

    def told(found: re.Match[bytes]) -> bytes:
        nonlocal depth
        token = found[0]
        depth += {b"[": 1, b"]": -1}.get(token, 0)
        is_odd = token == b"-" or found[1] is not None
        return b"\\x%x" % token[0] if is_odd and not depth else token

    return _TOKEN.sub(told, pattern)
