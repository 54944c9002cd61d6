"""What a person types, as weighted terms.

A query is words, a picture, a panel, or a sum of them:

    the cat steals the potion              words, taken as they are
    "2:dragon" + ./crop.png - "castle"     twice dragon, plus a picture, less castle
    "exact phrase"                         words that stand together
    panel:3f2a9c81d0e45b77-0012-03 + "rain"   a panel of the library, and rain

Plus and minus are operators only between spaces or beside a quote, and only where some term is
quoted, is a panel or is the name of a picture: "cat - the movie" without quotes stays plain words,
because people search for titles with dashes more often than they do sums. A weight is a number and
a colon at the start of a term, inside the quotes or before them.

What names a picture is for the caller to say. On the command line it is a path; whoever takes
queries from elsewhere passes names of their own and so never touches a path that a stranger typed.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
# One word: "panel: the film" stays words.
_PANEL = re.compile(r"^panel:(\S+)$")
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
class DecodedPicture:
    """A picture that somebody else has decoded already.

    Attributes:
        digest: Hex SHA-256 of its size and pixels; two of one digest are the same picture.
        pixels: RGB, uint8 (H, W, 3).
    """

    digest: str
    pixels: NDArray[np.uint8] = field(compare=False, repr=False)

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> DecodedPicture:
        """Take a picture's pixels.

        Raises:
            QueryError: They are not uint8 (H, W, 3) with H and W at least 1.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise QueryError(
                f"a picture must be RGB, uint8 (H, W, 3), not {pixels.dtype} {pixels.shape}"
            )
        found = hashlib.sha256(repr(pixels.shape).encode())
        found.update(np.ascontiguousarray(pixels).data)
        return cls(found.hexdigest(), pixels)


@dataclass(frozen=True, slots=True)
class PictureTerm:
    """A picture to look like: a panel's crop, or a whole page.

    Attributes:
        source: A file, or a picture that is decoded already.
        region: The part that is meant, (x0, y0, x1, y1) as fractions of its width and height from
            the top left; all of it when None.

    Raises:
        QueryError: The region is empty or not within 0 to 1.
    """

    source: Path | DecodedPicture
    weight: float = 1.0
    region: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.region is None:
            return
        x0, y0, x1, y1 = self.region
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise QueryError(
                "a region of a picture must be x0,y0,x1,y1, fractions from 0 to 1 with x0 below x1 "
                "and y0 below y1"
            )


@dataclass(frozen=True, slots=True)
class PanelTerm:
    """A panel of the library to resemble, in every space it has."""

    panel_id: PanelId
    weight: float = 1.0


Term = WordsTerm | PictureTerm | PanelTerm


# Returns the picture that a term names (its weight counts for nothing), or None where the term is
# words. Raises QueryError where it names a picture that is not there.
PictureNames = Callable[[str], PictureTerm | None]


def picture_file(name: str) -> PictureTerm | None:
    """Take a term as the path of a picture file where it ends like one.

    Raises:
        QueryError: There is no such file.
    """
    if " + " in name or Path(name).suffix.lower() not in _PICTURE_SUFFIXES:
        return None
    path = Path(name).expanduser()
    if not path.is_file():
        raise QueryError(f"{name}: there is no such picture; check the path, or quote the words")
    return PictureTerm(path)


def parse_query(text: str, pictures: PictureNames = picture_file) -> tuple[Term, ...]:
    """Read a query.

    Args:
        text: What a person typed.
        pictures: Says which terms name a picture; asked for unquoted terms only. The default
            takes paths, so it is for people at this machine only.

    Returns:
        Its terms, at least one with a positive weight.

    Raises:
        QueryError: It is empty, a quote is open, a term is missing, a weight is impossible, or a
            term names a picture that is not there, or looks like a panel and is none.
    """
    stripped = text.strip()
    if not stripped:
        raise QueryError("the query is empty; type some words, or give --image or --like")
    pieces = _split(stripped)
    if len(pieces) == 1:
        return checked_terms([_single(stripped, pieces[0], pictures)])
    named = [None if piece.is_quoted else _named(piece.body, pictures) for piece in pieces]
    if not any(piece.is_quoted or term for piece, term in zip(pieces, named, strict=True)):
        return (WordsTerm(stripped),)
    if stripped.count('"') % 2:
        raise QueryError(f"a quote is not closed in {stripped!r}")
    return checked_terms(_term(piece, term) for piece, term in zip(pieces, named, strict=True))


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


@dataclass(frozen=True, slots=True)
class _Piece:
    """One term as it stands in the text, its sign 1 or -1."""

    sign: int
    body: str
    is_quoted: bool


def _split(text: str) -> list[_Piece]:
    """Cut at operators outside quotes."""
    pieces: list[_Piece] = []
    sign, body, quoted = 1, "", False
    if text[0] in "+-" and (text[1:2].isspace() or text[1:2] == '"'):
        sign, text = (-1 if text[0] == "-" else 1), text[1:]
    for match in _PIECE.finditer(text):
        inside, operator, other = match.groups()
        if operator:
            pieces.append(_Piece(sign, body.strip(), quoted))
            sign, body, quoted = (-1 if operator == "-" else 1), "", False
        elif inside is not None:
            quoted = True
            body += inside
        else:
            body += other
    pieces.append(_Piece(sign, body.strip(), quoted))
    return pieces


def _single(whole: str, piece: _Piece, pictures: PictureNames) -> Term:
    named = None if piece.is_quoted else _named(piece.body, pictures)
    if named is not None:
        return _term(_Piece(1, piece.body, False), named)
    if piece.is_quoted and _ONE_QUOTE.match(whole) is not None:
        term = _term(_Piece(1, piece.body, True), None)
        return replace(term, is_phrase=True) if isinstance(term, WordsTerm) else term
    return WordsTerm(whole)


def _named(body: str, pictures: PictureNames) -> PanelTerm | PictureTerm | None:
    """Return the panel or picture that an unquoted term names, or None for words."""
    found = _WEIGHT.match(body)
    name = found[2].strip() if found else body
    if not name:
        return None
    panel = _PANEL.match(name)
    if panel is None:
        return pictures(name)
    try:
        return PanelTerm(PanelId.parse(panel[1]))
    except ValueError as error:
        raise QueryError(f"{error}; quote the words if no panel is meant") from error


def _term(piece: _Piece, named: PanelTerm | PictureTerm | None) -> Term:
    weight, body = 1.0, piece.body
    if found := _WEIGHT.match(body):
        weight, body = float(found[1]), found[2].strip()
    if not body or not math.isfinite(weight) or not 0 < weight <= 1000:
        raise QueryError(
            "a term of the sum is empty or has an impossible weight; write it like "
            '"2:dragon" + ./crop.png - "castle"'
        )
    if named is not None:
        return replace(named, weight=piece.sign * weight)
    return WordsTerm(body, piece.sign * weight)
