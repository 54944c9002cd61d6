"""Pictures of every kind that a page may be, as pages and as what somebody searches with."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import drawn_comics as comics

from fuzz_targets.contract import Target, Try, require
from longbox.errors import PageError
from longbox.ingest import IngestOptions, decode_picture
from longbox.ingest.pictures import grey_rows, probe, rotation_degrees

_OPTIONS = IngestOptions(max_pixels=500_000)
_KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JXL", "TIFF", "BMP", "JPEG2000")


def mended_png(data: bytes) -> bytes:
    """Put right the checksum of every chunk of a PNG."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        (size,) = struct.unpack_from(">I", made, at)
        end = at + 8 + size
        if end + 4 > len(made):
            break
        made[end : end + 4] = struct.pack(">I", zlib.crc32(bytes(made[at + 4 : end])))
        at = end + 4
    return bytes(made)


def _decode(_: Path) -> Try:
    def one(data: bytes) -> None:
        picture = mended_png(data)
        try:
            size = probe(picture, _OPTIONS)
            require(0 < size.width * size.height <= _OPTIONS.max_pixels, f"measured {size}")
            rotation_degrees(picture)
        except PageError as error:
            require(str(error).isprintable(), f"no line: {str(error)[:200]!r}")
        try:
            pixels = decode_picture(picture, _OPTIONS)
            require(pixels.ndim == 3 and pixels.shape[2] == 3, f"decoded to {pixels.shape}")
            require(pixels.shape[0] * pixels.shape[1] <= _OPTIONS.max_pixels, "too many pixels")
            grey_rows(picture, _OPTIONS)
        except PageError as error:
            require(str(error).isprintable(), f"no line: {str(error)[:200]!r}")

    return one


def _seeds() -> Sequence[bytes]:
    plain = [comics.page(1, kind, 12, 18) for kind in _KINDS]
    drawn = comics.drawing(2, 12, 18)
    turned = comics.encoded(
        drawn, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    )
    return [
        *plain,
        turned,
        comics.encoded(drawn.convert("P"), "PNG"),
        comics.encoded(drawn.convert("CMYK"), "JPEG"),
        comics.encoded(drawn.convert("L"), "TIFF"),
        comics.encoded(drawn, "JPEG", progressive=True),
        comics.encoded(drawn, "GIF", save_all=True, append_images=[comics.drawing(3, 12, 18)]),
        comics.encoded(drawn.convert("RGBA"), "WEBP", lossless=True),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    ]


TARGETS = (
    Target(
        "pictures",
        "pixels of the size that was measured, within max_pixels, or a PageError of one line",
        _decode,
        _seeds,
        (
            b"IHDR",
            b"IDAT",
            b"PLTE",
            b"tRNS",
            b"\xff\xd8",
            b"\xff\xc4",
            b"VP8X",
            b"ftypavif",
            b"II*\0",
        ),
        max_bytes=4096,
    ),
)
