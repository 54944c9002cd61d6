"""Counts, sizes, times and names in words, the same on the page and in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime


def plural(n: int, noun: str, many: str = "") -> str:
    """Return "1 page", "2,000 pages"."""
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"


def when(timestamp: float) -> str:
    """Return a time as "2026-11-22 14:05 UTC"."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(n_bytes: float) -> str:
    """Return "3.4 MB"; powers of ten, as disks are sold."""
    units = ["B", "kB", "MB", "GB", "TB"]
    at = 0
    while n_bytes >= 1000 and at < len(units) - 1:
        n_bytes, at = n_bytes / 1000, at + 1
    return f"{n_bytes:.0f} {units[at]}" if at < 2 else f"{n_bytes:.1f} {units[at]}"


def spoken(name: str) -> str:
    """Return the name of a value as people read it: "sound effect" for `sound_effect`."""
    return name.replace("_", " ")
