"""From a page's pixels to its texts.

Find lines, read them, group them, say what they are, give them to panels, order them. The
networks are loaded on the first page and live in the reader; a reader is cheap to make and to
send to another process, which then loads its own.

Tall boxes are columns in Japanese and Chinese and sideways lines in everything else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, Panel, TextKind, TextRegion
from longbox.errors import PageError
from longbox.geometry import Box, bounding_box
from longbox.text.assign import assign_to_panels, order_texts, panel_of
from longbox.text.book_language import is_mistaken
from longbox.text.detect import FoundLine, find_lines
from longbox.text.engine import Engine, load_engine
from longbox.text.group import group_lines, is_mostly_vertical
from longbox.text.kinds import classify_kind, look_around, page_context, tells_story
from longbox.text.language import detect_language, restore_opening_marks
from longbox.text.lines import Line, clean_text, is_cjk, join_lines
from longbox.text.options import TextOptions
from longbox.text.recognise import decode, line_image, network_input

_DEFAULTS = TextOptions()
_SURE = 0.9  # below this, sideways lettering is also read the other way up
_TALL = 1.5  # height over width from which a box is a column or a sideways line


class TextReader:
    """Reads the lettering of pages.

    Args:
        options: Engine, sizes and thresholds.
    """

    def __init__(self, options: TextOptions = _DEFAULTS) -> None:
        self.options = options
        self._engine: Engine | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the networks; the other process loads its own."""
        return {"options": self.options, "_engine": None}

    def read_page(
        self,
        pixels: NDArray[np.uint8],
        panels: tuple[Panel, ...],
        direction: Direction,
        language: str | None = None,
    ) -> tuple[TextRegion, ...]:
        """Read all lettering of one page.

        Args:
            pixels: The page, RGB, uint8 (H, W, 3).
            panels: Its panels; may be empty.
            direction: How the book is read.
            language: ISO 639-1 code where the book's metadata says so, else None.

        Returns:
            The texts in reading order; empty where nothing is written.

        Raises:
            ModelError: The OCR models are missing or damaged.
            PageError: The pixels are not a picture, or the networks fail on it.
        """
        lines = self.read_lines(pixels)
        spoken = language or detect_language(line.text for line in lines)
        lines = [line for line in lines if not is_mistaken(line.text, spoken)]
        if not lines:
            return ()
        gray = np.asarray(pixels[:, :, 1])  # green is a good grey, and free
        by_order = {panel.order: panel.box for panel in panels}
        groups = group_lines(lines, panels, gray)
        boxes = [bounding_box(line.box for line in group) for group in groups]
        homes = [panel_of(box, panels) for box in boxes]
        around = [
            look_around(pixels, group, by_order[home] if home is not None else None)
            for group, home in zip(groups, homes, strict=True)
        ]
        is_story = tells_story(len(panels), direction, around)
        context = page_context(pixels.shape, lines, tells_story=is_story)
        regions = [
            self._region(group, box, classify_kind(group, seen, context), spoken)
            for group, box, seen in zip(groups, boxes, around, strict=True)
        ]
        return order_texts(assign_to_panels(regions, panels), panels, direction)

    def _region(
        self, group: list[Line], box: Box, kind: TextKind, language: str | None
    ) -> TextRegion:
        text = restore_opening_marks(join_lines([line.text for line in group]), language)
        weights = [max(1, len(line.text)) for line in group]
        return TextRegion(
            box=box,
            text=text[: self.options.max_text_length],
            confidence=float(np.average([line.confidence for line in group], weights=weights)),
            kind=kind,
            source=self._loaded().name,
            panel=None,
            order=0,
            language=language,
            is_vertical=is_mostly_vertical(group),
        )

    def read_lines(self, pixels: NDArray[np.uint8]) -> list[Line]:
        """Find and recognise the lines of one page, in no particular order.

        Raises:
            ModelError: The OCR models are missing or damaged.
            PageError: The pixels are not a picture, or the networks fail on it.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise PageError(
                f"a page to read has shape {pixels.shape} and type {pixels.dtype}; "
                "give RGB pixels as uint8 (H, W, 3)"
            )
        if min(pixels.shape[:2]) < 8:
            return []
        engine = self._loaded()
        found = find_lines(pixels, engine.text_map, self.options)
        if self.options.n_threads == 1 or len(found) < 2:
            lines = [self._read_line(pixels, f) for f in found]
        else:
            with ThreadPoolExecutor(self.options.n_threads) as threads:
                lines = list(threads.map(lambda f: self._read_line(pixels, f), found))
        return [line for line in lines if line is not None]

    def _loaded(self) -> Engine:
        if self._engine is None:
            self._engine = load_engine(self.options)
        return self._engine

    def _read_line(self, pixels: NDArray[np.uint8], found: FoundLine) -> Line | None:
        image = line_image(pixels, found.corners)
        is_tall = image.shape[0] >= _TALL * image.shape[1]
        if is_tall:
            image = np.ascontiguousarray(np.rot90(image))
        text, confidence = self._recognise(image)
        if is_tall and confidence < _SURE and not any(map(is_cjk, text)):
            # Sideways lettering may also run from the bottom up.
            turned = np.ascontiguousarray(np.rot90(image, 2))
            text, confidence = max((text, confidence), self._recognise(turned), key=_sure)
        if not text or confidence < self.options.min_confidence:
            return None
        is_column = is_tall and sum(map(is_cjk, text)) * 2 > len(text)
        low, high = found.corners.min(axis=0), found.corners.max(axis=0)
        a, b, c, d = ((float(x), float(y)) for x, y in found.corners)
        box = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return Line(box, text, confidence, is_column, (a, b, c, d))

    def _recognise(self, image: NDArray[np.uint8]) -> tuple[str, float]:
        engine = self._loaded()
        batch = network_input(image, self.options.max_line_aspect)
        text, confidence = decode(engine.characters(batch), engine.alphabet)
        return clean_text(text, self.options.max_text_length), confidence


def _sure(read: tuple[str, float]) -> float:
    return read[1]
