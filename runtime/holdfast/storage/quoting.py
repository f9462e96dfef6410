"""Names and texts as SQL spells them.

https://www.sqlite.org/lang_keywords.html
https://www.sqlite.org/lang_expr.html#literal_values_constants_
"""


def identifier(name: str) -> str:
    """The name of a table, of a column or the like."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def literal(text: str) -> str:
    """A text. One with NUL ends the statement there."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
