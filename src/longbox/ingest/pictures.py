"""One stored picture: how large it is, and its pixels.

Pillow does the decoding; only the formats named here are ever tried, so that a page cannot reach
Pillow's PostScript or Windows metafile readers. The format is chosen by the first bytes, never by
the file name.

Sizes are read from the header and checked against the pixel limit before anything is decoded.
WebP and JPEG XL get their size from our own few lines (see headers.py), because their decoders
take the memory for the whole picture as soon as they are opened.

A truncated picture is an error, not a half-grey page. The one exception is a JPEG that misses at
most a sliver at its end (IngestOptions.max_missing_rows), or only its end marker, which is common
and harmless: it is decoded twice with two different made-up endings, and the rows above the first
difference are the ones that the file really holds. A progressive JPEG that ends early is an error:
it may look whole and lack its finer scans.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.errors import PageError
from longbox.ingest.headers import jxl_size, picture_format, png_exif, webp_size
from longbox.ingest.options import IngestOptions

if TYPE_CHECKING:
    from PIL import Image, ImageFile

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    NameError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    Warning,
)
_UNSUPPORTED = {
    "HEIC": "HEIC is not supported; convert it to JPEG or PNG",
    "PSD": "a Photoshop file is not supported; export it as PNG",
    "SVG": "a vector drawing (SVG) is not supported; export it as PNG",
}
_TRANSPOSED = frozenset({5, 6, 7, 8})
_HALVED_WIDTH = 1400
_OPENING = threading.Lock()


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Size of a stored picture in pixels, as it is shown (after rotation)."""

    width: int
    height: int


@cache
def _broken() -> tuple[type[BaseException], ...]:
    """Return what decoders were seen to raise for damaged pictures."""
    from PIL.Image import DecompressionBombError

    # A GIF whose first frame is larger than itself comes to no limit of ours before Pillow's own.
    return (*_BROKEN, DecompressionBombError)


