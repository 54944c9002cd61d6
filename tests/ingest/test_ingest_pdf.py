"""PDF: stored pictures keep their bytes, other pages are drawn, a broken page costs only itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from drawn_comics import drawing, encoded, page, write_pdf, write_pdf_objects
from PIL import Image

from longbox.errors import IngestError, PageError
from longbox.ingest import IngestOptions, open_book
from longbox.ingest.options import MIB


def vector_pdf(path: Path, color: str = "1 0 0", box: str = "0 0 200 300") -> Path:
    content = f"{color} rg 0 150 200 150 re f".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R >>".encode(),
        f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
    ]
    return write_pdf_objects(path, objects)


def test_page_of_one_jpeg_is_that_jpeg(tmp_path: Path) -> None:
    with open_book(write_pdf(tmp_path / "a.pdf", [page(1)])) as opened:
        found = opened.book.pages[0]
        assert found.digest == hashlib.sha256(page(1)).hexdigest()
        assert (found.width, found.height, found.source) == (60, 90, "page 1")
        assert opened.picture_bytes(0) == page(1)


def test_picture_that_does_not_fill_its_page_is_drawn(tmp_path: Path) -> None:
    with open_book(write_pdf(tmp_path / "a.pdf", [page(1)], box="0 0 120 180")) as opened:
        found = opened.book.pages[0]
        assert found.digest != hashlib.sha256(page(1)).hexdigest()
        pixels = opened.pixels(0)
        assert pixels.shape == (found.height, found.width, 3)
        assert (pixels[: found.height // 3] == 255).all()
        with pytest.raises(PageError, match="drawn"):
            opened.picture_bytes(0)


def test_drawn_page_has_the_asked_side_and_a_stable_digest(tmp_path: Path) -> None:
    first, again = vector_pdf(tmp_path / "a.pdf"), vector_pdf(tmp_path / "b.pdf")
    other = vector_pdf(tmp_path / "c.pdf", color="0 0 1")
    with open_book(first) as opened:
        found = opened.book.pages[0]
        assert (found.width, found.height) == (1600, 2400)
        pixels = opened.pixels(0)
        assert tuple(pixels[100, 800]) == (255, 0, 0)
        assert tuple(pixels[2300, 800]) == (255, 255, 255)
        digests = {found.digest}
    for path in (again, other):
        with open_book(path) as opened:
            digests.add(opened.book.pages[0].digest)
    assert len(digests) == 2
    with open_book(first, IngestOptions(pdf_side_px=400)) as opened:
        assert opened.book.pages[0].width == 400
        assert opened.book.pages[0].digest in digests


def test_lossless_picture_is_drawn_at_its_own_pixels(tmp_path: Path) -> None:
    image = drawing(5, 300, 400)
    image.save(tmp_path / "a.png")
    raw = np.asarray(image).tobytes()
    import zlib

    packed = zlib.compress(raw)
    content = b"q 75 0 0 100 0 0 cm /I Do Q"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 75 100] /Contents 4 0 R "
        b"/Resources << /XObject << /I 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
        b"<< /Type /XObject /Subtype /Image /Width 300 /Height 400 /ColorSpace /DeviceRGB "
        + f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
        + packed
        + b"\nendstream",
    ]
    options = IngestOptions(pdf_side_px=300)
    with open_book(write_pdf_objects(tmp_path / "a.pdf", objects), options) as opened:
        found = opened.book.pages[0]
        assert (found.width, found.height) == (300, 400)
        assert np.abs(opened.pixels(0).astype(int) - np.asarray(image).astype(int)).mean() < 1


def test_exif_rotation_counts_only_where_the_page_is_turned_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(drawing(6), "JPEG", exif=exif)
    with open_book(write_pdf(tmp_path / "a.pdf", [turned])) as opened:
        assert opened.book.pages[0].width < opened.book.pages[0].height
    path = write_pdf(tmp_path / "b.pdf", [turned])
    path.write_bytes(path.read_bytes().replace(b"/Type /Page /", b"/Type /Page /Rotate 90 /"))
    with open_book(path) as opened:
        assert (opened.book.pages[0].width, opened.book.pages[0].height) == (90, 60)
        assert opened.picture_bytes(0) == turned


def test_memory_limit_of_the_reader_costs_the_book_not_the_machine(tmp_path: Path) -> None:
    book = vector_pdf(tmp_path / "a.pdf")
    with pytest.raises(IngestError, match=r"a\.pdf"):
        open_book(book, IngestOptions(max_pdf_memory_bytes=30 * MIB))


def test_time_limit_of_the_reader_is_kept(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="takes more than"):
        open_book(vector_pdf(tmp_path / "a.pdf"), IngestOptions(max_pdf_seconds=0.001))


def test_reader_is_started_again_after_it_died(tmp_path: Path) -> None:
    with open_book(write_pdf(tmp_path / "a.pdf", [page(1), page(2)])) as opened:
        worker = opened._source._worker  # type: ignore[attr-defined]
        worker._process.kill()
        with pytest.raises(PageError, match=r"a\.pdf: page 1 .*crashes"):
            opened.pixels(0)
        assert opened.pixels(1).shape == (90, 60, 3)


def test_no_process_is_left_after_closing(tmp_path: Path) -> None:
    opened = open_book(write_pdf(tmp_path / "a.pdf", [page(1)]))
    process = opened._source._worker._process  # type: ignore[attr-defined]
    opened.close()
    opened.close()
    assert process.poll() is not None
