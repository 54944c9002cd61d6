"""Gutters: the best line that separates a region into two.

A gutter is a band of paper from one end of the region to the other with panels beginning on both
sides along its length. Both halves of that sentence are measured: the coverage (how much of the
band is paper; balloons and figures may block a part) and the flanks (on how much of its length
content begins right beside it). White space inside a drawing has the first but not the second.

Slanted gutters are found as straight ones in a sheared copy of the region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.panels.paper import Mask

MIN_COVERAGE = 0.7
FLANK_BOTH = 0.4
CLEAR_POWER = 0.5
FRAME_COVERAGE = 0.88
FRAME_WORTH = 0.65
MAX_BANDS = 5
MAX_SLOPES = 2
_STEPS = (0.012, 0.025, 0.045, 0.07, 0.1, 0.14, 0.18, 0.23, 0.28, 0.34, 0.41, 0.5, 0.6)
SLOPES = np.array([sign * step for step in _STEPS for sign in (1, -1)])


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the page at working size.

    Attributes:
        content: 1 where something is drawn, uint8 (h, w).
        paper: 1 where the gutter's colour shows, uint8 (h, w); all are 0 outside the region.
        ink: 1 where it is dark enough for a panel's frame, uint8 (h, w).
        x: Left edge on the working page.
        y: Top edge on the working page.
    """

    content: Mask
    paper: Mask
    ink: Mask
    x: int
    y: int

    @property
    def height(self) -> int:
        """Rows of the region."""
        return int(self.content.shape[0])

    @property
    def width(self) -> int:
        """Columns of the region."""
        return int(self.content.shape[1])

    def part(self, x0: int, y0: int, x1: int, y1: int) -> Region:
        """Return a rectangle of the region, given relative to its own corner."""
        window = np.s_[y0:y1, x0:x1]
        return self.mapped(lambda mask: mask[window], self.x + x0, self.y + y0)

    def turned(self) -> Region:
        """Return the region with rows and columns exchanged."""
        import cv2

        return self.mapped(lambda m: np.asarray(cv2.transpose(m), np.uint8), self.y, self.x)

    def only(self, where: Mask) -> Region:
        """Return the region without what lies outside a mask of its own shape."""
        return self.mapped(lambda mask: mask * where, self.x, self.y)

    def mapped(self, change: Callable[[Mask], Mask], x: int, y: int) -> Region:
        """Return the region at a new place with every mask changed."""
        return Region(change(self.content), change(self.paper), change(self.ink), x, y)

    def trimmed(self) -> Region | None:
        """Return the region without empty rims, or None where nothing is drawn."""
        rows = np.flatnonzero(row_sums(self.content) > max(1, 0.004 * self.width))
        if not rows.size:
            return None
        region = self.part(0, int(rows[0]), self.width, int(rows[-1]) + 1)
        columns = np.flatnonzero(column_sums(region.content) > max(1, 0.004 * region.height))
        if not columns.size:
            return None
        return region.part(int(columns[0]), 0, int(columns[-1]) + 1, region.height)


@dataclass(frozen=True, slots=True)
class Gutter:
    """A cut across a region.

    Attributes:
        start: First row (of the sheared, possibly turned region) of the band.
        end: Row after the band.
        quality: 0 to 1.
        is_vertical: The band runs from top to bottom: start and end are columns.
        slope: Rows the band climbs per column, 0 for a straight one.
    """

    start: int
    end: int
    quality: float
    is_vertical: bool = False
    slope: float = 0.0


def row_sums(mask: Mask) -> NDArray[np.int32]:
    """Count the ones of every row."""
    import cv2

    sums = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return np.asarray(sums, dtype=np.int32).reshape(-1)


def column_sums(mask: Mask) -> NDArray[np.int32]:
    """Count the ones of every column."""
    import cv2

    sums = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return np.asarray(sums, dtype=np.int32).reshape(-1)


def best_gutter(region: Region, reach: int, slanted: bool) -> Gutter | None:
    """Return the best gutter of a region.

    Args:
        region: Trimmed to its content.
        reach: Pixels beside the band in which content must begin.
        slanted: Try slanted gutters as well.
    """
    best: Gutter | None = None
    for is_vertical in (False, True):
        lying = region.turned() if is_vertical else region
        for slope in likely_slopes(lying) if slanted else (0.0,):
            region_there = sheared(lying, slope)
            found = [*_bands(region_there, reach, slope != 0)]
            if slope == 0:
                found += _frames(region_there, reach)
            for start, end, quality in found:
                if best is None or quality > best.quality:
                    best = Gutter(start, end, quality, is_vertical, slope)
    return best


