"""What people said of a book, newest first, and which of it counts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from longbox.correction import CorrectedField, Correction, latest
from longbox.web.correct.values import History, HistoryLine
from longbox.wording import plural, spoken

_LONGEST = 160
_VERDICTS = {
    "right": "right as it is",
    "detector": "the detector is right",
    "model": "the model is right",
    "both_wrong": "both are wrong",
}


def history_of(corrections: Sequence[Correction], limit: int, offset: int) -> History:
    """Return a part of a book's history.

    Args:
        corrections: All of the book, oldest first.
        limit: At most so many.
        offset: How many of the newest to pass over.
    """
    counting = set(latest(corrections))
    lines = [_line(c, counts=c in counting) for c in reversed(corrections)]
    return History(items=lines[offset : offset + limit], total=len(lines), offset=offset)


def _line(correction: Correction, *, counts: bool) -> HistoryLine:
    state = "replaced"
    if counts:
        state = "taken back" if correction.is_withdrawal else "counts"
    return HistoryLine(
        page_index=correction.page_index,
        field=correction.field,
        summary=_summary(correction),
        made_at=correction.made_at,
        origin=correction.origin[:_LONGEST],
        state=state,
    )


def _summary(correction: Correction) -> str:
    """Return what was said in a few words."""
    value = json.loads(correction.value)
    if value is None:
        return "as Longbox sees it"
    if isinstance(value, list):
        return plural(len(value), correction.field.value.removesuffix("s"))
    said = str(value)
    if correction.field is CorrectedField.REVIEW:
        return _VERDICTS.get(said, said)
    if correction.field is CorrectedField.PAGE_TYPE:
        said = spoken(said)
    return said[:_LONGEST]
