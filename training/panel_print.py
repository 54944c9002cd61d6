"""Printing and scanning of training pages: paper, ink, skew, scale, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np

from training.panel_art import Picture
from training.panel_layouts import Polygon


def printed(
    page: Picture, panels: list[Polygon], rng: np.random.Generator
) -> tuple[Picture, list[Polygon]]:
    """Print and scan a page.

    Args:
        page: RGB uint8 (H, W, 3).
        panels: Outlines, moved along with the page.
        rng: Chooses what happens.

    Returns:
        The scan, and the outlines in it.
    """
    if rng.random() < 0.5:  # mirror images double the layouts
        page = np.ascontiguousarray(page[:, ::-1])
        width = page.shape[1]
        panels = [p * [-1.0, 1.0] + [width, 0.0] for p in panels]
    if rng.random() < 0.12:
        page = _halftone(page, rng)
    if rng.random() < 0.15:
        page, panels = _skewed(page, panels, rng)
    if rng.random() < 0.2:
        page = _yellowed(page, rng)
    if rng.random() < 0.35:
        page = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.3, 1.1)))
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 9), page.shape).astype(np.float32)
        page = np.clip(page + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        gain, lift = rng.uniform(0.75, 1.15), rng.uniform(-20, 25)
        page = np.clip(page.astype(np.float32) * gain + lift, 0, 255).astype(np.uint8)
    return page, panels


def _halftone(page: Picture, rng: np.random.Generator) -> Picture:
    """Print with coarse dots, as old comics are."""
    height, width = page.shape[:2]
    y, x = np.ogrid[:height, :width]
    out = page.astype(np.float32)
    period = rng.uniform(3, 6)
    for channel, angle in enumerate(rng.permutation([0.26, 0.79, 1.3])):
        c, s = np.cos(angle) * 2 * np.pi / period, np.sin(angle) * 2 * np.pi / period
        dots = np.cos(c * x + s * y) + np.cos(c * y - s * x)
        out[..., channel] += rng.uniform(10, 40) * dots
    return np.clip(out, 0, 255).astype(np.uint8)


def _yellowed(page: Picture, rng: np.random.Generator) -> Picture:
    """Age the paper, more at the edges."""
    height, width = page.shape[:2]
    tint = np.array([1.0, rng.uniform(0.88, 0.97), rng.uniform(0.6, 0.9)])
    y = np.abs(np.linspace(-1, 1, height))[:, None]
    x = np.abs(np.linspace(-1, 1, width))[None]
    edge = 1 - rng.uniform(0.0, 0.3) * np.maximum(x, y) ** rng.uniform(2, 8)
    return np.clip(page * tint * edge[..., None], 0, 255).astype(np.uint8)


def _skewed(
    page: Picture, panels: list[Polygon], rng: np.random.Generator
) -> tuple[Picture, list[Polygon]]:
    """Turn the page a little on the scanner's bed."""
    height, width = page.shape[:2]
    angle = float(rng.normal(0, 0.9))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, float(rng.uniform(0.95, 1.0)))
    bed = (int(rng.choice([0, 20, 128, 235, 255])),) * 3
    mode = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    turned = cv2.warpAffine(page, turn, (width, height), borderMode=mode, borderValue=bed)
    return turned, [p @ turn[:, :2].T + turn[:, 2] for p in panels]
