"""The panels that the picture encoder learns from: real train works and books that Longbox draws.

Every panel knows its place in its work, so that the panels before and after it can be its
neighbours, and holds the same drawing as other editions letter it. Pictures are kept at 320 pixels
of their longer side, which is more than the network reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from benchmarks.pictures import edition_panels

from longbox.book import Direction
from longbox.synthetic import BookRecipe, Style, draw_book
from training.panel_art import Picture
from training.picture_projection import rectangles

LONGEST_SIDE = 320
DRAWN = "drawn"


@dataclass(frozen=True, slots=True, eq=False)
class LearningPanel:
    """One panel to learn from.

    Attributes:
        series: Its series; every series is drawn equally often in training.
        work: Its work.
        place: Which panel of the work it is, from 0, in reading order.
        editions: The drawing, first as the gallery has it, then with other lettering or none.
    """

    series: str
    work: str
    place: int
    editions: tuple[Picture, ...]


def learning_panels(
    comics: Path, seed: int, n_drawn_books: int = 36, leave_out: str = ""
) -> list[LearningPanel]:
    """Read and draw all panels; about a minute. Validation works are not read into it.

    Args:
        comics: The folder of real comics with its index.jsonl.
        seed: Chooses rectangles and drawn books.
        n_drawn_books: Books to draw.
        leave_out: A series to leave out, for choosing.
    """
    rng = np.random.default_rng(seed)
    found = []
    for panel in edition_panels(comics, "train"):
        if panel.series != leave_out:
            editions = (panel.pixels, *panel.editions.values())
            small = tuple(_small(pixels) for pixels in editions)
            found.append(LearningPanel(panel.series, panel.work, panel.place, small))
    places: dict[str, int] = {}
    for part in rectangles(comics, rng):
        if part.series != leave_out:
            work = f"{part.work}, rectangles"
            places[work] = places.get(work, -1) + 1
            panel_of_part = LearningPanel(part.series, work, places[work], (_small(part.pixels),))
            found.append(panel_of_part)
    for number in range(n_drawn_books):
        found += _drawn_panels(number)
    return found


def sampling_weights(panels: list[LearningPanel]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how often each panel is drawn (N,), summing to 1: series alike, `drawn` doubly."""
    counts: dict[str, int] = {}
    for panel in panels:
        counts[panel.series] = counts.get(panel.series, 0) + 1
    weights = np.array([(2.0 if p.series == DRAWN else 1.0) / counts[p.series] for p in panels])
    return weights / weights.sum()


def _small(pixels: Picture) -> Picture:
    height, width = pixels.shape[:2]
    factor = min(1.0, LONGEST_SIDE / max(height, width))
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _drawn_panels(number: int) -> Iterator[LearningPanel]:
    styles, mixes = list(Style), ("western", "manga", "classic")
    width, height = 640, 920
    recipe = BookRecipe(
        seed=70_000 + number,
        n_pages=5,
        direction=Direction.LTR,
        style=styles[number % len(styles)],
        layouts=mixes[number // len(styles) % len(mixes)],
        text_density=0.4 * (number % 2),
        matter=False,
        page_width=width,
        page_height=height,
    )
    book, place = draw_book(recipe), 0
    for page in book.truth.pages:
        pixels = book.pixels(page.page.index)
        for panel in page.panels:
            x0, y0, x1, y1 = panel.box.clip(width, height).rounded()
            if x1 - x0 > 50 and y1 - y0 > 50:
                yield LearningPanel(
                    DRAWN, f"{DRAWN} {number}", place, (_small(pixels[y0:y1, x0:x1]),)
                )
                place += 1
