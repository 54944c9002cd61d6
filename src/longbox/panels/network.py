"""The learned detector: the whole page at once, then each side closely.

One network sees the page at some 640 pixels and says of every cell which panel it lies in
(cells.py); a second one looks at a band round each side of each panel and says where it ends
(sides.py). Both were trained by the scripts in training/ on pages composed of drawn and real art.

A picture taller than 1.9 times its width is first divided where rows are of one even colour; a
part that is still too tall is seen in windows that overlap by half, and what two windows see of
one panel is put together again, so that no window's edge shows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.geometry import Box
from longbox.inference import open_session
from longbox.panels.cells import panels_of_cells
from longbox.panels.options import PanelOptions
from longbox.panels.page_size import network_size
from longbox.panels.sides import ACROSS, bands_of, fine_page
from longbox.panels.windows import joined, windows_of

_FOLDER = Path(__file__).parent
FORMAT = 1
"""Of the networks: what goes in, what comes out."""
MIN_PAGE_PX = 24
_FLAT = 24
"""Range of grey levels of a page on which nothing is drawn."""
_BAND_BATCH = 64
_SURE_OF_SIDE = 0.3
"""Probability round the best column from which a side is moved there."""
_NEAR = 2
"""Columns to both sides of the best one that its exact place is averaged over."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class NetworkDetector:
    """Panels by two small networks.

    Attributes:
        n_threads: Threads of one inference.
    """

    n_threads: int = 1
    name = "network"

    @cached_property
    def _pages(self) -> Any:
        return _opened("panel_network", self.n_threads)

    @cached_property
    def _sides(self) -> Any:
        return _opened("side_network", self.n_threads)

    def detect(self, pixels: Pixels, options: PanelOptions) -> tuple[tuple[Box, float], ...]:
        """Find panels; see PanelDetector.

        Raises:
            ModelError: A network is missing or damaged.
        """
        if min(pixels.shape[:2]) < MIN_PAGE_PX:
            return ()
        seen = []
        for window in windows_of(pixels):
            part = pixels[window.start : window.end]
            seen.append((window, self._see(part, options)))
        return joined(seen, pixels.shape[1])

    def _see(self, pixels: Pixels, options: PanelOptions) -> list[tuple[Box, float]]:
        """Find the panels of an ordinary page or of one window."""
        import cv2

        page = fine_page(pixels)
        height, width = page.shape[:2]
        size = network_size(width, height)
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
        if int(small.max()) - int(small.min()) <= _FLAT:
            return []
        cells = self._run(self._pages, "pages", small[None])[0]
        panels = panels_of_cells(cells, options.min_confidence)
        boxes = panels.boxes * [width, height, width, height]
        if options.look_closely:
            boxes = self._to_the_pixel(page, boxes)
        factor = pixels.shape[1] / width, pixels.shape[0] / height
        return [
            (Box(*(float(v) for v in box)).scale(*factor), float(confidence))
            for box, confidence in zip(boxes, panels.confidences, strict=True)
            if box[2] - box[0] >= 1 and box[3] - box[1] >= 1
        ]

    def _to_the_pixel(self, page: Pixels, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move the sides of boxes (N, 4) to where the page shows them."""
        if not len(boxes):
            return boxes
        height, width = page.shape[:2]
        bands = bands_of(page, boxes)
        logits = np.concatenate(
            [
                self._run(self._sides, "bands", bands.pixels[i : i + _BAND_BATCH])
                for i in range(0, len(bands.pixels), _BAND_BATCH)
            ]
        ).astype(np.float64)
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        columns, sure = _peaks(likely[:, :ACROSS])
        old = boxes.reshape(-1)
        moved = np.where(sure >= _SURE_OF_SIDE, bands.places(columns), old).reshape(-1, 4)
        moved = np.clip(moved, 0, [width, height, width, height])
        is_sound = (moved[:, 2] - moved[:, 0] > 2) & (moved[:, 3] - moved[:, 1] > 2)
        return np.where(is_sound[:, None], moved, boxes)

    @staticmethod
    def _run(session: Any, name: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        try:
            (answer,) = session.run(None, {name: np.ascontiguousarray(batch)})
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(f"the panel network fails on {batch.shape} ({reason})") from error
        return np.asarray(answer)


def _opened(name: str, n_threads: int) -> Any:
    """Open a network of this folder after its card, which says its checksum."""
    card = _FOLDER / f"{name}.json"
    try:
        told = json.loads(card.read_bytes())
        version, digest = int(told["format"]), str(told["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{card}: missing or unreadable; install Longbox again") from error
    if version != FORMAT:
        raise ModelError(f"{card}: format {version} instead of {FORMAT}; install Longbox again")
    return open_session(_FOLDER / f"{name}.onnx", n_threads, digest)


def _peaks(likely: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the best column (N,) with its fraction, and the probability round it (N,)."""
    best = likely.argmax(axis=1)
    places = np.arange(likely.shape[1])
    near = likely * (np.abs(places[None] - best[:, None]) <= _NEAR)
    mass = near.sum(axis=1)
    return (near * places).sum(axis=1) / np.maximum(mass, 1e-9), mass
