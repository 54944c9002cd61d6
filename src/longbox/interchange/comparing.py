"""Is what a sidecar says the same as what the library has, up to what its format cannot hold?"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from longbox.book import AnnotatedPage, TextRegion
from longbox.correction import CorrectedPanel, CorrectedText
from longbox.geometry import Box
from longbox.interchange.parsing import join_lines

# Most formats hold whole pixels, so an edge may move by one on its way out and back.
_SAME_PX = 1.01
_COMPARED_CHARACTERS = 500

Outline = tuple[tuple[float, float], ...]


def likeness_of(a: str, b: str) -> float:
    """Return how much of the beginnings of two texts agrees, 0 to 1."""
    n = _COMPARED_CHARACTERS
    return difflib.SequenceMatcher(None, a[:n], b[:n], autojunk=False).ratio()


def same_panels(panels: Sequence[CorrectedPanel], now: AnnotatedPage) -> bool:
    """Whether panels are the library's, in the same order."""
    pairs = zip(panels, now.panels, strict=False)
    return len(panels) == len(now.panels) and all(
        _is_same_box(a.box, b.box) and _is_same_outline(a.polygon, b.polygon) for a, b in pairs
    )


def _is_same_outline(said: Outline | None, now: Outline | None) -> bool:
    """Whether an outline is the library's; a file that gives none does not speak of it."""
    if said is None or now is None:
        return said is None
    return len(said) == len(now) and all(
        abs(a - b) <= _SAME_PX
        for p, q in zip(said, now, strict=True)
        for a, b in zip(p, q, strict=True)
    )


def same_texts(texts: Sequence[CorrectedText], now: Sequence[TextRegion]) -> bool:
    """Whether texts are the library's, in the same order, those without words aside."""
    now = [t for t in now if t.text.strip()]
    return len(texts) == len(now) and all(
        _is_same_box(a.box, b.box)
        and is_same_wording(a.text, b.text)
        and a.kind is b.kind
        and a.panel in (None, b.panel)
        for a, b in zip(texts, now, strict=True)
    )


def is_same_wording(said: str, now: str) -> bool:
    """Whether words agree; lines may have been joined as their script is written."""
    words = said.split()
    return words == now.split() or words == join_lines(now.splitlines()).split()


def _is_same_box(a: Box, b: Box) -> bool:
    return all(abs(x - y) <= _SAME_PX for x, y in zip(a.as_tuple(), b.as_tuple(), strict=True))
