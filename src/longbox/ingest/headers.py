"""First bytes: what kind a file or picture is, and the size of a WebP or JPEG XL picture.

File names lie (a .cbr that is a ZIP is the most common of all comic files), so kinds are told
by their magic numbers. Layouts: WebP container specification (RFC 9649, sections 2.5 to 2.7);
JPEG XL codestream SizeHeader and ImageMetadata (ISO/IEC 18181-1, annex D), whose fields are packed
from the lowest bit up.
"""

from __future__ import annotations

import struct

_JXL_BOX = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_JP2_BOX = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\xff\x0a", "JXL"),
    (_JXL_BOX, "JXL"),
    (_JP2_BOX, "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"8BPS", "PSD"),
)
_BRANDS = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"hevc": "HEIC",
    b"heif": "HEIC",
}
_ARCHIVES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
TAR_BLOCK = 512
_MOST_CHUNKS = 100_000  # of a PNG that are looked through for EXIF; 8 KiB each are usual


def picture_format(data: bytes) -> str | None:
    """Return a picture's kind by its first bytes, or None when it is no picture."""
    for magic, kind in _PICTURES:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in _BRANDS:
            return _BRANDS[brand]
        return (
            "AVIF" if b"avif" in data[16:64] else ("HEIC" if brand in (b"mif1", b"msf1") else None)
        )
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "SVG" if head.startswith((b"<svg", b"<?xml")) and b"<svg" in head else None


def archive_format(head: bytes) -> str | None:
    """Return zip, rar, 7z, pdf, gzip, bzip2, xz or tar by a file's first 1024 bytes, or None."""
    for magic, kind in _ARCHIVES:
        if head.startswith(magic):
            return kind
    if len(head) >= TAR_BLOCK and (
        head[257:262] == b"ustar" or _has_tar_checksum(head[:TAR_BLOCK])
    ):
        return "tar"
    return "pdf" if b"%PDF-" in head[:1024] else None


def _has_tar_checksum(block: bytes) -> bool:
    field = block[148:156].strip(b" \x00")
    if not field or any(digit not in b"01234567" for digit in field):
        return False
    return int(field, 8) == sum(block) - sum(block[148:156]) + 8 * ord(" ") and block[0] != 0


def webp_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) of a WebP picture in pixels.

    Raises:
        ValueError, struct.error: The header is cut or of no known kind.
    """
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("unknown WebP chunk")


def png_exif(data: bytes) -> bytes:
    """Return the EXIF block of a PNG wherever it stands, as JPEG has it; empty for none."""
    if b"eXIf" not in data:  # may be among the pixels by chance
        return b""
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"eXIf":
            return b"Exif\0\0" + data[at + 8 : at + 8 + size]
        at += size + 12
    return b""


def jxl_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) of a JPEG XL picture in pixels, as shown.

    Raises:
        ValueError, IndexError, struct.error: The header is cut or damaged.
    """
    bits = _Bits(_jxl_codestream(data))
    if bits.take(1):
        height = 8 * (1 + bits.take(5))
        ratio = bits.take(3)
        width = 8 * (1 + bits.take(5)) if ratio == 0 else 0
    else:
        height = 1 + bits.take((9, 13, 18, 30)[bits.take(2)])
        ratio = bits.take(3)
        width = 1 + bits.take((9, 13, 18, 30)[bits.take(2)]) if ratio == 0 else 0
    if ratio:
        over, under = _JXL_RATIOS[ratio - 1]
        width = height * over // under
    is_default = bits.take(1)
    if (
        not is_default and bits.take(1) and bits.take(3) + 1 > 4
    ):  # orientation 5 to 8 swaps the sides
        width, height = height, width
    return width, height


def _jxl_codestream(data: bytes) -> bytes:
    """Return the first bytes of the codestream after its signature."""
    if data[:2] == b"\xff\x0a":
        return data[2:40]
    offset = len(_JXL_BOX)
    while offset + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, offset)
        start = offset + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        if kind in (b"jxlc", b"jxlp"):
            start += 4 if kind == b"jxlp" else 0
            if data[start : start + 2] != b"\xff\x0a":
                break
            return data[start + 2 : start + 40]
        if size < 8:
            break
        offset += size
    raise ValueError("no JPEG XL codestream")


class _Bits:
    """Reads bit fields from the lowest bit of each byte up."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next count bits as a number."""
        if count > self._left:
            raise ValueError("header is cut")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value
