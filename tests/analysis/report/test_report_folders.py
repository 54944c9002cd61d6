"""The report's folder: there whole or not at all, and never in place of somebody's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from longbox.analysis.report.folders import whole_folder
from longbox.errors import LibraryError

OWN = ("report.html", "pages.csv")


def put(target: Path, words: str, *, replace: bool = False) -> None:
    with whole_folder(target, OWN, replace=replace) as folder:
        (folder / "report.html").write_text(words)


def test_a_folder_appears_when_all_is_done(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report"
    with whole_folder(target, OWN, replace=False) as folder:
        (folder / "report.html").write_text("x")
        assert not target.exists()
        assert folder.name.startswith(".")
    assert [path.name for path in target.iterdir()] == ["report.html"]
    assert [path.name for path in target.parent.iterdir()] == ["report"]


def test_what_went_wrong_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "r", OWN, replace=False):
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


def test_an_older_report_stays_unless_it_may_go(tmp_path: Path) -> None:
    put(tmp_path / "r", "old")
    with pytest.raises(LibraryError, match="replace"):
        put(tmp_path / "r", "new")
    assert (tmp_path / "r" / "report.html").read_text() == "old"
    put(tmp_path / "r", "new", replace=True)
    assert (tmp_path / "r" / "report.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_failed_replacement_leaves_the_older_report(tmp_path: Path) -> None:
    put(tmp_path / "r", "old")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "r", OWN, replace=True):
        1 / 0  # noqa: B018
    assert (tmp_path / "r" / "report.html").read_text() == "old"


@pytest.mark.parametrize("name", ["thesis.docx", "sub", ".hidden"])
def test_a_folder_with_somebodys_files_is_never_replaced(tmp_path: Path, name: str) -> None:
    put(tmp_path / "r", "old")
    (tmp_path / "r" / name).mkdir()
    with pytest.raises(LibraryError, match="not of a report"):
        put(tmp_path / "r", "new", replace=True)
    assert (tmp_path / "r" / name).exists()


def test_a_file_that_came_meanwhile_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "r"

    def meanwhile() -> None:
        with whole_folder(target, OWN, replace=True):
            target.mkdir()
            (target / "thesis.docx").write_text("years of work")

    with pytest.raises(LibraryError):
        meanwhile()
    assert (target / "thesis.docx").read_text() == "years of work"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    put(tmp_path / "r", "x")
    assert (tmp_path / "r" / "report.html").is_file()


def test_a_file_or_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(LibraryError):
            put(tmp_path / name, "new", replace=True)


def test_a_disk_that_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryError, match="check the disk"):
        put(tmp_path / "file" / "inside", "x")
