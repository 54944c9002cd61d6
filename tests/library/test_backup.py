"""Backups: consistent, incremental, verified; and libraries made from them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any
from unittest import mock

import pytest
from described_books import draw_all, draw_description_vectors
from drawn_books import add, draw_book, filled

from longbox.correction import CorrectedField, Correction
from longbox.errors import LibraryError
from longbox.library import (
    Backup,
    Library,
    backup_library,
    backup_lists,
    backups_in,
    check_library,
    export_typed,
    import_typed,
    read_corrections,
    remove_backups,
    restore_library,
    store_path,
    write_description_store,
)
from longbox.library import backup as backup_module
from longbox.library.saved_searches import read_searches

BOOKS = [draw_book(i) for i in range(1, 4)]
FIRST = BOOKS[0].book_id


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with everything that people type."""
    folder = tmp_path / "library"
    with filled(folder, BOOKS) as library:
        annotated = BOOKS[0].annotated
        vectors = draw_description_vectors(annotated)
        write_description_store(folder, FIRST, draw_all(annotated), vectors)
        library.merge_descriptions(FIRST)
        library.update_indexes()
        made_at = "2026-01-01T00:00:00+00:00"
        library.add_correction(Correction(FIRST, None, CorrectedField.SERIES, '"Two\\n"', made_at))
        library.add_correction(Correction(FIRST, 0, CorrectedField.REVIEW, '"right"', made_at))
        library.save_search("Rain", "q=rain")
        library.record_failure("/shelf/bad.cbz", stamp(), ())
    (folder / "config.toml").write_text("[index]\nn_workers = 2\n")
    (folder / "characters").mkdir()
    (folder / "characters" / "names.json").write_text('{"format": 1, "names": []}')
    return folder


def stamp():  # type: ignore[no-untyped-def]
    from drawn_books import STAMP

    return STAMP


def contents(root: Path) -> str:
    with Library.open(root) as library:
        return library.fingerprint_contents()


@pytest.mark.parametrize("with_derived", [False, True])
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_restored_library_is_the_library(
    root: Path, tmp_path: Path, *, with_derived: bool, is_linked: bool
) -> None:
    made = backup_library(root, tmp_path / "backup", is_linked=is_linked, with_derived=with_derived)
    assert made.damaged == ()
    assert (made.linked > 0) == is_linked
    report = restore_library(tmp_path / "backup", tmp_path / "new")
    assert (report.books, report.left_out) == (3, {})
    assert contents(tmp_path / "new") == contents(root)
    assert check_library(tmp_path / "new", is_deep=True).is_clean
    for name in ("config.toml", "characters/names.json", "searches.json"):
        assert (tmp_path / "new" / name).read_bytes() == (root / name).read_bytes()
    assert not (tmp_path / "new" / "ledger.sqlite").exists()
    with Library.open(tmp_path / "new") as library, Library.open(root) as old:
        assert library.known_files() == old.known_files()


def test_an_empty_library_is_kept_and_restored(tmp_path: Path) -> None:
    Library.create(tmp_path / "library").close()
    backup_library(tmp_path / "library", tmp_path / "backup")
    assert restore_library(tmp_path / "backup", tmp_path / "new").books == 0


def test_a_second_backup_copies_only_what_is_new_and_the_first_one_stays(
    root: Path, tmp_path: Path
) -> None:
    target, before = tmp_path / "backup", contents(root)
    first = backup_library(root, target).backup
    assert backup_library(root, target).n_copied == 0
    with Library.open(root) as library:
        add(library, draw_book(4))
        library.remove_book(BOOKS[1].book_id)
        library.update_indexes()
    again = backup_library(root, target)
    assert again.n_copied == 2  # the new store, and the record of files
    restore_library(target, tmp_path / "then", first.made_at)
    restore_library(target, tmp_path / "now")
    assert contents(tmp_path / "then") == before
    assert contents(tmp_path / "now") == contents(root)
    with pytest.raises(LibraryError, match="backups of 2"):
        restore_library(target, tmp_path / "other", "2")


