"""Outlines as arrays of points: ellipses, rounded boxes, smooth curves through a few points.

All return float arrays (N, 2) in whatever unit the caller draws in; y grows downward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@lru_cache(maxsize=8)
def _unit_circle(n: int) -> Points:
    angles = np.linspace(0, 2 * math.pi, n, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def points(*pairs: tuple[float, float]) -> Points:
    """Return points as an array."""
    return np.array(pairs, dtype=np.float64)


def ellipse(cx: float, cy: float, rx: float, ry: float, angle: float = 0.0) -> Points:
    """Return an ellipse, turned by an angle in radians."""
    shape: Points = _unit_circle(40) * (rx, ry)
    if angle:
        c, s = math.cos(angle), math.sin(angle)
        shape = shape @ np.array([[c, s], [-s, c]])
    moved: Points = shape + np.array([cx, cy])
    return moved


def arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float) -> Points:
    """Return part of an ellipse, angles in radians, clockwise on the page."""
    angles = np.linspace(start, stop, 20)
    return np.stack([cx + rx * np.cos(angles), cy + ry * np.sin(angles)], axis=1)


def superellipse(cx: float, cy: float, rx: float, ry: float, power: float) -> Points:
    """Return an outline between an ellipse (power 2) and a box (power towards infinity)."""
    circle = _unit_circle(72)
    shape = np.sign(circle) * np.abs(circle) ** (2.0 / power)
    return shape * (rx, ry) + (cx, cy)


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return the four corners of a box."""
    return points((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Points:
    """Return a box with round corners."""
    r = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    quarter = math.pi / 2
    corners = ((x1 - r, y0 + r, -1), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 1), (x0 + r, y0 + r, 2))
    parts = []
    for cx, cy, turn in corners:
        angles = np.linspace(turn * quarter, (turn + 1) * quarter, 6)
        parts.append(np.stack([cx + r * np.cos(angles), cy + r * np.sin(angles)], axis=1))
    return np.concatenate(parts)


def curve(through: Sequence[tuple[float, float]] | Points, steps: int = 8) -> Points:
    """Return a smooth open curve through the points (Catmull-Rom)."""
    p = np.asarray(through, dtype=np.float64)
    if len(p) < 3:
        return p
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    return np.concatenate([_catmull_rom(padded, steps), p[-1:]])


def blob(through: Sequence[tuple[float, float]] | Points, steps: int = 8) -> Points:
    """Return a smooth closed outline through the points."""
    p = np.asarray(through, dtype=np.float64)
    return _catmull_rom(np.concatenate([p[-1:], p, p[:2]]), steps)


def star(cx: float, cy: float, outer: float, inner: float, n: int, angle: float = 0.0) -> Points:
    """Return a star of n points."""
    angles = np.arange(2 * n) * math.pi / n - math.pi / 2 + angle
    radii = np.where(np.arange(2 * n) % 2 == 0, outer, inner)
    return np.stack([cx + radii * np.cos(angles), cy + radii * np.sin(angles)], axis=1)


def _catmull_rom(padded: Points, steps: int) -> Points:
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))  # (N, 1, 2)
    spline = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return spline.reshape(-1, 2)  # (N * steps, 2)
