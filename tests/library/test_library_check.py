"""What a check finds, what a repair does about it, and that neither loses anything."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from described_books import draw_all, draw_description_vectors
from drawn_books import STAMP as FILE_STAMP
from drawn_books import add, draw_book, filled

from longbox.correction import CorrectedField, Correction
from longbox.errors import LibraryError, NewerFormatError
from longbox.library import (
    Library,
    Matter,
    backup_library,
    check_library,
    network_file_system,
    put_back,
    read_corrections,
    repair_library,
    store_path,
    write_description_store,
)
from longbox.library import corrections as corrections_module
from longbox.library import repairing as repairing_module
from longbox.library import saved_searches as saved_searches_module
from longbox.library import stores as stores_module
from longbox.library.disks import network_note
from longbox.library.saved_searches import read_searches

BOOKS = [draw_book(i) for i in range(1, 4)]
FIRST = BOOKS[0].book_id


def library_of(root: Path) -> str:
    """Make a library with a described, corrected book and a saved search."""
    with filled(root, BOOKS) as library:
        annotated = BOOKS[0].annotated
        vectors = draw_description_vectors(annotated)
        write_description_store(root, FIRST, draw_all(annotated), vectors)
        library.merge_descriptions(FIRST)
        library.update_indexes()
        for i, value in enumerate(('"One"', '"Two"')):
            made_at = f"2026-01-0{i + 1}T00:00:00+00:00"
            library.add_correction(Correction(FIRST, None, CorrectedField.SERIES, value, made_at))
        library.save_search("Rain", "q=rain")
        return library.fingerprint_contents()


def flip(path: Path, at: int = 500) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)


def found_in(root: Path, *, is_deep: bool = False) -> dict[str, Matter]:
    return {f.file: f.matter for f in check_library(root, is_deep=is_deep).findings}


def test_a_whole_library_has_no_findings_and_is_not_changed(tmp_path: Path) -> None:
    before = library_of(tmp_path)
    seen: list[tuple[int, int]] = []
    report = check_library(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert report.is_clean
    assert report.n_files >= 4
    assert seen[-1][0] == report.n_files
    assert check_library(tmp_path, is_deep=True).is_clean
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == before


def test_an_empty_library_is_clean_and_no_library_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library here"):
        check_library(tmp_path)
    Library.create(tmp_path).close()
    assert check_library(tmp_path, is_deep=True).is_clean


def test_damaged_gone_and_misnamed_stores_are_found_and_put_right(tmp_path: Path) -> None:
    before = library_of(tmp_path)
    one, two, three = (store_path(tmp_path, book.book_id) for book in BOOKS)
    flip(one)
    two.unlink()
    three.rename(three.with_name(f"{0xFEED:016x}.zarr.zip"))
    (tmp_path / "books" / "notes.txt").write_text("mine")
    report = check_library(tmp_path)
    assert {f.file: f.matter for f in report.findings} == {
        f"books/{one.name}": Matter.BOOK,
        f"books/{two.name}": Matter.BOOK,
        f"books/{three.name}": Matter.BOOK,
        f"books/{0xFEED:016x}.zarr.zip": Matter.MISNAMED,
        "books/notes.txt": Matter.STRANGE,
    }
    assert all("\n" not in f.line and "; " in f.line for f in report.findings)
    repaired = repair_library(tmp_path, report)
    assert [f.file for f in repaired.left.findings] == ["books/notes.txt"]
    assert (tmp_path / "damaged" / one.name).is_file()
    assert any("/shelf/book1.cbz" in line for line in repaired.next_steps)
    with Library.open(tmp_path) as library:
        for drawn in BOOKS[:2]:
            add(library, drawn)
        library.update_indexes()
        assert library.fingerprint_contents() == before


def test_damaged_descriptions_leave_the_book_alone(tmp_path: Path) -> None:
    library_of(tmp_path)
    path = tmp_path / "descriptions" / f"{FIRST}.zarr.zip"
    path.write_bytes(path.read_bytes()[:500])
    report = check_library(tmp_path)
    assert [f.matter for f in report.findings] == [Matter.DESCRIPTION]
    repaired = repair_library(tmp_path, report)
    assert repaired.left.is_clean
    assert "longbox describe" in repaired.next_steps[0]
    with Library.open(tmp_path) as library:
        assert library.status().books == 3
        assert library.status().described_pages == 0


def test_what_was_written_and_never_merged_is_taken_in(tmp_path: Path) -> None:
    library_of(tmp_path)
    new = draw_book(2, [["other words"]])
    stores_module.write_book_store(tmp_path, new.annotated, new.vectors, "r2")
    report = check_library(tmp_path)
    assert [f.matter for f in report.findings] == [Matter.UNMERGED]
    assert repair_library(tmp_path, report).left.is_clean
    with Library.open(tmp_path) as library:
        assert library.annotated_book(new.book_id).n_panels == 1


@pytest.mark.parametrize("how", ["gone", "text", "empty", "page"])
def test_a_catalog_that_cannot_be_opened_is_made_again(tmp_path: Path, how: str) -> None:
    before = library_of(tmp_path)
    path = tmp_path / "catalog.sqlite"
    if how == "gone":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
        path.write_bytes({"text": b"a letter " * 999, "empty": b"", "page": data}[how])
    flip(store_path(tmp_path, BOOKS[2].book_id))
    report = check_library(tmp_path)
    assert {f.matter for f in report.findings} == {Matter.CATALOG, Matter.BOOK}
    repaired = repair_library(tmp_path, report)
    assert repaired.left.is_clean
    with Library.open(tmp_path) as library:
        for drawn in BOOKS:
            add(library, drawn)
        library.update_indexes()
        assert library.fingerprint_contents() == before


def test_a_wrong_word_index_is_found_and_made_again(tmp_path: Path) -> None:
    before = library_of(tmp_path)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE words_data SET block = zeroblob(9) WHERE id > 100")
    connection.commit()
    connection.close()
    report = check_library(tmp_path)
    assert [f.matter for f in report.findings] == [Matter.CATALOG]
    assert "words" in report.findings[0].what
    assert repair_library(tmp_path, report).left.is_clean
    with Library.open(tmp_path) as library:
        library.record_failure("x", FILE_STAMP, ())
        library.forget_file("x")
        for drawn in BOOKS:
            add(library, drawn)
        assert library.fingerprint_contents() == before


def test_a_text_that_only_the_catalog_has_wrong_is_found_by_a_deep_check(tmp_path: Path) -> None:
    library_of(tmp_path)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE panel_text SET text = 'flipped' WHERE row = 3")
    connection.commit()
    connection.close()
    assert found_in(tmp_path) == {}
    report = check_library(tmp_path, is_deep=True)
    assert [f.file for f in report.findings] == ["catalog.sqlite"]
    assert repair_library(tmp_path, report, is_deep=True).left.is_clean


def damage_rows(folder: Path) -> None:
    (folder / "rows.npy").write_bytes((folder / "rows.npy").read_bytes()[:-8])


def damage_said(folder: Path) -> None:
    (folder / "segment.json").write_text("{")


def remove_folder(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")


@pytest.mark.parametrize("damage", [damage_rows, damage_said, remove_folder])
def test_damaged_segments_are_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    before = library_of(tmp_path)
    name = sorted(p.name for p in (tmp_path / "index").iterdir())[0]
    damage(tmp_path / "index" / name)
    report = check_library(tmp_path)
    assert found_in(tmp_path)[f"index/{name}"] is Matter.SEGMENT
    assert repair_library(tmp_path, report).left.is_clean
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == before


def test_leftovers_of_the_dead_are_found_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    library_of(tmp_path)
    living = stores_module.partial_path(tmp_path, "x")
    living.write_text("half")
    dead = living.with_name(f"{living.name.partition('~')[0]}~4194305~a~x")
    dead.write_text("half")
    report = check_library(tmp_path)
    assert {f.file: f.matter for f in report.findings} == {f"partial/{dead.name}": Matter.LEFTOVER}
    assert repair_library(tmp_path, report).left.is_clean
    assert living.exists()


def test_torn_corrections_keep_what_can_be_read_and_the_torn_file(tmp_path: Path) -> None:
    library_of(tmp_path)
    path = tmp_path / "corrections" / f"{FIRST}.json"
    torn = path.read_bytes()[:-60]
    path.write_bytes(torn)
    report = check_library(tmp_path)
    assert [(f.matter, f.is_repairable) for f in report.findings] == [(Matter.TYPED, True)]
    repaired = repair_library(tmp_path, report)
    assert "1 corrections could be read" in repaired.done[0]
    assert repaired.left.is_clean
    assert [c.value for c in read_corrections(tmp_path, FIRST)] == ['"One"']
    assert (tmp_path / "damaged" / "corrections" / path.name).read_bytes() == torn


@pytest.mark.parametrize("step", ["keep_aside", "replace_damaged", "replace_file"])
@pytest.mark.parametrize("is_search", [False, True])
def test_a_repair_killed_at_any_step_leaves_the_damage_to_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, is_search: bool
) -> None:
    library_of(tmp_path)
    name = "searches.json" if is_search else f"corrections/{FIRST}.json"
    path = tmp_path / name
    path.write_text(path.read_text().replace("Two", "Twp").replace("Rain", "Pain"))
    damaged = path.read_bytes()
    report = check_library(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    kind = "searches" if is_search else "corrections"
    module: object = repairing_module
    if step == "replace_file":
        module = saved_searches_module if is_search else corrections_module
    with monkeypatch.context() as patch:
        patch.setattr(module, f"{step}_{kind}" if step == "replace_damaged" else step, killed)
        with pytest.raises(KeyboardInterrupt):
            repair_library(tmp_path, report)
    assert path.read_bytes() == damaged
    again = check_library(tmp_path)
    assert [(f.file, f.matter) for f in again.findings] == [(name, Matter.TYPED)]
    assert repair_library(tmp_path, again).left.is_clean
    if is_search:
        assert [s.name for s in read_searches(tmp_path)] == ["Pain"]
    else:
        assert [c.value for c in read_corrections(tmp_path, FIRST)] == ['"One"', '"Twp"']
    assert (tmp_path / "damaged" / name).read_bytes() == damaged


def test_what_was_put_right_since_the_check_is_left_alone(tmp_path: Path) -> None:
    library_of(tmp_path)
    path = tmp_path / "corrections" / f"{FIRST}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-60])
    report = check_library(tmp_path)
    path.write_bytes(whole)
    assert "whole by now" in repair_library(tmp_path, report).done[0]
    assert path.read_bytes() == whole


def test_a_copy_put_back_never_leaves_corrections_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "library"
    library_of(root)
    backup_library(root, tmp_path / "backup")
    path = root / "corrections" / f"{FIRST}.json"
    flip(path, 250)
    report = check_library(root)
    real = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if Path(target) == path:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            put_back(root, report, tmp_path / "backup")
    assert [f.matter for f in check_library(root).findings] == [Matter.TYPED]


def test_a_flipped_letter_in_what_people_typed_is_found(tmp_path: Path) -> None:
    library_of(tmp_path)
    for name in (f"corrections/{FIRST}.json", "searches.json"):
        path = tmp_path / name
        path.write_text(path.read_text().replace("Two", "Twp").replace("Rain", "Pain"))
    assert set(found_in(tmp_path).values()) == {Matter.TYPED}
    with pytest.raises(LibraryError, match="checksum"):
        read_searches(tmp_path)
    # Who changed it himself takes the checksum out.
    path = tmp_path / "searches.json"
    whole = json.loads(path.read_text())
    del whole["sha256"]
    path.write_text(json.dumps(whole))
    assert read_searches(tmp_path)[0].name == "Pain"


def test_a_copy_from_the_backup_comes_before_what_can_be_salvaged(tmp_path: Path) -> None:
    root, backup = tmp_path / "library", tmp_path / "backup"
    before = library_of(root)
    backup_library(root, backup)
    flip(root / "corrections" / f"{FIRST}.json", 250)
    flip(store_path(root, BOOKS[1].book_id))
    (root / "descriptions" / f"{FIRST}.zarr.zip").unlink()
    report = check_library(root)
    assert len(put_back(root, report, backup)) == len(report.findings) == 3
    assert check_library(root).is_clean
    with Library.open(root) as library:
        assert library.fingerprint_contents() == before
    assert len(list((root / "damaged").rglob("*.*"))) == 2


def test_a_newer_store_is_named_and_never_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library_of(tmp_path)
    path = store_path(tmp_path, FIRST)
    with monkeypatch.context() as future:
        future.setattr(stores_module, "STORE_FORMAT", 99)
        drawn = draw_book(1, [["from the future"]])
        stores_module.write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r9")
    written = path.read_bytes()
    report = check_library(tmp_path)
    assert [(f.matter, f.is_repairable) for f in report.findings] == [(Matter.NEWER, False)]
    repair_library(tmp_path, report)
    with Library.open(tmp_path) as library, pytest.raises(NewerFormatError, match="upgrade"):
        add_merge(library)
    assert Library.rebuild(tmp_path).left[0].endswith("upgrade Longbox")
    assert path.read_bytes() == written


def add_merge(library: Library) -> None:
    library.merge_book(FIRST, "/shelf/book1.cbz", FILE_STAMP)


def test_a_store_that_the_disk_will_not_read_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library_of(tmp_path)
    path, read = store_path(tmp_path, FIRST), Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self == path:
            raise OSError(5, "Input/output error", str(self))
        return read(self)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        report = check_library(tmp_path)
        assert [f.matter for f in report.findings] == [Matter.UNREADABLE]
        with Library.open(tmp_path) as library, pytest.raises(LibraryError, match="check the disk"):
            add_merge(library)
        assert "check the disk" in Library.rebuild(tmp_path).left[0]
    assert path.is_file()
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        add(library, BOOKS[0])
        assert library.fingerprint_contents() == before


def test_a_killed_rebuild_takes_the_ledger_from_the_catalog_it_had_moved(tmp_path: Path) -> None:
    library_of(tmp_path)
    with Library.open(tmp_path) as library:
        known = library.known_files()
    (tmp_path / "catalog.sqlite").rename(tmp_path / "catalog.damaged-1.sqlite")
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.known_files().keys() == known.keys()
        assert all(library.known_files()[p].stamp == known[p].stamp for p in known)


def test_network_file_systems_are_told_by_the_table_of_mounts(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:50 / /mnt/my\\040nas rw - nfs4 nas:/comics rw\n"
        "3 1 0:51 / /mnt/ssh rw - fuse.sshfs host: rw\n"
        "4 2 0:52 / /mnt/my\\040nas/local rw - tmpfs tmpfs rw\n"
        "torn line\n"
    )
    kinds = [
        network_file_system(Path(place), mounts)
        for place in ("/home/x", "/mnt/my nas/library", "/mnt/ssh/l", "/mnt/my nas/local/l")
    ]
    assert kinds == [None, "nfs4", "fuse.sshfs", None]
    assert network_file_system(tmp_path, tmp_path / "none") is None
    assert network_note(tmp_path) == []


def test_without_shared_memory_the_library_works_and_the_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def no_memory(name: object, *args: object, **kwargs: object) -> sqlite3.Connection:
        name = f"{name}&vfs=unix-dotfile" if kwargs.get("uri") else name
        return connect(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite3, "connect", no_memory)
    with filled(tmp_path, BOOKS) as library:
        assert library.status().books == 3
    monkeypatch.undo()
    report = check_library(tmp_path)
    assert report.is_clean
    assert "write-ahead log" in report.notes[0]


def test_a_disk_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    library_of(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with Library.open(tmp_path) as library, pytest.raises(LibraryError, match="local disk"):
        library.save_search("Cats", "q=cat")
