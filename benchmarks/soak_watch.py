"""What the soak measures over time, and whether it is flat.

Samples of a series are not independent (memory now is nearly memory a moment ago), so a slope is
fitted through the medians of a dozen blocks, with a t interval over those. What comes first is left
out: caches fill. "Flat" is a claim of size: growth over the whole run stays below a tolerance with
95 % confidence, or nothing shows (the interval holds 0) and the last quarter is within the
tolerance of the first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from benchmarks.web_load import memory_mb
from scipy import stats

BLOCKS = 12
BOUNDED = ("cache", "partial")  # by a size of its own, and by what is in the air
WARM_SHARE, MOST_WARM_S = 0.1, 600.0


class Stamped(list[float]):
    """Seconds of requests, each with the moment it was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    def append(self, value: float) -> None:
        """Add one, answered now."""
        super().append(value)
        self.at.append(time.monotonic())


@dataclass
class Watched:
    """Series over time: name to moments and values."""

    began: float = field(default_factory=time.monotonic)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        """Add a sample taken now."""
        self.series.setdefault(name, []).append((time.monotonic() - self.began, value))

    def look_at(self, server: psutil.Process) -> None:
        """Sample the server and its children."""
        with server.oneshot():
            self.note("server RSS MB", server.memory_info().rss / 1e6)
            self.note("server handles", server.num_fds())
            self.note("server threads", server.num_threads())
        self.note("server with children PSS MB", memory_mb(server))
        self.note("server children", len(server.children(recursive=True)))

    def look_at_disk(self, library: Path) -> None:
        """Sample the size of the library, by part."""
        sizes: dict[str, int] = {}
        for path in library.rglob("*"):
            part = path.relative_to(library).parts[0].split("-wal")[0].split("-shm")[0]
            try:
                sizes[part] = sizes.get(part, 0) + path.stat().st_blocks * 512
            except OSError:
                continue  # it went away while we looked
        counted = sum(size for part, size in sizes.items() if part not in BOUNDED)
        self.note("disk MB without cache", counted / 1e6)
        for part, size in sorted(sizes.items()):
            self.note(f"disk MB {part}", size / 1e6)


@dataclass(frozen=True)
class Trend:
    """First quarter against last, and the slope between."""

    first: float
    last: float
    per_hour: float
    low: float
    high: float
    is_flat: bool


def trend(points: Sequence[tuple[float, float]], tolerance: float, least: float = 0.0) -> Trend:
    """Say how a series moves.

    Args:
        points: Moments in seconds and values, in order.
        tolerance: Growth over the run that counts as flat, as a share of the first quarter.
        least: Growth that counts as flat however small the first quarter is.
    """
    moments, values = (np.array(column, float) for column in zip(*points, strict=True))
    quarter = (moments[-1] - moments[0]) / 4
    first = float(np.median(values[moments <= moments[0] + quarter]))
    last = float(np.median(values[moments >= moments[-1] - quarter]))
    blocks = [b for b in np.array_split(np.arange(len(moments)), BLOCKS) if len(b)]
    hours = np.array([np.median(moments[b]) for b in blocks]) / 3600
    medians = np.array([np.median(values[b]) for b in blocks])
    if len(blocks) < 3 or np.ptp(medians) == 0:
        return Trend(first, last, 0.0, 0.0, 0.0, last - first <= tolerance * abs(first) + least)
    fitted = stats.linregress(hours, medians)
    reach = float(stats.t.ppf(0.975, len(blocks) - 2) * fitted.stderr)
    slope, span = float(fitted.slope), float(moments[-1] - moments[0]) / 3600
    allowed = max(tolerance * abs(first), least)
    is_small = (slope + reach) * span <= allowed
    shows_nothing = slope - reach <= 0 and last - first <= allowed
    return Trend(first, last, slope, slope - reach, slope + reach, is_small or shows_nothing)


def warmed(points: Sequence[tuple[float, float]], whole_s: float) -> list[tuple[float, float]]:
    """Leave out what comes first."""
    since = min(WARM_SHARE * whole_s, MOST_WARM_S)
    return [p for p in points if p[0] >= since]


def quantiles_over_time(
    points: Sequence[tuple[float, float]], share: float
) -> list[tuple[float, float]]:
    """Return a quantile, in milliseconds, of each of up to 48 stretches with as many requests."""
    n = min(4 * BLOCKS, len(points) // 8)
    if n < 4:
        return []
    parts = [points[i[0] : i[-1] + 1] for i in np.array_split(np.arange(len(points)), n)]
    return [
        (
            float(np.median([p[0] for p in part])),
            float(np.quantile([p[1] for p in part], share)) * 1e3,
        )
        for part in parts
    ]


def row(name: str, found: Trend) -> dict[str, object]:
    """Lay a trend out for the table."""
    return {
        "what": name,
        "first quarter": round(found.first, 1),
        "last quarter": round(found.last, 1),
        "slope an hour": round(found.per_hour, 2),
        "95 % interval": f"{found.low:.2f} to {found.high:.2f}",
        "verdict": "flat" if found.is_flat else "NOT FLAT",
    }
