"""The small language in which a concept is written, the same everywhere.

    magic=potion                           panels in whose lettering or description the word occurs
    magic="magic potion",cauldron          the phrase, or the other word
    sonja=series:"Red Sonja"               all panels of the series
    night=genre:horror year:1950-1959 -type:cover
    rain=words:rain,storm series:Conan

A concept is a name, "=", and terms. A term is a field with a value, or free words, which mean
`words:`. Several terms have all to hold; values with commas between them are alternatives; a minus
before a term takes away what it holds for. Several free words have all to be in one panel, unless
a comma is between them; in quotes they stand side by side. Values with spaces or commas are quoted.

Fields are named as in searches. Names (series, title, genre, character ...) hold what is given as a
part; case and accents do not matter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longbox.analysis.units import Unit
from longbox.book import Direction, PageFlag, PageType, PanelId
from longbox.errors import QueryError
from longbox.vectors import Space


class Field(StrEnum):
    """What a term of a concept can ask for."""

    SERIES = "series"
    TITLE = "title"
    BOOK = "book"
    YEAR = "year"
    GENRE = "genre"
    TAG = "tag"
    CHARACTER = "character"
    LANGUAGE = "language"
    DIRECTION = "direction"
    TYPE = "type"
    FLAG = "flag"
    LETTERING = "lettering"
    WORDS = "words"
    PANEL = "panel"
    LASSO = "lasso"


_OTHER_NAMES: Final = {"ids": Field.PANEL, "word": Field.WORDS, "page_type": Field.TYPE}
_VALUE: Final = r'(?:"[^"]*"|[^\s",]+)'
_FIELD: Final = re.compile(rf"(-?)([A-Za-z][A-Za-z_]*):({_VALUE}(?:,{_VALUE})*)(?=\s|$)")
_LASSO: Final = re.compile(r"(-?)lasso:(\S+)(?=\s|$)", re.IGNORECASE)
_WORDS: Final = re.compile(rf"(-?)({_VALUE}(?:,{_VALUE})*),?(?=\s|$)")
_ONE_VALUE: Final = re.compile(r'"([^"]*)"|([^\s",]+)')
_SPAN: Final = re.compile(r"(\d{1,4})?(-)?(\d{1,4})?")
_MOST_CORNERS: Final = 5000


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is asked for.

    Attributes:
        field: Of what kind.
        values: Alternatives, at least one.
        is_taken_away: Whether it must not hold.
    """

    field: Field
    values: tuple[str, ...]
    is_taken_away: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A concept as it was written: its name, its text, and at least one term."""

    name: str
    text: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Lasso:
    """A polygon on a kept map: x and y of its corners, -1 to 1."""

    corners: tuple[tuple[float, float], ...]
    space: Space
    unit: Unit


def parse_spec(text: str) -> Spec:
    """Read a concept as people write it.

    Raises:
        QueryError: It is empty, a field is unknown, a quote is open, or a value is not possible.
    """
    name, equals, said = text.partition("=")
    if not equals or '"' in name or ":" in name:
        name, said = text.strip(), text
    name, said = name.strip(), said.strip()
    if not said or not name:
        raise QueryError(f"{text!r} is no concept; write name=words, or name=series:...")
    if said.count('"') % 2:
        raise QueryError(f"{name}: a quote is not closed in {said!r}")
    terms = _terms(name, said)
    if all(term.is_taken_away for term in terms):
        raise QueryError(f"{name}: everything is taken away; say first what belongs to it")
    return Spec(name, said, terms)


def years_of(value: str) -> tuple[int | None, int | None]:
    """Read a year, or a span such as 1950-1959, 1950- or -1959.

    Raises:
        QueryError: It is neither.
    """
    found = _SPAN.fullmatch(value)
    if not found or not (found[1] or found[3]):
        raise QueryError(f"year:{value}: write a year, or a span such as 1950-1959")
    low = int(found[1]) if found[1] else None
    high = int(found[3]) if found[3] else None
    return (low, high) if found[2] else (low, low)


def lasso_of(value: str) -> Lasso:
    """Read a polygon: x,y;x,y;x,y@space/unit.

    Raises:
        QueryError: There are fewer than three corners, one is outside the map, or the map's name
            is none.
    """
    drawn, _, place = value.partition("@")
    said = f"lasso:{value[:60]}"
    try:
        corners = tuple((float(x), float(y)) for x, y in (c.split(",") for c in drawn.split(";")))
        space, _, unit_of = place.partition("/")
        chosen = Space(space or Space.VISION), Unit(unit_of or Unit.PANELS)
    except ValueError as error:
        raise QueryError(f"{said}: write lasso:x,y;x,y;x,y@vision/panels") from error
    is_inside = all(-1.5 <= number <= 1.5 for corner in corners for number in corner)
    if not 3 <= len(corners) <= _MOST_CORNERS or not is_inside:
        raise QueryError(f"{said}: give three corners or more, x and y from -1 to 1")
    return Lasso(corners, *chosen)


def _terms(name: str, said: str) -> tuple[Term, ...]:
    terms: list[Term] = []
    place = 0
    while place < len(said):
        if said[place].isspace():
            place += 1
            continue
        if found := _LASSO.match(said, place):
            term = Term(Field.LASSO, (found[2],), found[1] == "-")
        elif found := _FIELD.match(said, place):
            term = Term(_field(name, found[2]), _values(found[3]), found[1] == "-")
        elif found := _WORDS.match(said, place):
            term = Term(Field.WORDS, _values(found[2]), found[1] == "-")
        else:
            raise QueryError(f"{name}: {said[place:][:40]!r} cannot be read; quote what belongs")
        terms.append(_checked(name, term))
        place = found.end()
    return tuple(terms)


def _values(said: str) -> tuple[str, ...]:
    """Return the values that commas separate, without quotes."""
    found = (match[1] or match[2] or "" for match in _ONE_VALUE.finditer(said))
    return tuple(dict.fromkeys(" ".join(value.split()) for value in found if value.strip()))


def _field(name: str, said: str) -> Field:
    lowered = said.lower()
    if lowered in _OTHER_NAMES:
        return _OTHER_NAMES[lowered]
    try:
        return Field(lowered)
    except ValueError as error:
        known = [field.value for field in Field]
        close = difflib.get_close_matches(lowered, known, n=1)
        hint = f"did you mean {close[0]}:?" if close else f"known are {', '.join(known)}"
        raise QueryError(
            f"{name}: there is no field {said}:; {hint}; quote it if words are meant"
        ) from error


def _checked(name: str, term: Term) -> Term:
    """Refuse values that no library could have.

    Raises:
        QueryError: Which, and what there is.
    """
    is_empty = not term.values
    if term.field is Field.WORDS:  # a mark alone is no word
        is_empty = not all(any(c.isalnum() for c in value) for value in term.values) or is_empty
    if is_empty:
        raise QueryError(f"{name}: {term.field}: has no value that can be looked for")
    choices = _CHOICES.get(term.field)
    reader = _READERS.get(term.field)
    for value in term.values:
        if choices is not None and value.lower() not in choices:
            close = difflib.get_close_matches(value.lower(), choices, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(choices)}"
            raise QueryError(f"{name}: {term.field}:{value} is none; {hint}")
        if reader is not None:
            reader(value)
    return term


def _panel(value: str) -> PanelId:
    try:
        return PanelId.parse(value)
    except ValueError as error:
        raise QueryError(str(error)) from error


_CHOICES: Final[dict[Field, tuple[str, ...]]] = {
    Field.TYPE: tuple(kind.value for kind in PageType),
    Field.FLAG: tuple(flag.value for flag in PageFlag),
    Field.DIRECTION: tuple(way.value for way in Direction),
    Field.LETTERING: ("yes", "no"),
}
_READERS: Final[dict[Field, Callable[[str], object]]] = {
    Field.YEAR: years_of,
    Field.LASSO: lasso_of,
    Field.PANEL: _panel,
}
