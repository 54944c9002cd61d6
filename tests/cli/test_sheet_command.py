"""`longbox sheet`: page numbers, one sheet or several, and nothing half written."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from longbox.cli.app import app
from longbox.cli.sheet import page_numbers
from longbox.config import Config
from longbox.errors import IngestError, QueryError
from longbox.pipeline import SheetLayout, sheets, write_sheets
from tiny_comics import draw_cbz


@pytest.fixture(scope="module")
def comic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages, and one that is damaged."""
    path = draw_cbz(tmp_path_factory.mktemp("sheets") / "Night 1.cbz", [0, 1])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("page3.png", b"\x89PNG\r\n\x1a\n damaged")
    return path


@pytest.mark.parametrize(
    ("text", "indices"), [("3", [2]), ("1-3", [0, 1, 2]), (" 1 , 5,9-10 ", [0, 4, 8, 9])]
)
def test_page_numbers_count_from_one(text: str, indices: list[int]) -> None:
    assert page_numbers(text) == indices


@pytest.mark.parametrize("text", ["", "0", "-1", "3-1", "1-", "a", "1,,2", "1.5", "9" * 5000])
def test_other_page_numbers_are_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(QueryError, match="--pages") as caught:
        page_numbers(text)
    assert len(str(caught.value)) < 200


def test_sheet_shows_unreadable_pages_too_and_says_so(comic: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    done = CliRunner().invoke(app, ["sheet", str(comic), "-o", str(out), "--side", "200"])
    assert done.exit_code == 0, done.output
    assert str(out) in done.stdout.replace("\n", "")
    assert "page3.png" in done.stderr or "page 3" in done.stderr
    with Image.open(out) as sheet:
        assert sheet.width > 3 * 200 * 0.6
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "pages", "match"),
    [("out.gif", None, ".webp"), ("no/out.png", None, "folder"), ("out.png", (7,), "no page 8")],
)
def test_what_cannot_be_is_said_before_the_work(
    comic: Path, tmp_path: Path, name: str, pages: tuple[int, ...] | None, match: str
) -> None:
    with pytest.raises(QueryError, match=match):
        write_sheets(comic, tmp_path / name, Config(), SheetLayout(pages))
    assert list(tmp_path.iterdir()) == []


def test_picture_that_is_there_is_kept(comic: Path, tmp_path: Path) -> None:
    out = tmp_path / "page1.png"
    out.write_bytes(b"a page of a comic")
    with pytest.raises(QueryError, match="--force"):
        write_sheets(comic, out, Config())
    assert out.read_bytes() == b"a page of a comic"


def test_long_book_becomes_numbered_sheets_or_none(
    comic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "_MOST_PX", 1)  # one page a sheet
    layout = SheetLayout((0, 2), 6, 100)
    files, problems = write_sheets(comic, tmp_path / "a.jpg", Config(), layout)
    assert [f.name for f in files] == ["a-1.jpg", "a-2.jpg"]
    assert sorted(tmp_path.iterdir()) == files
    assert {p.page for p in problems} == {2}

    def fail(*_: object) -> None:
        raise IngestError("the disk is gone")

    monkeypatch.setattr(sheets, "draw_unread", fail)
    with pytest.raises(IngestError):
        write_sheets(comic, tmp_path / "b.jpg", Config(), layout)
    assert sorted(tmp_path.iterdir()) == files
