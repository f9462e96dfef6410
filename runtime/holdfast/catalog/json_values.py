"""What is asked of values that clients send as JSON."""


def is_well_formed(text: str) -> bool:
    """False for a string with lone surrogates, which neither UTF-8 nor SQLite can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value of JSON is a whole number within these bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
