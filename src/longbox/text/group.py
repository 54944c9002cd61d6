"""Lines become balloons and captions.

Two lines belong together when they are of one orientation and size, close for their size, in one
panel, and nothing is drawn between them. "Nothing drawn" is asked of the pixels: straight probes
from one line to the other must not meet an outline, so two balloons that touch stay two. Groups
are the connected sets of such pairs.

Everything is computed in (along, across): along the reading direction of a line, and across it in
the direction in which lines follow. For columns that is down, and from right to left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import Panel
from longbox.geometry import Box
from longbox.text.assign import panel_of
from longbox.text.lines import Line

Gray = NDArray[np.uint8]

_MAX_WORD_GAP = 1.3  # between pieces of one line, in line thicknesses
# Between lines, and between pieces of a line. At .6 every tenth balloon is glued to the one it
# overlaps (Pepper&Carrot, train), at .3 every twentieth; columns are set with wider gaps.
_GAPS = (0.3, _MAX_WORD_GAP)
_GAPS_OF_COLUMNS = (0.6, _MAX_WORD_GAP)
_GAPS_ACROSS_PANELS = (0.2, 0.4)  # a balloon may lie on a gutter, but then it hides it
_MAX_SIZE_RATIO = 1.9
_MIN_OVERLAP = 0.35  # of the shorter line
_OUTLINE_CONTRAST = 60  # grey levels
_BLOCKED_SHARE = 0.75
_N_PROBES = 9
_FURIGANA_WIDTH = 0.62  # of its column


@dataclass(frozen=True, slots=True)
class _Span:
    """A line's box along and across its reading direction."""

    along0: float
    along1: float
    across0: float
    across1: float

    @classmethod
    def of(cls, box: Box, is_vertical: bool) -> _Span:
        if is_vertical:
            return cls(box.y0, box.y1, -box.x1, -box.x0)
        return cls(box.x0, box.x1, box.y0, box.y1)