@cache
def _openers() -> dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]]:
    from PIL import (
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        Jpeg2KImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    return {
        "JPEG": JpegImagePlugin.jpeg_factory,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    }


@cache
def _jxl_opener() -> Callable[[io.BytesIO], ImageFile.ImageFile] | None:
    try:
        from pillow_jxl.JpegXLImagePlugin import JXLImageFile
    except ImportError:
        return None
    opener: Callable[[io.BytesIO], ImageFile.ImageFile] = JXLImageFile
    return opener


def readable_formats() -> dict[str, bool]:
    """Return every picture format by name and whether this installation decodes it."""
    from PIL import features

    formats = dict.fromkeys(_openers(), True)
    for name, feature in (("AVIF", "avif"), ("WEBP", "webp"), ("JPEG2000", "jpg_2000")):
        formats[name] = bool(features.check(feature))
    formats["JXL"] = _jxl_opener() is not None
    return formats


def probe(data: bytes, options: IngestOptions) -> PictureSize:
    """Return a picture's size from its header, without decoding it.

    Raises:
        PageError: It is no picture, of no supported kind, or above the pixel limit.
    """
    kind = _known_format(data)
    if kind == "JXL":
        if _jxl_opener() is None:
            raise PageError("JPEG XL needs a package: pip install pillow-jxl-plugin")
        return _within(*_header_size(jxl_size, data, kind), options)
    if kind == "WEBP":
        _within(*_header_size(webp_size, data, kind), options)
    with _open(kind, data) as image:
        size = _within(*image.size, options)  # before anything else is asked of the decoder
        if _orientation(image, kind, data) in _TRANSPOSED:
            size = PictureSize(size.height, size.width)
    return size


def decode(data: bytes, options: IngestOptions) -> NDArray[np.uint8]:
    """Return a picture's pixels as shown: rotated, on white, 8 bits.

    Returns:
        RGB pixels, uint8 (H, W, 3).

    Raises:
        PageError: It cannot be decoded, misses more than a sliver, or is above the pixel limit.
    """
    probe(data, options)
    kind = picture_format(data) or ""
    try:
        pixels = _decode(kind, data)
    except PageError as error:
        if kind != "JPEG":
            raise
        pixels = _decode_cut_jpeg(data, options, error)
    return pixels


def grey_rows(data: bytes, options: IngestOptions) -> NDArray[np.uint8]:
    """Return a picture in grey as cheaply as its format allows, for guesses about a whole page.

    A JPEG above 1,400 pixels in width is decoded at half its size directly; smaller ones keep it,
    because neighbouring rows are compared.

    Returns:
        Grey values, uint8 (H, W).

    Raises:
        PageError: It cannot be decoded.
    """
    size = probe(data, options)
    kind = picture_format(data) or ""
    with _open(kind, data) as image:
        if size.width >= _HALVED_WIDTH:
            image.draft("L", (size.width // 2, size.height // 2))
        if image.mode == "L" or (image.mode == "RGB" and "transparency" not in image.info):
            return _pixels(image, kind, data, as_grey=True)[..., 0]
        grey: NDArray[np.uint8] = _pixels(image, kind, data).mean(axis=2).astype(np.uint8)
    return grey


def rotation_degrees(data: bytes) -> int | None:
    """Return how far EXIF turns a picture clockwise: 0, 90, 180, 270, or None for a mirrored one.

    Raises:
        PageError: It is no picture.
    """
    kind = _known_format(data)
    with _open(kind, data) as image:
        return {1: 0, 3: 180, 6: 90, 8: 270}.get(_orientation(image, kind, data))


def _known_format(data: bytes) -> str:
    kind = picture_format(data)
    if kind is None:
        raise PageError("not a picture" if data else "the file is empty")
    if kind in _UNSUPPORTED:
        raise PageError(_UNSUPPORTED[kind])
    return kind


def _header_size(
    reader: Callable[[bytes], tuple[int, int]], data: bytes, kind: str
) -> tuple[int, int]:
    try:
        return reader(data)
    except (ValueError, IndexError, struct.error) as error:
        raise PageError(f"the {kind} header is damaged") from error


def _within(width: int, height: int, options: IngestOptions) -> PictureSize:
    if width <= 0 or height <= 0:
        raise PageError("the picture has no pixels")
    if width * height > options.max_pixels:
        raise PageError(
            f"{width} x {height} pixels are above the limit of {options.max_pixels / 1e6:.0f} "
            "million; make the picture smaller or raise max_pixels"
        )
    return PictureSize(width, height)


def _open(kind: str, data: bytes) -> ImageFile.ImageFile:
    opener = _jxl_opener() if kind == "JXL" else _openers().get(kind)
    if opener is None:
        raise PageError(f"{kind} pictures cannot be read by this installation")
    # Pillow warns on stderr about odd headers; one page's oddities are not the reader's concern.
    with _OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return opener(io.BytesIO(data))
        except _broken() as error:
            raise PageError(f"the {kind} picture is damaged: {_reason(error)}") from error


def _orientation(image: ImageFile.ImageFile, kind: str, data: bytes) -> int:
    """Return the EXIF orientation that is still to be applied, 1 to 8; decodes nothing.

    Pillow decodes a whole PNG to see whether EXIF follows behind the pixels: a small file could so
    take all memory, and every page was decoded twice.
    """
    from PIL import Image

    # Their decoders turn the picture themselves, but for a JPEG packed as JPEG XL.
    if kind == "TIFF" or (kind == "JXL" and not getattr(image, "jpeg", False)):
        return 1
    with _OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if kind == "PNG":
                if "exif" not in image.info and (block := png_exif(data)):
                    image.info["exif"] = block
                value = Image.Image.getexif(image).get(0x0112, 1)
            else:
                value = image.getexif().get(0x0112, 1)
        except _broken():  # a damaged EXIF block says nothing about the picture
            return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode(kind: str, data: bytes) -> NDArray[np.uint8]:
    with _open(kind, data) as image:
        return _pixels(image, kind, data)


def _pixels(
    image: ImageFile.ImageFile, kind: str, data: bytes, *, as_grey: bool = False
) -> NDArray[np.uint8]:
    """Return upright pixels (H, W, 3), or (H, W, 1) in grey."""
    orientation = _orientation(image, kind, data)  # as probe sees it, before more is read
    try:
        image.load()
        if as_grey:
            return _upright(np.asarray(image.convert("L"))[..., None], orientation)
        return _upright(_to_rgb(image), orientation)
    except _broken() as error:
        raise PageError(f"the {kind} picture is damaged: {_reason(error)}") from error


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey_to_rgb(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = rgba[..., 3:].astype(np.uint16)
        mixed = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return mixed.astype(np.uint8)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _deep_grey_to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        top = float(values.max(initial=0.0))
        scale = 255.0 / top if top > 255 else (255.0 if top <= 1 else 1.0)
        grey = np.clip(values * scale, 0, 255).astype(np.uint8)
    else:
        grey = np.clip(values.astype(np.int64) >> 8, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation to pixels (H, W, 3)."""
    if orientation in _TRANSPOSED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _decode_cut_jpeg(data: bytes, options: IngestOptions, error: PageError) -> NDArray[np.uint8]:
    """Decode a JPEG that ends early if only a sliver is missing."""
    end = b"\xff\xd9"
    with _open("JPEG", data) as image:
        if image.info.get("progressive"):
            raise PageError("the progressive JPEG ends early; copy the file again") from error
    try:
        first = _decode("JPEG", data + end)
        second = _decode("JPEG", data + b"\x55" * 4096 + end)
    except PageError:
        raise error from None
    differing = np.flatnonzero((first != second).any(axis=(1, 2)))
    if differing.size:
        missing = 1 - int(differing[0]) / len(first)
        if missing > options.max_missing_rows:
            raise PageError(
                f"the JPEG ends early, about {missing:.0%} of it is missing; copy the file again"
            ) from None
    return first


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()).split(". Please ")[0]
    return text[:120] if text else type(error).__name__
