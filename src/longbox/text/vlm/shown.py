"""What a model is shown of a page: sizes and panel boxes, apart from the pixels.

The fingerprint of a question needs no pixels (the page's digest stands for them), so a cached
answer is found without opening the comic file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from longbox.book import Panel
from longbox.geometry import Box


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page as it is shown.

    Attributes:
        width: Of the page in pixels.
        height: As width.
        picture_width: Of the picture that is sent, in its own pixels.
        picture_height: As picture_width.
        boxes: Our panels in page pixels, in reading order; their numbers are 1, 2, ...
    """

    width: int
    height: int
    picture_width: int
    picture_height: int
    boxes: tuple[Box, ...]


def shown_page(
    size: tuple[int, int], panels: Sequence[Panel], limits: tuple[int, int]
) -> ShownPage:
    """Say how a page will be shown.

    Args:
        size: (width, height) of the page, at least 1 x 1.
        panels: Its panels in reading order.
        limits: Most pixels and longest side of the picture that is sent.

    Returns:
        The page with the size that its picture is scaled to; it is never enlarged.
    """
    width, height = size
    max_pixels, max_side = limits
    scale = min(1.0, math.sqrt(max_pixels / (width * height)), max_side / max(width, height))
    boxes = tuple(panel.box.clip(width, height) for panel in panels)
    sent = max(1, int(width * scale)), max(1, int(height * scale))
    return ShownPage(width, height, *sent, boxes)