def likely_slopes(region: Region) -> list[float]:
    """Return the slopes along which a band of paper may cross the region, at most MAX_SLOPES.

    The region is reduced to a few columns at half its height, in which the rows of a slanted
    line are looked up; that is a hundred times faster than shearing it for every slope.
    """
    import cv2

    size = (int(np.clip(region.width // 12, 6, 20)), max(8, region.height // 2))
    paper = cv2.resize(region.paper * np.uint8(200), size, interpolation=cv2.INTER_AREA)
    n_known = cv2.countNonZero(region.paper) + cv2.countNonZero(region.content)
    known = np.full((size[1], size[0]), 200, np.uint8)  # (h, k)
    if n_known < region.width * region.height:
        known = np.asarray(
            cv2.resize((region.paper | region.content) * np.uint8(200), size), np.uint8
        )
    middle = (np.arange(size[0]) + 0.5) / size[0] - 0.5
    shift = np.rint(np.outer(SLOPES, middle) * region.width * size[1] / region.height)
    extra = int(np.abs(shift).max()) + 1
    rows = np.arange(size[1])[None, :, None] + shift[:, None, :].astype(np.intp) + extra
    columns = np.arange(size[0])
    padding = ((extra, extra), (0, 0))
    drawn = np.pad(paper, padding)[rows, columns].sum(axis=2, dtype=np.float32)  # (slopes, h)
    there = np.pad(known, padding)[rows, columns].sum(axis=2, dtype=np.float32)
    rim = max(2, size[1] // 25)
    share = np.where(there >= 0.9 * there.max(), drawn / np.maximum(there, 1), 0)
    best = share[:, rim:-rim].max(axis=1)
    return [float(SLOPES[i]) for i in np.argsort(-best)[:MAX_SLOPES] if best[i] >= MIN_COVERAGE]


def sheared(region: Region, slope: float) -> Region:
    """Return the region with every column moved up by slope * its distance from the middle."""
    if slope == 0:
        return region
    import cv2

    extra = int(np.ceil(abs(slope) * region.width / 2))
    size = (region.width, region.height + 2 * extra)
    matrix = np.array([[1, 0, 0], [-slope, 1, slope * region.width / 2 + extra]], np.float64)

    def shear(mask: Mask) -> Mask:
        return np.asarray(cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST), np.uint8)

    return region.mapped(shear, region.x, region.y - extra)


def halves(region: Region, gutter: Gutter) -> list[Region]:
    """Return the trimmed parts on both sides of a gutter that are not empty."""
    lying = region.turned() if gutter.is_vertical else region
    if gutter.slope == 0:
        parts = [
            lying.part(0, 0, lying.width, gutter.start),
            lying.part(0, gutter.end, lying.width, lying.height),
        ]
    else:
        extra = int(np.ceil(abs(gutter.slope) * lying.width / 2))
        columns = np.arange(lying.width) - lying.width / 2
        rows = np.arange(lying.height)[:, None]
        level = rows + extra - gutter.slope * columns  # row in the sheared copy
        parts = [
            lying.only(side.astype(np.uint8))
            for side in (level < gutter.start, level >= gutter.end)
        ]
    trimmed = [t for p in parts if (t := p.trimmed()) is not None]
    return [t.turned() for t in trimmed] if gutter.is_vertical else trimmed


def _bands(region: Region, reach: int, is_slanted: bool) -> Iterator[tuple[int, int, float]]:
    """Yield (start, end, quality) of the horizontal bands that could be gutters."""
    paper, content = row_sums(region.paper), row_sums(region.content)
    known = paper + content
    share = np.where(
        known >= (0.9 if is_slanted else 0.5) * known.max(), paper / np.maximum(known, 1), 0.0
    )
    starts, ends = runs(share >= MIN_COVERAGE)
    peaks = [float(share[a:b].max()) for a, b in zip(starts, ends, strict=True)]
    score = [peak + 0.002 * min(10, int(n)) for peak, n in zip(peaks, ends - starts, strict=True)]
    ranked = np.argsort(np.negative(score), kind="stable")
    minimum = 2 if not is_slanted else 3
    for i in ranked[:MAX_BANDS]:
        outer = int(starts[i]), int(ends[i])
        solid = _solid_part(share, *outer, peaks[int(i)])
        if solid[0] == 0 or solid[1] == region.height:
            continue
        band = _best_band(region, outer, solid, reach)
        if band is not None and band[0] >= minimum and region.height - band[1] >= minimum:
            yield band


def _solid_part(share: NDArray[np.float64], start: int, end: int, peak: float) -> tuple[int, int]:
    """Return the longest stretch of a run whose rows are nearly as clear as the clearest."""
    starts, ends = runs(share[start:end] >= peak - 0.04)
    longest = int((ends - starts).argmax())
    return start + int(starts[longest]), start + int(ends[longest])


def _best_band(
    region: Region, outer: tuple[int, int], solid: tuple[int, int], reach: int
) -> tuple[int, int, float] | None:
    """Return (start, end, quality) of the band between two panels, or None.

    The band begins and ends where the panels beside it do: at the rim of its solid part, or,
    where lettering or a drawing reaches into it, at the rim of all its fairly clear rows.
    """
    paper = column_sums(region.paper[slice(*solid)])
    known = paper + column_sums(region.content[slice(*solid)]) > 0  # (w,)
    share = paper / float(solid[1] - solid[0])
    clear = share >= 0.5
    n_known = int(np.count_nonzero(known))
    coverage = float(np.maximum(share, clear)[known].sum()) / max(1, n_known)
    if coverage < MIN_COVERAGE or _is_walled(share[known]):
        return None
    above = max((_flank(region, e - reach, e, clear), e) for e in {outer[0] or solid[0], solid[0]})
    below = max(
        (_flank(region, e, e + reach, clear), -e)
        for e in {solid[1], outer[1] if outer[1] < region.height else solid[1]}
    )
    low, high = sorted((above[0], below[0]))
    flank = FLANK_BOTH * low + (1 - FLANK_BOTH) * high
    clearness = ((coverage - MIN_COVERAGE) / (1 - MIN_COVERAGE)) ** CLEAR_POWER
    return above[1], -below[1], clearness * flank


def _flank(region: Region, start: int, end: int, clear: NDArray[np.bool_]) -> float:
    """Return on how much of a band's clear length content begins in these rows."""
    rows = slice(max(0, start), end)
    begins = column_sums(region.content[rows]) > 0
    there = clear & (begins | (column_sums(region.paper[rows]) > 0))
    return int(np.count_nonzero(begins & there)) / max(1, int(np.count_nonzero(there)))


def _frames(region: Region, reach: int) -> Iterator[tuple[int, int, float]]:
    """Yield (start, end, quality) of straight dark lines across the region.

    Two panels may share one line, or the gutter between their frames is too thin to be seen.
    """
    known = row_sums(region.paper) + row_sums(region.content)
    share = row_sums(region.ink) / np.maximum(known, 1)
    share[known < 0.9 * known.max()] = 0
    rim = max(2 * reach, region.height // 20)
    starts, ends = runs(share >= FRAME_COVERAGE)
    for start, end in zip(starts, ends, strict=True):
        if start < rim or region.height - end < rim or end - start > 2 * reach:
            continue
        beside = (
            share[start - reach - 1 : start - 1].mean(),
            share[end + 1 : end + 1 + reach].mean(),
        )
        peak = float(share[start:end].max())
        contrast = min(1.0, max(0.0, (peak - max(beside)) / 0.6))
        clearness = (peak - FRAME_COVERAGE) / (1 - FRAME_COVERAGE)
        yield int(start), int(end), FRAME_WORTH * (0.4 + 0.6 * clearness) * contrast


def _is_walled(share: NDArray[np.float64]) -> bool:
    """Say whether a line (a panel's own frame) closes the band at one of its ends."""
    end = max(3, share.size // 60)
    if share.size <= 2 * end:
        return False
    return bool(min(share[:end].min(), share[-end:].min()) < 0.25)


def runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return starts and ends (half open) of the stretches of True."""
    padded = np.concatenate(([False], flags, [False]))
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return changes[::2], changes[1::2]