def group_lines(
    lines: list[Line], panels: tuple[Panel, ...] = (), gray: Gray | None = None
) -> list[list[Line]]:
    """Group lines into balloons, captions and other pieces of lettering.

    Args:
        lines: Lines of one page in any order.
        panels: The page's panels; lines of different panels are only grouped
            where they nearly touch, as in a balloon that lies on the gutter.
        gray: The page as grey levels, uint8 (H, W); None to group by geometry alone.

    Returns:
        Groups from the top of the page down, each with its lines in reading order. Furigana
        (small columns beside larger ones) is left out.
    """
    kept = sorted(drop_furigana(lines), key=lambda line: line.box.y0)
    homes = [panel_of(line.box, panels) for line in kept]
    parent = list(range(len(kept)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, line in enumerate(kept):
        for j in range(i + 1, len(kept)):
            reach = _MAX_WORD_GAP * _MAX_SIZE_RATIO * line.thickness
            if kept[j].box.y0 > line.box.y1 + reach:
                break
            gaps = _GAPS_OF_COLUMNS if line.is_vertical else _GAPS
            if homes[i] != homes[j]:
                gaps = _GAPS_ACROSS_PANELS
            if root(i) != root(j) and _belong(line, kept[j], gray, gaps):
                parent[root(j)] = root(i)
    groups: dict[int, list[Line]] = {}
    for i, line in enumerate(kept):
        groups.setdefault(root(i), []).append(line)
    return [order_lines(group) for group in groups.values()]


def order_lines(group: list[Line]) -> list[Line]:
    """Order the lines of one group: rows from the top down, columns from right to left."""
    is_vertical = is_mostly_vertical(group)
    spans = sorted(
        ((_Span.of(line.box, is_vertical), line) for line in group),
        key=lambda item: item[0].across0 + item[0].across1,
    )
    rows: list[list[tuple[_Span, Line]]] = []
    for span, line in spans:
        center = (span.across0 + span.across1) / 2
        last = rows[-1][0][0] if rows else None
        if last and center < last.across1 - 0.25 * (last.across1 - last.across0):
            rows[-1].append((span, line))
        else:
            rows.append([(span, line)])
    return [line for row in rows for _, line in sorted(row, key=lambda item: item[0].along0)]


def is_mostly_vertical(group: list[Line]) -> bool:
    """Say whether most characters of a group stand in columns."""
    upright = sum(len(line.text) for line in group if line.is_vertical)
    return upright * 2 > sum(len(line.text) for line in group)


def drop_furigana(lines: list[Line]) -> list[Line]:
    """Leave out small columns just right of a larger one: how it is read, not more text."""
    columns = [line for line in lines if line.is_vertical]

    def is_furigana(small: Line) -> bool:
        width = small.box.width
        return any(
            width < _FURIGANA_WIDTH * big.box.width
            and abs(small.box.x0 - big.box.x1) <= 0.7 * width
            and _shared(small.box.y0, small.box.y1, big.box.y0, big.box.y1) > 0.7 * small.box.height
            for big in columns
            if big is not small
        )

    return [line for line in lines if not (line.is_vertical and is_furigana(line))]


def _shared(a0: float, a1: float, b0: float, b1: float) -> float:
    return min(a1, b1) - max(a0, b0)


def _belong(a: Line, b: Line, gray: Gray | None, gaps: tuple[float, float]) -> bool:
    if a.is_vertical != b.is_vertical and not (_is_square(a) or _is_square(b)):
        return False
    is_vertical = b.is_vertical if _is_square(a) else a.is_vertical
    thin, thick = sorted((a.thickness, b.thickness))
    if thick > _MAX_SIZE_RATIO * thin:
        return False
    first, second = sorted(
        (_Span.of(a.box, is_vertical), _Span.of(b.box, is_vertical)), key=lambda s: s.across0
    )
    along = _shared(first.along0, first.along1, second.along0, second.along1)
    across = _shared(first.across0, first.across1, second.across0, second.across1)
    shorter = min(first.along1 - first.along0, second.along1 - second.along0)
    is_next_line = along >= _MIN_OVERLAP * shorter and -across <= gaps[0] * thin
    is_same_line = across >= 0.5 * thin and -along <= gaps[1] * thin
    if not (is_next_line or is_same_line):
        return False
    return gray is None or not _outline_between(a.box, b.box, gray)


def _is_square(line: Line) -> bool:
    """A line of one or two characters has no orientation of its own."""
    return len(line.text) <= 2 and max(line.box.width, line.box.height) < 2 * line.thickness


def _outline_between(a: Box, b: Box, gray: Gray) -> bool:
    """Say whether something is drawn across the gap between two boxes."""
    shared_x = _shared(a.x0, a.x1, b.x0, b.x1)
    shared_y = _shared(a.y0, a.y1, b.y0, b.y1)
    if shared_x >= shared_y:  # one above the other
        gap = (min(a.y1, b.y1), max(a.y0, b.y0))
        span = (max(a.x0, b.x0), min(a.x1, b.x1))
        strip = gray[_pixels(*gap, gray.shape[0]), :][:, _probes(*span, gray.shape[1])]
    else:
        gap = (min(a.x1, b.x1), max(a.x0, b.x0))
        span = (max(a.y0, b.y0), min(a.y1, b.y1))
        strip = gray[_probes(*span, gray.shape[0]), :][:, _pixels(*gap, gray.shape[1])].T
    if strip.shape[0] < 2 or strip.shape[1] == 0:  # (gap, probes): touching boxes leave no room
        return False
    contrast = strip.max(axis=0).astype(int) - strip.min(axis=0)
    return bool((contrast > _OUTLINE_CONTRAST).mean() >= _BLOCKED_SHARE)


def _pixels(start: float, stop: float, limit: int) -> slice:
    return slice(max(0, int(start)), max(0, min(limit, int(stop))))


def _probes(start: float, stop: float, limit: int) -> NDArray[np.intp]:
    places = np.linspace(start, stop, _N_PROBES + 2)[1:-1] if stop > start else np.array([start])
    return np.clip(places.astype(np.intp), 0, limit - 1)
