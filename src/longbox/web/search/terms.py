"""The terms of a search that comes from a page: read, shown as chips, written back.

A page never names a path: pictures are `picture:` and the id that their upload was given, with the
part that is meant behind an @ as fractions of the picture (x0,y0,x1,y1). Reading a query opens no
picture; what is read carries the picture's name in place of its pixels until `with_pixels` puts
them there.

Words are typed into the box. Panels and pictures that are clicked or dropped are kept beside it,
one term each, so that the box holds what a person wrote and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from longbox.book import PanelId
from longbox.errors import QueryError
from longbox.retrieval import (
    DecodedPicture,
    PanelTerm,
    PictureTerm,
    Term,
    WordsTerm,
    checked_terms,
    parse_query,
)
from longbox.web.ids import PANEL_ID_PATTERN, PICTURE_ID_PATTERN

MOST_ADDED: Final = 12
_NUMBER: Final = r"\d{1,4}(?:\.\d{1,4})?"
_FRACTION: Final = r"[01](?:\.\d{1,4})?"
_PICTURE: Final = rf"picture:{PICTURE_ID_PATTERN}(?:@{_FRACTION}(?:,{_FRACTION}){{3}})?"
_PICTURE_NAME: Final = re.compile(rf"^{_PICTURE}$")
# What may stand beside the box: a panel or a picture, with its sign and weight.
ADDED_TERM: Final = re.compile(rf"^-?(?:{_NUMBER}:)?(?:panel:{PANEL_ID_PATTERN}|{_PICTURE})$")


def read_terms(query: str, also: Sequence[str]) -> tuple[Term, ...]:
    """Read what a search looks for.

    Args:
        query: What was typed; may be empty where something was added.
        also: What was added, each as ADDED_TERM says.

    Returns:
        Its terms, the typed ones first; pictures carry their id in place of a file.

    Raises:
        QueryError: There is nothing to search for, or a term cannot be understood.
    """
    added = tuple(_added(term) for term in also)
    typed = _typed(query.strip(), added)
    return checked_terms((*typed, *added)) if typed or added else ()


def write_query(terms: Sequence[Term]) -> str:
    """Return a query as a person would type it."""
    only = terms[0] if len(terms) == 1 else None
    if isinstance(only, WordsTerm) and only.weight == 1 and not only.is_phrase:
        return only.text
    parts = []
    for number, term in enumerate(terms):
        sign = "- " if term.weight < 0 else "+ " if number else ""
        parts.append(sign + _written(term))
    return " ".join(parts)


def write_added(term: PanelTerm | PictureTerm) -> str:
    """Return a panel or picture as it stands beside the box."""
    return ("-" if term.weight < 0 else "") + _written(term)


def picture_id(term: PictureTerm) -> str:
    """Return the id of the picture of a term that was read here."""
    return str(term.source)


def with_pixels(terms: Sequence[Term], decode: Callable[[str], DecodedPicture]) -> tuple[Term, ...]:
    """Return the terms with the pixels of their pictures.

    Args:
        terms: From `read_terms`.
        decode: Gives the picture of an id.

    Raises:
        QueryError: A picture is not kept any more.
    """
    return tuple(
        replace(term, source=decode(picture_id(term))) if isinstance(term, PictureTerm) else term
        for term in terms
    )


def _typed(query: str, added: Sequence[PanelTerm | PictureTerm]) -> tuple[Term, ...]:
    if not query:
        return ()
    wanted = [term for term in added if term.weight > 0]
    if query[0] in "+-" and wanted:  # goes on from what stands beside the box
        return parse_query(f"{_written(wanted[0])} {query}", _named_picture)[1:]
    return parse_query(query, _named_picture)


def _named_picture(name: str) -> PictureTerm | None:
    if not name.startswith("picture:") or " " in name:
        return None
    if not _PICTURE_NAME.match(name):
        raise QueryError(
            f"{name[:60]!r} is not a picture to search with; drop the picture on the page, or "
            "quote the words"
        )
    picture, _, region = name.removeprefix("picture:").partition("@")
    if not region:
        return PictureTerm(Path(picture))
    x0, y0, x1, y1 = (float(number) for number in region.split(","))
    return PictureTerm(Path(picture), region=(x0, y0, x1, y1))


def _added(text: str) -> PanelTerm | PictureTerm:
    term = parse_query(text.removeprefix("-"), _named_picture)[0]
    if isinstance(term, WordsTerm):
        raise QueryError(f"{text[:60]!r} is neither a panel nor a picture")
    return replace(term, weight=-term.weight) if text.startswith("-") else term


def _written(term: Term) -> str:
    weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):g}:"
    match term:
        case WordsTerm():
            text = term.text.replace('"', " ").strip()
            return f'"{weight}{text}"'
        case PanelTerm():
            return f"{weight}panel:{term.panel_id}"
        case PictureTerm():
            region = "" if term.region is None else f"@{','.join(map(_fraction, term.region))}"
            return f"{weight}picture:{picture_id(term)}{region}"


def _fraction(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".") or "0"


def added_panel(panel_id: PanelId | str, sign: int = 1) -> str:
    """Return a panel of the library as a term beside the box."""
    return f"{'-' if sign < 0 else ''}panel:{panel_id}"
