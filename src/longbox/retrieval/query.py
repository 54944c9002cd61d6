"""What a person types, as weighted terms.

A query is words, a picture, a panel, or a sum of them:

    the cat steals the potion              words, taken as they are
    "2:dragon" + ./crop.png - "castle"     twice dragon, plus a picture, less castle
    "exact phrase"                         words that stand together

Plus and minus are operators only between spaces or beside a quote, and only where some term is
quoted or is the path of a picture: "cat - the movie" without quotes stays plain words, because
people search for titles with dashes more often than they do sums. A weight is a number and a colon
at the start of a term, inside the quotes or before them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from longbox.book import PanelId
from longbox.errors import QueryError

_PICTURE_SUFFIXES = {
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".avif",
    ".jxl",
    ".bmp",
    ".tif",
    ".tiff",
}
# Not the start of a time of day, an address, or a Windows path.
_WEIGHT = re.compile(r"^(\d+(?:\.\d+)?):(?!//|\\|\d)\s*(.+)$", re.DOTALL)
# A quoted part, an operator (between spaces, or next to a quote), or anything else.
_PIECE = re.compile(r'"([^"]*)"|(?:\s+|(?<="))([+-])(?=\s|"|$)|([^"\s]+?(?=["\s]|$)|\s+)')

# One quoted part and nothing else, perhaps with its weight before it.
_ONE_QUOTE = re.compile(r'^(?:\d+(?:\.\d+)?:)?\s*"[^"]*"$')


@dataclass(frozen=True, slots=True)
class WordsTerm:
    """Words to look for, as a meaning and as words.

    Attributes:
        is_phrase: The words were quoted alone: word search wants them side by side.
    """

    text: str
    weight: float = 1.0
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class PictureTerm:
    """A picture file to look like: a panel's crop, or a whole page."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PanelTerm:
    """A panel of the library to resemble, in every space it has."""

    panel_id: PanelId
    weight: float = 1.0


Term = WordsTerm | PictureTerm | PanelTerm


def parse_query(text: str) -> tuple[Term, ...]:
    """Read a query.

    Args:
        text: What a person typed.

    Returns:
        Its terms, at least one with a positive weight.

    Raises:
        QueryError: It is empty, a quote is open, a term is missing, a weight is impossible, or a
            term looks like a picture file that is not there.
    """
    stripped = text.strip()
    if not stripped:
        raise QueryError("the query is empty; type some words, or give --image or --like")
    pieces = _split(stripped)
    if len(pieces) == 1:
        return (_single(stripped, *pieces[0][1:]),)
    is_sum = any(quoted or _is_picture(body) for _, body, quoted in pieces)
    if not is_sum:
        return (WordsTerm(stripped),)
    if stripped.count('"') % 2:
        raise QueryError(f"a quote is not closed in {stripped!r}")
    terms = tuple(_term(sign, body, quoted) for sign, body, quoted in pieces)
    return checked_terms(terms)


def checked_terms(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return the terms, if a search can start from them.

    Raises:
        QueryError: There are none, or all are subtracted.
    """
    result = tuple(terms)
    if not result:
        raise QueryError(
            "there is nothing to search for; type some words, or give --image or --like"
        )
    if all(term.weight <= 0 for term in result):
        raise QueryError("every term is subtracted; add at least one term to search for")
    return result


def _split(text: str) -> list[tuple[int, str, bool]]:
    """Cut at operators outside quotes: (sign, body, whether the body was quoted)."""
    pieces: list[tuple[int, str, bool]] = []
    sign, body, quoted = 1, "", False
    if text[0] in "+-" and (text[1:2].isspace() or text[1:2] == '"'):
        sign, text = (-1 if text[0] == "-" else 1), text[1:]
    for match in _PIECE.finditer(text):
        inside, operator, other = match.groups()
        if operator:
            pieces.append((sign, body.strip(), quoted))
            sign, body, quoted = (-1 if operator == "-" else 1), "", False
        elif inside is not None:
            quoted = True
            body += inside
        else:
            body += other
    pieces.append((sign, body.strip(), quoted))
    return pieces


def _single(whole: str, body: str, quoted: bool) -> Term:
    if not quoted and _is_picture(body):
        return _term(1, body, False)
    is_phrase = quoted and _ONE_QUOTE.match(whole) is not None
    if is_phrase:
        term = _term(1, body, True)
        return WordsTerm(term.text, term.weight, True) if isinstance(term, WordsTerm) else term
    return WordsTerm(whole)


def _term(sign: int, body: str, quoted: bool) -> Term:
    weight = 1.0
    if found := _WEIGHT.match(body):
        weight, body = float(found[1]), found[2].strip()
    if not body or not math.isfinite(weight) or not 0 < weight <= 1000:
        raise QueryError(
            "a term of the sum is empty or has an impossible weight; write it like "
            '"2:dragon" + ./crop.png - "castle"'
        )
    if not quoted and _is_picture(body):
        path = Path(body).expanduser()
        if not path.is_file():
            raise QueryError(
                f"{body}: there is no such picture; check the path, or quote the words"
            )
        return PictureTerm(path, sign * weight)
    return WordsTerm(body, sign * weight)


def _is_picture(body: str) -> bool:
    found = _WEIGHT.match(body)
    path = found[2].strip() if found else body
    return bool(path) and " + " not in path and Path(path).suffix.lower() in _PICTURE_SUFFIXES