def test_old_backups_go_with_what_only_they_had(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup_library(root, target)
    with Library.open(root) as library:
        library.remove_book(BOOKS[1].book_id)
    backup_library(root, target)
    n_before = len(list((target / "files").glob("*/*")))
    assert remove_backups(target, 5) == 0
    assert remove_backups(target, 1) == 1
    assert len(list((target / "files").glob("*/*"))) == n_before - 2
    assert restore_library(target, tmp_path / "new").books == 2


def test_a_running_backup_loses_nothing_to_one_that_ends_meanwhile(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup"
    backup_library(root, target)
    backup_library(root, target)
    with Library.open(root) as library:
        add(library, draw_book(4))
    monkeypatch.setattr(backup_lists, "_WAIT_S", 0.0)
    refused: list[str] = []

    def late(target: Path, made: Backup) -> None:
        """Before a backup's list is there, another one ends, and would delete what is new."""
        for other in (
            lambda: remove_backups(target, 1),
            lambda: backup_library(root, target),
        ):
            with pytest.raises(LibraryError, match="another process writes these backups") as told:
                other()
            refused.append(str(told.value))
        backup_lists.write_list(target, made)

    with monkeypatch.context() as patch:
        patch.setattr(backup_module, "write_list", late)
        backup_library(root, target)
    assert len(refused) == 2
    assert remove_backups(target, 1) == 2  # the turn is free again
    assert restore_library(target, tmp_path / "new").books == 4


HOLD = """
import sys, time
from pathlib import Path
from longbox.library.backup_lists import backups_turn
with backups_turn(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_a_killed_backup_keeps_no_other_one_waiting(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup"
    backup_library(root, target)
    monkeypatch.setattr(backup_lists, "_WAIT_S", 0.0)
    command = [sys.executable, "-c", HOLD, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(LibraryError, match="another process"):
            remove_backups(target, 1)
        other.kill()
        other.wait()
    assert backup_library(root, target).n_copied == 0


def test_a_disk_without_locks_is_backed_up_to_all_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, **_: bool) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(backup_lists, "take_lock", refuse)
    backup_library(root, tmp_path / "backup")
    assert restore_library(tmp_path / "backup", tmp_path / "new").books == 3


def test_a_damaged_store_does_not_take_the_place_of_the_copy(root: Path, tmp_path: Path) -> None:
    target, before = tmp_path / "backup", contents(root)
    backup_library(root, target)
    path = store_path(root, FIRST)
    path.write_bytes(path.read_bytes()[:700])
    corrections = root / "corrections" / f"{FIRST}.json"
    corrections.write_bytes(corrections.read_bytes()[:90])
    report = backup_library(root, target)
    assert len(report.damaged) == 2
    assert "longbox library check" in report.damaged[0]
    restore_library(target, tmp_path / "new")
    assert contents(tmp_path / "new") == before


class BadSector:
    """A file that opens, and whose second piece the disk will not read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.n = 0

    def __enter__(self) -> BadSector:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, _size: int) -> bytes:
        self.n += 1
        if self.n > 1:
            raise OSError(errno.EIO, "Input/output error")  # as the system does: no file name
        return self.file.read(100)


@pytest.mark.parametrize("has_earlier", [False, True])
@pytest.mark.parametrize("where", ["read", "open", "stat"])
def test_a_file_that_the_disk_will_not_read_does_not_end_the_backup(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, *, has_earlier: bool
) -> None:
    target, bad = tmp_path / "backup", store_path(root, BOOKS[1].book_id)
    if has_earlier:
        backup_library(root, target)
        os.utime(bad, ns=(5, 5))
    real_open, real_stat = Path.open, Path.stat

    def opened(self: Path, mode: str = "r", **more: Any) -> Any:
        if self == bad and where == "open":
            raise OSError(errno.EIO, "Input/output error", str(self))
        file = real_open(self, mode, **more)
        return BadSector(file) if self == bad else file

    def stat(self: Path, **more: Any) -> os.stat_result:
        if self == bad and where == "stat":
            raise OSError(errno.EIO, "Input/output error", str(self))
        return real_stat(self, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        patch.setattr(Path, "stat", stat)
        report = backup_library(root, target)
    assert len(report.damaged) == 1
    assert f"books/{bad.name}: cannot be read (Input/output error)" in report.damaged[0]
    assert ("copy of the backup before is kept" in report.damaged[0]) == has_earlier
    assert not list((target / "files").glob("partial-*"))
    assert restore_library(target, tmp_path / "new").books == (3 if has_earlier else 2)


def test_what_is_damaged_in_the_backup_is_named_and_copied_anew_when_asked(
    root: Path, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    kept = {f.path: f for f in backup_library(root, target).backup.files}
    place = target / "files" / (sha := kept[f"books/{FIRST}.zarr.zip"].sha256)[:2] / sha
    data = bytearray(place.read_bytes())
    data[900] ^= 1
    place.write_bytes(data)
    report = restore_library(target, tmp_path / "new")
    first = f"books/{FIRST}.zarr.zip"
    assert (report.books, report.left_out) == (2, {first: "damaged in the backup"})
    assert backup_library(root, target).n_copied == 0
    assert backup_library(root, target, is_verified=True).n_copied == 1
    assert restore_library(target, tmp_path / "newer").left_out == {}


@pytest.mark.parametrize("when", ["open", "read"])
def test_what_cannot_be_read_in_the_backup_is_named_and_the_rest_restored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    target = tmp_path / "backup"
    kept = {f.path: f for f in backup_library(root, target).backup.files}
    first = f"books/{FIRST}.zarr.zip"
    usual_open = Path.open

    def opened(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name != kept[first].sha256:
            return usual_open(path, *args, **kwargs)
        if when == "open":
            raise OSError(errno.EIO, "Input/output error")
        file = mock.MagicMock()
        file.__enter__.return_value.read.side_effect = OSError(errno.EIO, "Input/output error")
        return file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        report = restore_library(target, tmp_path / "new")
    assert report.books == 2
    assert report.left_out == {first: "cannot be read in the backup (Input/output error)"}
    assert not (tmp_path / "new" / first).exists()
    (target / "files" / kept[first].sha256[:2] / kept[first].sha256).unlink()
    gone = restore_library(target, tmp_path / "newer")
    assert gone.left_out == {first: "gone from the backup"}


def test_a_restore_overwrites_nothing(root: Path, tmp_path: Path) -> None:
    backup_library(root, tmp_path / "backup")
    with pytest.raises(LibraryError, match="something already"):
        restore_library(tmp_path / "backup", root)
    (tmp_path / "empty").mkdir()
    assert restore_library(tmp_path / "backup", tmp_path / "empty").books == 3
    with pytest.raises(LibraryError, match="no backup here"):
        restore_library(tmp_path / "nowhere", tmp_path / "other")


def test_targets_that_are_none_are_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    for target in (root, root / "backup", tmp_path / "mine", tmp_path / "mine" / "letter.txt"):
        with pytest.raises(LibraryError, match="name a"):
            backup_library(root, target)
    with pytest.raises(LibraryError, match="no library here"):
        backup_library(tmp_path / "nowhere", tmp_path / "backup")


def test_a_list_that_leads_out_of_the_library_is_refused(root: Path, tmp_path: Path) -> None:
    from longbox.library import backup_lists

    made = backup_library(root, tmp_path / "backup").backup
    evil = backup_lists.KeptFile("../evil", 1, 0, made.files[0].sha256)
    late = backup_lists.Backup("2999-01-01T00:00:00+00:00", "x", (evil,))
    backup_lists.write_list(tmp_path / "backup", late)
    with pytest.raises(LibraryError, match="leads out"):
        backups_in(tmp_path / "backup")


@pytest.mark.parametrize("n", [1, 4, 9])
def test_a_full_disk_leaves_the_backups_before_whole(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    target = tmp_path / "backup"
    backup_library(root, target)
    with Library.open(root) as library:
        for number in range(4, 8):
            add(library, draw_book(number))
        library.update_indexes()
    sync, left = os.fsync, [n]

    def full(handle: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(LibraryError, match="check the disk's space"):
            backup_library(root, target)
    assert restore_library(target, tmp_path / "then").books == 3
    backup_library(root, target)
    restore_library(target, tmp_path / "now")
    assert contents(tmp_path / "now") == contents(root)
    assert list(target.rglob("partial-*")) == []


def test_all_that_people_typed_goes_out_as_text_and_comes_back(root: Path, tmp_path: Path) -> None:
    text = tmp_path / "typed.jsonl"
    written = export_typed(root, text)
    assert (written.corrections, written.searches, written.names, written.config) == (2, 1, 1, 1)
    assert text.read_bytes().isascii()
    with pytest.raises(LibraryError, match="--force"):
        export_typed(root, text)
    taken = import_typed(tmp_path / "other", text)
    assert (taken.corrections, taken.searches, taken.names, taken.config) == (2, 1, 1, 1)
    assert read_corrections(tmp_path / "other", FIRST) == read_corrections(root, FIRST)
    assert read_searches(tmp_path / "other") == read_searches(root)
    again = import_typed(tmp_path / "other", text)
    assert (again.corrections, again.searches, again.left) == (0, 0, ())


def test_what_is_typed_already_is_never_replaced(root: Path, tmp_path: Path) -> None:
    export_typed(root, tmp_path / "typed.jsonl")
    (root / "config.toml").write_text("")
    taken = import_typed(root, tmp_path / "typed.jsonl")
    assert taken.left == ("config.toml: the library has another one, which stays",)
    assert (root / "config.toml").read_text() == ""


def test_typed_text_that_is_none_is_refused(root: Path, tmp_path: Path) -> None:
    text = tmp_path / "typed.jsonl"
    for line in ("", "not JSON", '{"kind": "x", "format": 1}', '{"kind": "longbox typed"}'):
        text.write_text(line + "\n")
        with pytest.raises(LibraryError, match="export-typed"):
            import_typed(root, text)
    text.write_text('{"kind": "longbox typed", "format": 9}\n')
    with pytest.raises(LibraryError, match="upgrade"):
        import_typed(root, text)
    text.write_text('{"kind": "longbox typed", "format": 1}\n{"kind": "correction"}\n')
    with pytest.raises(LibraryError, match="line 2"):
        import_typed(root, text)


def test_a_library_that_cannot_be_opened_still_gives_what_was_typed(
    root: Path, tmp_path: Path
) -> None:
    (root / "catalog.sqlite").write_bytes(b"no database" * 99)
    assert export_typed(root, tmp_path / "typed.jsonl").corrections == 2
    report = backup_library(root, tmp_path / "backup")
    assert "no record of comic files" in report.damaged[0]
    assert restore_library(tmp_path / "backup", tmp_path / "new").books == 3
