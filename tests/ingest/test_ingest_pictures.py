"""Pixels are RGB, upright, on white, 8 bits, whatever is stored; half a picture is an error."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from drawn_comics import drawing, encoded
from PIL import Image

from longbox.errors import PageError
from longbox.ingest.headers import jxl_size, picture_format, webp_size
from longbox.ingest.options import IngestOptions
from longbox.ingest.pictures import decode, grey_rows, probe, rotation_degrees

OPTIONS = IngestOptions()
EXACT = ("PNG", "BMP", "TIFF", "GIF")
KINDS = (*EXACT, "JPEG", "WEBP", "AVIF", "JXL", "JPEG2000")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_is_decoded(kind: str) -> None:
    image = drawing(3, 70, 50)
    data = encoded(image, kind)
    assert picture_format(data) == kind
    assert (probe(data, OPTIONS).width, probe(data, OPTIONS).height) == (70, 50)
    pixels = decode(data, OPTIONS)
    assert pixels.shape == (50, 70, 3)
    assert pixels.dtype == np.uint8
    difference = np.abs(pixels.astype(int) - np.asarray(image).astype(int)).mean()
    assert difference < (15 if kind == "GIF" else 5)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = drawing(4).convert("L")
    if mode == "I;16":
        deep = np.asarray(grey).astype(np.uint16) * 257
        data = encoded(Image.fromarray(deep), "PNG")
    elif mode == "I":
        data = encoded(Image.fromarray(np.asarray(grey).astype(np.int32) * 257), "TIFF")
    elif mode == "F":
        data = encoded(Image.fromarray(np.asarray(grey).astype(np.float32)), "TIFF")
    elif mode == "P":
        data = encoded(grey.convert("P", palette=Image.Palette.ADAPTIVE), "PNG")
    else:
        data = encoded(grey.convert("RGB").convert(mode), "TIFF")
    pixels = decode(data, OPTIONS)
    assert pixels.shape == (90, 60, 3)
    allowed = 130 if mode == "1" else 3
    assert np.abs(pixels[..., 0].astype(int) - np.asarray(grey).astype(int)).mean() < allowed


def test_transparency_is_put_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (decode(encoded(clear, "PNG"), OPTIONS) == 255).all()
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    np.testing.assert_allclose(decode(encoded(half, "PNG"), OPTIONS)[0, 0], (255, 127, 127), atol=1)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30] * 256)
    assert (decode(encoded(palette, "PNG", transparency=0), OPTIONS) == 255).all()
    grey = encoded(Image.new("L", (4, 4), 7), "PNG", transparency=7)
    assert (decode(grey, OPTIONS) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_is_applied_to_size_and_pixels(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(drawing(5, 40, 64), kind, exif=exif, **how)
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    size = probe(data, OPTIONS)
    assert (size.width, size.height) == upright.size
    np.testing.assert_array_equal(decode(data, OPTIONS), np.asarray(upright))


def test_rotation_is_told_in_degrees() -> None:
    found = []
    for orientation in (1, 6, 3, 8, 2):
        exif = Image.Exif()
        exif[0x0112] = orientation
        found.append(rotation_degrees(encoded(drawing(5), "JPEG", exif=exif)))
    assert found == [0, 90, 180, 270, None]


def test_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(decode(data, OPTIONS)[0, 0]) == (255, 0, 0)


def test_cmyk_jpeg_with_adobe_marker_keeps_its_colours() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixel = decode(encoded(red, "JPEG", quality=95), OPTIONS)[8, 8]
    assert pixel[0] > 240
    assert pixel[1] < 15
    assert pixel[2] < 15


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_jpeg_that_misses_rows_is_an_error(share: float) -> None:
    data = encoded(drawing(6, 300, 800), "JPEG", quality=95)
    with pytest.raises(PageError, match=r"ends early|missing|damaged"):
        decode(data[: int(len(data) * share)], OPTIONS)


def test_jpeg_that_misses_a_sliver_is_read_and_the_limit_is_the_options() -> None:
    image = drawing(6, 300, 1600)
    data = encoded(image, "JPEG", quality=95)
    cut = data[: int(len(data) * 0.995)]
    pixels = decode(cut, OPTIONS)
    np.testing.assert_array_equal(pixels[:1500], decode(data, OPTIONS)[:1500])
    with pytest.raises(PageError):
        decode(cut, IngestOptions(max_missing_rows=0.0001))


def test_white_margin_at_the_cut_does_not_hide_that_rows_are_missing() -> None:
    page = np.full((800, 300, 3), 255, np.uint8)
    page[:350] = np.random.default_rng(1).integers(0, 256, (350, 300, 3))
    data = encoded(Image.fromarray(page), "JPEG")
    with pytest.raises(PageError, match="missing"):
        decode(data[: int(len(data) * 0.6)], OPTIONS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "BMP"])
def test_half_a_file_is_an_error_in_every_kind(kind: str) -> None:
    data = encoded(drawing(7, 200, 300), kind)
    with pytest.raises(PageError):
        decode(data[: len(data) // 2], OPTIONS)


def test_empty_and_foreign_bytes_are_no_picture() -> None:
    for data in (b"", b"\0", b"hello", bytes(100), b"%!PS-Adobe"):
        with pytest.raises(PageError):
            probe(data, OPTIONS)


def test_pixel_limit_holds_before_decoding() -> None:
    huge = encoded(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(huge) < 100_000
    with pytest.raises(PageError, match="20000 x 20000"):
        decode(huge, OPTIONS)


@pytest.mark.parametrize("how", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
def test_webp_size_is_read_from_the_header(how: dict[str, object]) -> None:
    assert webp_size(encoded(drawing(8, 123, 45), "WEBP", **how)) == (123, 45)


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (256, 200), (123, 45), (1200, 7), (3000, 20)])
def test_jpeg_xl_size_is_read_from_the_header(size: tuple[int, int]) -> None:
    assert jxl_size(encoded(drawing(9, *size), "JXL")) == size


def test_jpeg_xl_made_from_a_jpeg_is_decoded() -> None:
    image = drawing(10, 80, 120)
    pixels = decode(encoded(image, "JXL", lossless_jpeg=True), OPTIONS)
    assert np.abs(pixels.astype(int) - np.asarray(image).astype(int)).mean() < 3


def test_cut_headers_are_errors() -> None:
    for data in (b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPABCD" + bytes(40), b"\xff\x0a"):
        with pytest.raises(PageError):
            probe(data, OPTIONS)
    with pytest.raises((ValueError, struct.error)):
        jxl_size(b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(20))


def test_grey_rows_keep_small_pages_and_halve_large_jpegs() -> None:
    assert grey_rows(encoded(drawing(1, 600, 900)), OPTIONS).shape == (900, 600)
    assert grey_rows(encoded(drawing(1, 1600, 900)), OPTIONS).shape == (450, 800)


def test_gif_whose_frame_is_larger_than_itself_is_one_bad_page() -> None:
    # Found by fuzzing: Pillow refuses the frame with an error of no usual kind.
    hostile = bytes.fromhex("4749463837 61c93379bf31bc762cb86c19a386183068".replace(" ", ""))
    for read in (probe, decode):
        with pytest.raises(PageError, match="GIF"):
            read(hostile, IngestOptions())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_small_png_of_billions_of_pixels_is_refused_by_its_head() -> None:
    # Found by fuzzing: to see whether EXIF follows behind them, Pillow decoded all the pixels.
    good = encoded(drawing(3, 12, 18), "PNG")
    tall = good[:8] + chunk(b"IHDR", struct.pack(">2I5B", 12, 2**31 - 1, 8, 2, 0, 0, 0)) + good[33:]
    began = time.process_time()
    for read in (probe, decode):
        with pytest.raises(PageError, match="above the limit"):
            read(tall, OPTIONS)
    assert rotation_degrees(tall) == 0
    assert time.process_time() - began < 1


@pytest.mark.parametrize("is_behind", [False, True])
def test_exif_turns_a_png_wherever_it_stands(is_behind: bool) -> None:
    block = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    good = encoded(drawing(3, 70, 50), "PNG")
    at = good.index(b"IEND") - 4 if is_behind else 33
    turned = good[:at] + chunk(b"eXIf", block) + good[at:]
    assert rotation_degrees(turned) == 90
    assert (probe(turned, OPTIONS).width, probe(turned, OPTIONS).height) == (50, 70)
    straight = decode(good, OPTIONS)
    assert np.array_equal(decode(turned, OPTIONS), np.rot90(straight, -1))
