"""What a person (or a file that people made) says about a book, against what the stages saw.

A correction is stored as such and never overwritten by a later run: the pipeline applies the
latest one of each field on top of what the stages find. Values are JSON text, so that a
correction survives any change of our own types; the functions below make and read them.

    field        page   value
    panels       yes    [{"box": [x0, y0, x1, y1], "polygon": [[x, y], ...] or null}, ...]
                        in reading order, page pixels
    texts        yes    [{"box": [...], "text": "...", "kind": "dialogue", "panel": 0 or null}, ...]
                        in reading order
    page_type    yes    "cover"
    review       yes    "right": a person's verdict on the page; changes nothing that is stored
    direction    no     "rtl"
    language     no     "ja"
    title        no     "..."
    series       no     "..."

The value null takes back what was said of a field before: the stages count again. It is one more
correction behind the others, so nothing that anybody said is ever deleted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from longbox.book import Direction, PageType, TextKind
from longbox.geometry import Box

_MOST_BOXES = 2_000  # of one page
_MOST_CHARACTERS = 20_000  # of one text
_MOST_POINTS = 2_000  # of one outline
_MOST_PAGES = 1_000_000  # of one book
_LONGEST_ORIGIN = 1_000
_LAST_YEAR = 2999  # a later time could never be overruled
NO_VALUE = "null"


class CorrectedField(StrEnum):
    """What can be corrected."""

    PANELS = "panels"
    TEXTS = "texts"
    PAGE_TYPE = "page_type"
    DIRECTION = "direction"
    LANGUAGE = "language"
    TITLE = "title"
    SERIES = "series"
    REVIEW = "review"

    @property
    def is_of_page(self) -> bool:
        """Whether it is said of one page and not of the book."""
        return self in _OF_PAGE


class Verdict(StrEnum):
    """What a person says of a page: which of the two saw its panels, or that it is right so."""

    RIGHT = "right"
    DETECTOR = "detector"
    MODEL = "model"
    BOTH_WRONG = "both_wrong"


_OF_PAGE = (
    CorrectedField.PANELS,
    CorrectedField.TEXTS,
    CorrectedField.PAGE_TYPE,
    CorrectedField.REVIEW,
)


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing put right.

    Attributes:
        book_id: The book: a hash of its pages, so a page index means the same page for ever.
        page_index: From 0, or None when the book is meant.
        field: What is corrected.
        value: The new value as JSON, of the shape that the table above gives, or `NO_VALUE`.
        made_at: ISO 8601 time; of two corrections of one field the later one counts.
        origin: Who said so: "person", or the sidecar it was imported from ("mokuro: book.mokuro").
    """

    book_id: str
    page_index: int | None
    field: CorrectedField
    value: str
    made_at: str
    origin: str = "person"

    @property
    def is_withdrawal(self) -> bool:
        """Whether it takes back what was said before."""
        return self.value == NO_VALUE


@dataclass(frozen=True, slots=True)
class CorrectedPanel:
    """One panel as a person drew it, page pixels; its place in a list is its reading order."""

    box: Box
    polygon: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class CorrectedText:
    """One piece of lettering as a person read it; its place in a list is its reading order.

    Attributes:
        panel: Order of its panel, or None when nobody said which.
    """

    box: Box
    text: str
    kind: TextKind
    panel: int | None = None


def panels_value(panels: Sequence[CorrectedPanel]) -> str:
    """Return the value of a PANELS correction."""
    return _dump(
        [
            {
                "box": list(panel.box.as_tuple()),
                "polygon": None if panel.polygon is None else [list(p) for p in panel.polygon],
            }
            for panel in panels
        ]
    )


def texts_value(texts: Sequence[CorrectedText]) -> str:
    """Return the value of a TEXTS correction."""
    return _dump(
        [
            {
                "box": list(text.box.as_tuple()),
                "text": text.text,
                "kind": text.kind.value,
                "panel": text.panel,
            }
            for text in texts
        ]
    )


def word_value(word: str) -> str:
    """Return the value of a correction that is one word or name: a type, a language, a title."""
    return _dump(word)


def canonical_value(value: str) -> str:
    """Return a value in the one spelling that files and comparisons use.

    Raises:
        ValueError: It is not JSON.
    """
    return _dump(_load(value))


def panels_of(value: str) -> tuple[CorrectedPanel, ...]:
    """Read the value of a PANELS correction.

    Raises:
        ValueError: It is not of the shape that the table above gives.
    """
    return tuple(
        CorrectedPanel(_box(item), _polygon(item.get("polygon"))) for item in _items(value)
    )


def texts_of(value: str) -> tuple[CorrectedText, ...]:
    """Read the value of a TEXTS correction.

    Raises:
        ValueError: It is not of the shape that the table above gives.
    """
    return tuple(_text(item) for item in _items(value))


def word_of(field: CorrectedField, value: str) -> str:
    """Read the value of any other correction.

    Raises:
        ValueError: It is not a text, or not one of the words that the field knows.
    """
    word = _load(value)
    if not isinstance(word, str) or not word.strip() or len(word) > _MOST_CHARACTERS:
        raise ValueError(f"a {field} must be a text that is not empty")
    if field is CorrectedField.PAGE_TYPE:
        return PageType(word).value
    if field is CorrectedField.DIRECTION:
        return Direction(word).value
    if field is CorrectedField.REVIEW:
        return Verdict(word).value
    if field is CorrectedField.LANGUAGE and not (len(word) == 2 and word.isalpha()):
        raise ValueError(f"{word[:20]!r} is not an ISO 639-1 code such as en")
    return word.lower() if field is CorrectedField.LANGUAGE else word


