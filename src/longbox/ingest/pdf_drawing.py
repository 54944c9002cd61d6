"""One PDF page through pdfium: its stored picture, its size, its digest, its pixels.

Only pdf_worker calls this, in a process of its own. A page that is exactly one JPEG (or JPEG 2000)
that fills it, upright and with nothing else visible, is that stored picture: its digest equals that
of the same picture in a CBZ, and its pixels are not resampled. Invisible text over it, as OCR
programs write it, does not count. Every other page is drawn: at the resolution of the picture that
covers most of it, else with pdf_side_px on its shorter side.

A drawn page's digest is taken from what the page draws (objects, places, text, stored picture
bytes), not from the drawn pixels, so it survives a new version of pdfium.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import PageError
from longbox.ingest.options import IngestOptions
from longbox.ingest.pictures import probe, rotation_degrees

_INVISIBLE_TEXT = 3
_EDGE_SLACK = 0.01
_LARGEST_SIDE_PX = 65_500
_MOST_DENSE = 2.5
_PICTURE_FILTERS = (["DCTDecode"], ["JPXDecode"])


def states_right_to_left(document: Any) -> bool:
    """Say whether the PDF's viewer preferences ask for right to left."""
    import pypdfium2.raw as pdfium

    buffer = ctypes.create_string_buffer(16)
    pdfium.FPDF_VIEWERREF_GetName(document, b"Direction", buffer, len(buffer))
    return buffer.value == b"R2L"


def page_picture(page: Any, options: IngestOptions) -> bytes | None:
    """Return the stored picture that a page consists of, or None when it must be drawn."""
    import pypdfium2.raw as pdfium

    pictures: list[Any] = []
    for item in islice(page.get_objects(max_depth=1), options.max_pdf_objects):
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures.append(item)
        elif (
            item.type != pdfium.FPDF_PAGEOBJ_TEXT
            or pdfium.FPDFTextObj_GetTextRenderMode(item) != _INVISIBLE_TEXT
        ):
            return None
        if len(pictures) > 1:
            return None
    if (
        not pictures
        or not _fills(pictures[0], page)
        or pictures[0].get_filters() not in _PICTURE_FILTERS
    ):
        return None
    if pdfium.FPDFImageObj_GetImageDataRaw(pictures[0], None, 0) > options.max_member_bytes:
        return None
    data = bytes(pictures[0].get_data())
    try:
        size = probe(data, options)
    except PageError:
        return None
    sides = sorted(pictures[0].get_px_size())
    is_same = (
        sorted((size.width, size.height)) == sides and rotation_degrees(data) == page.get_rotation()
    )
    return data if is_same else None


def _fills(picture: Any, page: Any) -> bool:
    matrix = picture.get_matrix()
    if (
        matrix.a <= 0
        or matrix.d <= 0
        or max(abs(matrix.b), abs(matrix.c)) > 1e-3 * max(matrix.a, matrix.d)
    ):
        return False
    box = page.get_cropbox()
    slack = (_EDGE_SLACK * abs(box[2] - box[0]), _EDGE_SLACK * abs(box[3] - box[1])) * 2
    return all(
        abs(edge - limit) <= room
        for edge, limit, room in zip(picture.get_bounds(), box, slack, strict=True)
    )


def drawing_digest(page: Any, options: IngestOptions) -> str:
    """Return the hex SHA-256 of what a page draws: objects, places, text, stored pictures."""
    import pypdfium2.raw as pdfium

    digest = hashlib.sha256()
    digest.update(f"page {page.get_width():.1f} {page.get_height():.1f}".encode())
    texts = page.get_textpage()
    try:
        for item in islice(page.get_objects(max_depth=8, textpage=texts), options.max_pdf_objects):
            place = (
                " ".join(f"{edge:.1f}" for edge in item.get_bounds())
                if item.type != pdfium.FPDF_PAGEOBJ_FORM
                else ""
            )
            digest.update(f"|{item.type} {place}".encode())
            if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
                digest.update(hashlib.sha256(bytes(item.get_data())).digest())
            elif item.type == pdfium.FPDF_PAGEOBJ_TEXT:
                digest.update(item.extract().encode("utf-8", "replace"))
            elif item.type == pdfium.FPDF_PAGEOBJ_PATH:
                digest.update(f"{pdfium.FPDFPath_CountSegments(item)} {_fill_color(item)}".encode())
    finally:
        texts.close()
    return digest.hexdigest()


def _fill_color(item: Any) -> tuple[int, ...]:
    import pypdfium2.raw as pdfium

    parts = [ctypes.c_uint() for _ in range(4)]
    pdfium.FPDFPageObj_GetFillColor(item, *parts)
    return tuple(part.value for part in parts)


def drawn_size(page: Any, options: IngestOptions) -> tuple[int, int, float]:
    """Return (width, height) in pixels at which a page is drawn, and the scale from points.

    Raises:
        ValueError: The page has no area, or is too thin to draw within the limits.
    """
    width_pt, height_pt = page.get_size()
    if not (0 < width_pt < math.inf and 0 < height_pt < math.inf):
        raise ValueError("page without a size")
    scale = options.pdf_side_px / min(width_pt, height_pt)
    scale = _picture_scale(page, options, scale)
    scale = min(scale, math.sqrt(options.max_pixels / (width_pt * height_pt)) * 0.999)
    scale = min(scale, _LARGEST_SIDE_PX / max(width_pt, height_pt))
    width, height = math.ceil(width_pt * scale), math.ceil(height_pt * scale)
    if width * height > options.max_pixels:
        raise ValueError("page too thin to draw")
    return width, height, scale


def _picture_scale(page: Any, options: IngestOptions, scale: float) -> float:
    """Return the scale that keeps the page's largest picture's own pixels, within reason."""
    import pypdfium2.raw as pdfium

    page_area = page.get_width() * page.get_height()
    largest, found = 0.5 * page_area, scale
    kinds = [pdfium.FPDF_PAGEOBJ_IMAGE]
    for item in islice(page.get_objects(filter=kinds, max_depth=1), options.max_pdf_objects):
        left, bottom, right, top = item.get_bounds()
        area = (right - left) * (top - bottom)
        if area >= largest:
            longer_px, longer_pt = max(item.get_px_size()), max(right - left, top - bottom)
            largest, found = area, min(max(longer_px / longer_pt, scale / 2), scale * _MOST_DENSE)
    # A hair less, so that rounding up in the renderer does not add a pixel.
    return found * (1 - 1e-7)


def draw(page: Any, options: IngestOptions) -> NDArray[np.uint8]:
    """Return the drawn page as RGB pixels, uint8 (H, W, 3)."""
    _, _, scale = drawn_size(page, options)
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        pixels = bitmap.to_numpy()
        if pixels.ndim == 2 or pixels.shape[2] == 1:
            pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
        drawn: NDArray[np.uint8] = np.array(pixels[..., :3], dtype=np.uint8)
    finally:
        bitmap.close()
    return drawn
