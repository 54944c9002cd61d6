"""Pixels of what the library points at: a page, or one panel of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.config import Config
from longbox.encoders import crop_panel
from longbox.errors import IngestError
from longbox.ingest import open_pages
from longbox.library import PanelRecord


def page_pixels(record: PanelRecord, config: Config) -> NDArray[np.uint8]:
    """Decode the page that a panel lies on.

    Returns:
        uint8 (H, W, 3).

    Raises:
        IngestError: The comic file is gone or changed; the message says what to run.
        PageError: The page cannot be decoded.
    """
    path = Path(record.file)
    if not os.path.lexists(path):
        raise IngestError(
            f"{record.file}: the comic file is gone; if it moved, run `longbox index` on its new "
            f"folder or `longbox library sync`"
        )
    with open_pages(path, config.ingest) as pages:
        if record.page_index >= len(pages):
            raise IngestError(
                f"{record.file}: has no page {record.page_index + 1} any more; run `longbox index` "
                f"on it again"
            )
        pixels = pages.pixels(record.page_index)
    if pixels.shape[:2] != (record.page_height, record.page_width):
        raise IngestError(
            f"{record.file}: page {record.page_index + 1} is not the one that was indexed; run "
            f"`longbox index` on the file again"
        )
    return pixels


def panel_crop(record: PanelRecord, config: Config) -> NDArray[np.uint8]:
    """Cut one panel out of its page.

    Returns:
        uint8 (h, w, 3), exactly what the picture encoder saw.

    Raises:
        IngestError: The comic file is gone or changed.
        PageError: The page cannot be decoded.
    """
    return crop_panel(page_pixels(record, config), record.box)
