"""The language of a whole book, and what follows from it for every text.

A page of noises or of one short balloon cannot tell its language, but its book can: all lettering
votes together, and every text then carries the book's language. Two things are mended with it:
Spanish exclamations get their opening mark, and lone Chinese characters in a book of letters, which
are drawings that looked like one, are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longbox.book import TextRegion
from longbox.text.language import detect_language, restore_opening_marks
from longbox.text.lines import is_cjk

BY_HAND = "correction"
"""Source of a text that people put right: it is left as they wrote it."""

_CHARACTER_LANGUAGES = frozenset({"ja", "zh", "ko"})

Pages = tuple[tuple[TextRegion, ...], ...]


def settle_language(
    pages: Sequence[Sequence[TextRegion]], declared: str | None = None
) -> tuple[str | None, Pages]:
    """Find the language of a book and give it to all its texts.

    Args:
        pages: The texts of every page, in reading order.
        declared: ISO 639-1 code that the book's metadata gives; it is believed.

    Returns:
        The language, or None where there is too little to tell; and the pages again, each with its
        texts in order and numbered from 0. A text keeps its own language where the book has none.
    """
    language = declared or detect_language(text.text for page in pages for text in page)
    if language is None:
        return None, tuple(tuple(page) for page in pages)
    return language, tuple(_settled(page, language) for page in pages)


def is_mistaken(text: str, language: str | None) -> bool:
    """Say whether a lone Chinese character or two is a drawing, in a book of letters.

    Longer ones stay: a declared language can be wrong, and books quote other scripts.
    """
    is_of_letters = language is not None and language not in _CHARACTER_LANGUAGES
    return is_of_letters and len(text) <= 2 and any(map(is_cjk, text))


def _settled(page: Sequence[TextRegion], language: str) -> tuple[TextRegion, ...]:
    kept = [t for t in page if t.source == BY_HAND or not is_mistaken(t.text, language)]
    return tuple(
        replace(text, text=_mended(text, language), language=language, order=order)
        for order, text in enumerate(kept)
    )


def _mended(text: TextRegion, language: str) -> str:
    if text.source == BY_HAND:
        return text.text
    return restore_opening_marks(text.text, language)
