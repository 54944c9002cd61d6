"""Reading direction: the file's word, then the user's, then a careful guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_comics import (
    encoded,
    epub_members,
    page,
    pages,
    write_folder,
    write_pdf_objects,
    write_zip,
)
from PIL import Image

from longbox.book import Direction, DirectionSource
from longbox.ingest import IngestOptions, open_book

LTR, RTL, TTB = Direction.LTR, Direction.RTL, Direction.TTB
METADATA, OPTION, GUESS = (
    DirectionSource.METADATA,
    DirectionSource.OPTION,
    DirectionSource.GUESS,
)


def direction_of(path: Path, option: Direction | None = None) -> tuple[Direction, DirectionSource]:
    with open_book(path, IngestOptions(direction=option)) as opened:
        return opened.book.direction, opened.book.direction_source


def tagged(tmp_path: Path, fields: str) -> Path:
    text = f"<ComicInfo>{fields}</ComicInfo>".encode()
    return write_zip(tmp_path / "book.cbz", [*pages(3), ("ComicInfo.xml", text)])


@pytest.mark.parametrize(
    ("fields", "option", "expected"),
    [
        ("<Manga>YesAndRightToLeft</Manga>", None, (RTL, METADATA)),
        ("<Manga>YesAndRightToLeft</Manga>", LTR, (RTL, METADATA)),
        ("<Manga>No</Manga>", None, (LTR, METADATA)),
        ("<Manga>No</Manga><LanguageISO>ja</LanguageISO>", None, (LTR, METADATA)),
        ("<Manga>No</Manga>", RTL, (LTR, METADATA)),
        ("<Manga>No</Manga>", TTB, (TTB, OPTION)),
        ("<Manga>Yes</Manga>", None, (RTL, GUESS)),
        ("<Manga>Yes</Manga><LanguageISO>ko</LanguageISO>", None, (LTR, GUESS)),
        ("<Manga>Yes</Manga>", LTR, (LTR, OPTION)),
        ("<Manga>Unknown</Manga>", None, (LTR, GUESS)),
        ("<LanguageISO>ja</LanguageISO>", None, (RTL, GUESS)),
        ("<LanguageISO>ja</LanguageISO>", LTR, (LTR, OPTION)),
        ("", None, (LTR, GUESS)),
        ("", RTL, (RTL, OPTION)),
    ],
)
def test_who_decides_the_direction(
    tmp_path: Path, fields: str, option: Direction | None, expected: object
) -> None:
    assert direction_of(tagged(tmp_path, fields), option) == expected


@pytest.mark.parametrize(
    ("spine", "metadata", "expected"),
    [
        ('page-progression-direction="rtl"', "", (RTL, METADATA)),
        ('page-progression-direction="ltr"', "", (LTR, METADATA)),
        ('page-progression-direction="default"', "", (LTR, GUESS)),
        ("", '<meta property="rendition:flow">scrolled-continuous</meta>', (TTB, METADATA)),
    ],
)
def test_epub_says_its_direction(
    tmp_path: Path, spine: str, metadata: str, expected: object
) -> None:
    members = epub_members(pages(2), spine=spine, metadata=metadata)
    assert direction_of(write_zip(tmp_path / "x.epub", members)) == expected


def test_pdf_says_its_direction(tmp_path: Path) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /Direction /R2L >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] >>",
    ]
    assert direction_of(write_pdf_objects(tmp_path / "x.pdf", objects)) == (RTL, METADATA)


def test_tall_pages_are_a_strip(tmp_path: Path) -> None:
    tall = [(f"{n}.jpg", page(n, width=60, height=160)) for n in range(3)]
    assert direction_of(write_folder(tmp_path / "a", tall)) == (TTB, GUESS)
    assert direction_of(write_folder(tmp_path / "b", tall), LTR) == (LTR, OPTION)


def test_one_tall_page_among_others_is_no_strip(tmp_path: Path) -> None:
    members = [*pages(4), ("page9.jpg", page(9, width=60, height=600))]
    assert direction_of(write_folder(tmp_path / "a", members)) == (LTR, GUESS)


def sliced(height_px: int, count: int, gutter_px: int = 0) -> list[tuple[str, bytes]]:
    """One tall drawing cut into slices, with a white gutter at each cut if asked for."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (count * 3, 12, 3), dtype=np.uint8)
    strip = Image.fromarray(coarse).resize((200, height_px * count), Image.Resampling.BICUBIC)
    slices = []
    for n in range(count):
        piece = np.array(strip)[n * height_px : (n + 1) * height_px]
        if gutter_px:
            piece[-gutter_px:] = 255
            piece[:gutter_px] = 255
        slices.append((f"{n}.jpg", encoded(Image.fromarray(piece), "JPEG", quality=85)))
    return slices


def test_slices_that_continue_each_other_are_a_strip(tmp_path: Path) -> None:
    assert direction_of(write_folder(tmp_path / "a", sliced(300, 8))) == (TTB, GUESS)


def test_pages_that_do_not_continue_are_no_strip(tmp_path: Path) -> None:
    bleeding = [(f"{n}.jpg", page(n, width=200, height=300)) for n in range(12)]
    assert direction_of(write_folder(tmp_path / "a", bleeding)) == (LTR, GUESS)


def test_white_margins_say_nothing(tmp_path: Path) -> None:
    assert direction_of(write_folder(tmp_path / "a", sliced(300, 8, 20))) == (LTR, GUESS)


def test_two_joined_pages_of_a_spread_are_no_strip(tmp_path: Path) -> None:
    assert direction_of(write_folder(tmp_path / "a", sliced(300, 2))) == (LTR, GUESS)


def test_repeated_page_is_no_strip(tmp_path: Path) -> None:
    same = [(f"{n}.jpg", page(1, width=200, height=300)) for n in range(9)]
    assert direction_of(write_folder(tmp_path / "a", same)) == (LTR, GUESS)


def test_real_strips_and_pages_are_told_apart(comics_dir: Path, tmp_path: Path) -> None:
    import json
    from collections import defaultdict

    works: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for line in (comics_dir / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] == "fr" and row["source"] == "peppercarrot":
            continue  # the same drawings as in English
        works[row["work"], row["lang"]].append(row)
    wrong = []
    for (work, language), rows in works.items():
        rows.sort(key=lambda row: int(str(row["page"])))
        folder = tmp_path / f"{work} ({language})"
        folder.mkdir()
        for number, row in enumerate(rows[:16]):
            source = comics_dir / str(row["image"])
            (folder / f"{number}{source.suffix}").write_bytes(source.read_bytes())
        direction = direction_of(folder)[0]
        if (direction is TTB) != (row["direction"] == "ttb"):
            wrong.append(work)
    assert not wrong
