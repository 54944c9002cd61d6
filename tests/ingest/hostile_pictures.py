"""Builders of hostile pictures, each beside one good page in a CBZ; see hostile_kinds."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from drawn_comics import drawing, encoded, page
from hostile_kinds import hostile, with_page
from PIL import Image


@hostile("problem")
def jpeg_cut_in_half(folder: Path) -> Path:
    data = page(2, width=400, height=600)
    return with_page(folder, "page2.jpg", data[: len(data) // 2])


@hostile("read")
def jpeg_without_its_end_marker(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", page(2, width=400, height=600)[:-2])


@hostile("problem")
def jpeg_progressive_cut_in_half(folder: Path) -> Path:
    data = encoded(drawing(2, 400, 600), "JPEG", progressive=True)
    return with_page(folder, "page2.jpg", data[: len(data) // 2])


@hostile("problem")
def jpeg_header_only(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF")


@hostile("problem")
def jpeg_of_65500_squared(folder: Path) -> Path:
    data = bytearray(page(2))
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    return with_page(folder, "page2.jpg", bytes(data))


@hostile("read")
def jpeg_with_a_large_exif(folder: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 60_000
    return with_page(folder, "page2.jpg", encoded(drawing(2), "JPEG", exif=exif))


@hostile("read")
def jpeg_with_a_damaged_exif(folder: Path) -> Path:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 60
    return with_page(folder, "page2.jpg", encoded(drawing(2), "JPEG", exif=exif))


@hostile("read")
def jpeg_cmyk_with_adobe_marker(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", encoded(drawing(2).convert("CMYK"), "JPEG"))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(extra: bytes, width: int = 4, height: int = 4, rows: bytes | None = None) -> bytes:
    """A grey PNG with extra chunks after its header."""
    body = zlib.compress(rows if rows is not None else (b"\0" + bytes(width)) * height)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    )


@hostile("problem")
def png_bomb_by_size(folder: Path) -> Path:
    return with_page(folder, "page2.png", png_with(b"", 60_000, 60_000, b""))


@hostile("problem")
def png_bomb_in_its_text(folder: Path) -> Path:
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20), 9))
    return with_page(folder, "page2.png", png_with(text))


@hostile("problem")
def png_bomb_in_its_profile(folder: Path) -> Path:
    profile = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(80 << 20), 9))
    return with_page(folder, "page2.png", png_with(profile))


@hostile("problem")
def png_cut_in_half(folder: Path) -> Path:
    data = page(2, "PNG", 300, 400)
    return with_page(folder, "page2.png", data[: len(data) // 2])


@hostile("problem")
def png_with_a_wrong_checksum(folder: Path) -> Path:
    data = bytearray(page(2, "PNG"))
    data[len(data) // 2] ^= 0xFF
    return with_page(folder, "page2.png", bytes(data))


@hostile("read")
def png_of_16_bits(folder: Path) -> Path:
    deep = np.linspace(0, 65_535, 60 * 90).reshape(90, 60).astype(np.uint16)
    return with_page(folder, "page2.png", encoded(Image.fromarray(deep), "PNG"))


@hostile("problem")
def gif_bomb_by_size(folder: Path) -> Path:
    return with_page(
        folder, "page2.gif", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b";"
    )


@hostile("problem")
def webp_bomb_by_size(folder: Path) -> Path:
    body = (
        b"WEBPVP8X"
        + struct.pack("<IB3x", 10, 0)
        + (16_382).to_bytes(3, "little") * 2
        + b"VP8 \x0a\0\0\0"
        + bytes(10)
    )
    return with_page(folder, "page2.webp", b"RIFF" + struct.pack("<I", len(body)) + body)


@hostile("problem")
def webp_cut_in_half(folder: Path) -> Path:
    data = page(2, "WEBP", 300, 400)
    return with_page(folder, "page2.webp", data[: len(data) // 2])


@hostile("problem")
def avif_cut_in_half(folder: Path) -> Path:
    data = page(2, "AVIF", 300, 400)
    return with_page(folder, "page2.avif", data[: len(data) // 2])


@hostile("problem")
def jpeg_xl_bomb_by_size(folder: Path) -> Path:
    # 2 ** 30 pixels a side: small flag 0, size selector 3, 30 bits, ratio 1 (square).
    bits = 0 | (3 << 1) | (((1 << 30) - 1) << 3) | (1 << 33)
    return with_page(folder, "page2.jxl", b"\xff\x0a" + bits.to_bytes(8, "little") + bytes(100))


@hostile("problem")
def jpeg_xl_cut_in_half(folder: Path) -> Path:
    data = page(2, "JXL", 300, 400)
    return with_page(folder, "page2.jxl", data[: len(data) // 2])


@hostile("problem")
def tiff_bomb_by_size(folder: Path) -> Path:
    tags = [
        (256, 4, 200_000),
        (257, 4, 200_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (279, 4, 100),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return with_page(
        folder, "page2.tif", b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


@hostile("problem")
def tiff_directory_that_loops(folder: Path) -> Path:
    entries = struct.pack("<HHII", 256, 4, 0xFFFFFFFF, 8)
    return with_page(folder, "page2.tif", b"II*\0\x08\0\0\0\x01\0" + entries + struct.pack("<I", 8))


@hostile("problem")
def bmp_bomb_by_size(folder: Path) -> Path:
    header = struct.pack("<IiiHHIIiiII", 40, 90_000, -90_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return with_page(folder, "page2.bmp", b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header)


@hostile("problem")
def page_of_text(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"<html>404 not found</html>")


@hostile("problem")
def page_of_no_bytes(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"")


@hostile("problem")
def page_that_is_a_vector_drawing(folder: Path) -> Path:
    return with_page(
        folder, "page2.jpg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    )


@hostile("problem")
def page_that_is_postscript(folder: Path) -> Path:
    return with_page(
        folder, "page2.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"
    )


@hostile("problem")
def page_that_is_heic(folder: Path) -> Path:
    return with_page(folder, "page2.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


@hostile("read")
def page_of_one_pixel(folder: Path) -> Path:
    return with_page(folder, "page2.png", page(2, "PNG", 1, 1))


@hostile("read")
def page_65000_pixels_tall(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", encoded(Image.new("L", (300, 65_000), 200), "JPEG"))