def check_correction(correction: Correction) -> None:
    """Refuse a correction that no run could apply.

    Raises:
        ValueError: What is wrong with it, in one line.
    """
    _check_page(correction.field, correction.page_index)
    _check_origin(correction.origin)
    try:
        canonical_value(correction.value).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a {correction.field} holds half a character") from error
    if correction.is_withdrawal:
        pass
    elif correction.field is CorrectedField.PANELS:
        panels_of(correction.value)
    elif correction.field is CorrectedField.TEXTS:
        texts_of(correction.value)
    else:
        word_of(correction.field, correction.value)
    time_of(correction)


def correction_of(book_id: str, record: Mapping[str, Any]) -> Correction:
    """Read a correction out of a file's record: as the class has it, its value nested JSON.

    Raises:
        ValueError: It is no correction that a run could apply; the message is one line.
    """
    try:
        found = Correction(
            book_id,
            record["page_index"],
            CorrectedField(record["field"]),
            canonical_value(json.dumps(record["value"])),
            record["made_at"],
            record.get("origin", "person"),
        )
        check_correction(found)
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from error
    except (TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error
    return found


def record_of(correction: Correction) -> dict[str, Any]:
    """Return a correction as files hold it: without its book, its value as nested JSON."""
    return {
        "page_index": correction.page_index,
        "field": correction.field.value,
        "value": json.loads(correction.value),
        "made_at": correction.made_at,
        "origin": correction.origin,
    }


def time_of(correction: Correction) -> datetime:
    """Return when a correction was made; a time without a zone is taken as UTC.

    Raises:
        ValueError: It is not an ISO 8601 time, or of a year that is far away.
    """
    made_at = datetime.fromisoformat(correction.made_at)
    if not 1 < made_at.year <= _LAST_YEAR:
        raise ValueError(f"{correction.made_at[:40]!r} is no time at which anybody said anything")
    return made_at.replace(tzinfo=UTC) if made_at.tzinfo is None else made_at.astimezone(UTC)


def time_after(corrections: Sequence[Correction]) -> str:
    """Return a time for what is said now: now, or just after the newest correction there is.

    What was imported may carry the time of a clock that ran ahead; a person's last word must count
    all the same.
    """
    newest = max((time_of(c) for c in corrections), default=None)
    now = datetime.now(UTC)
    if newest is not None and newest >= now:
        now = newest + timedelta(microseconds=1)
    return now.isoformat(timespec="microseconds")


def withdrawals(
    corrections: Sequence[Correction],
    page_index: int | None = None,
    corrected: CorrectedField | None = None,
) -> tuple[Correction, ...]:
    """Return what takes back the corrections that count now.

    Args:
        corrections: All of a book.
        page_index: Only of this page; of all pages and of the book when None.
        corrected: Only of this field; of all when None.
    """
    made_at = time_after(corrections)
    return tuple(
        Correction(c.book_id, c.page_index, c.field, NO_VALUE, made_at)
        for c in latest(corrections)
        if not c.is_withdrawal
        and page_index in (None, c.page_index)
        and corrected in (None, c.field)
    )


def latest(corrections: Sequence[Correction]) -> tuple[Correction, ...]:
    """Return the last word on each field, withdrawals too, in the order of field and page.

    Of two made at the same moment the one that stands later in the list counts.
    """
    found: dict[tuple[str, int], Correction] = {}
    for correction in corrections:
        index = -1 if correction.page_index is None else correction.page_index
        key = (correction.field.value, index)
        before = found.get(key)
        if before is None or time_of(correction) >= time_of(before):
            found[key] = correction
    return tuple(found[key] for key in sorted(found))


def _check_page(corrected: CorrectedField, index: object) -> None:
    if not corrected.is_of_page:
        if index is not None:
            raise ValueError(f"a correction of {corrected} is of the book, not of a page")
    elif not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < _MOST_PAGES:
        raise ValueError(f"a correction of {corrected} must name a page by its index from 0")


def _check_origin(origin: object) -> None:
    if not isinstance(origin, str) or len(origin) > _LONGEST_ORIGIN:
        raise ValueError(f"an origin must be a text of at most {_LONGEST_ORIGIN:,} characters")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _load(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON knows")


def _items(value: str) -> list[dict[str, Any]]:
    items = _load(value)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the value must be a list of objects")
    if len(items) > _MOST_BOXES:
        raise ValueError(f"{len(items)} boxes on one page; at most {_MOST_BOXES} are taken")
    return items


def _box(item: dict[str, Any]) -> Box:
    box = item.get("box")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(v) for v in box):
        raise ValueError("a box must be four numbers, [x0, y0, x1, y1]")
    return Box(*(float(v) for v in box))


def _polygon(points: Any) -> tuple[tuple[float, float], ...] | None:
    if points is None:
        return None
    if not isinstance(points, list) or not 3 <= len(points) <= _MOST_POINTS:
        raise ValueError(f"a polygon must have 3 to {_MOST_POINTS} points")
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_is_number(v) for v in point):
            raise ValueError("a point must be two numbers, [x, y]")
    return tuple((float(x), float(y)) for x, y in points)


def _text(item: dict[str, Any]) -> CorrectedText:
    text, kind, panel = item.get("text"), item.get("kind"), item.get("panel")
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS:
        raise ValueError(f"a text must be a string of at most {_MOST_CHARACTERS:,} characters")
    if kind not in list(TextKind):
        raise ValueError(f"a kind must be one of {', '.join(TextKind)}")
    if panel is not None and (not isinstance(panel, int) or isinstance(panel, bool) or panel < 0):
        raise ValueError("a panel must be a whole number from 0, or null")
    return CorrectedText(_box(item), text, TextKind(kind), panel)


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value) and abs(value) < 1e9
