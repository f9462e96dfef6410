"""What was meant by a word that is misspelt."""

from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that is near to one that nobody knows; None where none is."""
    from difflib import get_close_matches  # slow to import, and who makes no mistake needs none

    return next(iter(get_close_matches(word, list(known), n=1)), None)
