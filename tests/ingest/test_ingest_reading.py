"""Pixels alone: a query picture, and the pages of a known comic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.errors import IngestError, PageError
from longbox.ingest import IngestOptions, open_book, open_pages, read_picture
from tiny_comics import draw_cbz


def test_pages_are_those_of_the_open_book(tmp_path: Path) -> None:
    path = draw_cbz(tmp_path / "a.cbz", [0, 1])
    with open_book(path) as book, open_pages(path, IngestOptions()) as pages:
        assert len(pages) == len(book.book.pages) == 2
        assert np.array_equal(pages.pixels(1), book.pixels(1))
        with pytest.raises(PageError, match="no page 3"):
            pages.pixels(2)


def test_query_picture_is_decoded_upright_and_in_colour(tmp_path: Path) -> None:
    Image.new("LA", (3, 2), (0, 0)).save(tmp_path / "clear.png")
    pixels = read_picture(tmp_path / "clear.png", IngestOptions())
    assert pixels.shape == (2, 3, 3)
    assert (pixels == 255).all()


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_with_its_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(data)
    with pytest.raises(IngestError, match=r"bad\.png"):
        read_picture(tmp_path / "bad.png", IngestOptions())


def test_query_picture_obeys_the_limits(tmp_path: Path) -> None:
    Image.new("L", (50, 50)).save(tmp_path / "big.png")
    with pytest.raises(IngestError, match=r"big\.png"):
        read_picture(tmp_path / "big.png", IngestOptions(max_pixels=1000))
    with pytest.raises(IngestError, match="check the path"):
        read_picture(tmp_path / "none.png", IngestOptions())
