"""A shelf becomes a library: what is done, what is skipped, what a bad file costs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from longbox.book import Direction
from longbox.config import Config
from longbox.errors import IngestError, LibraryError
from longbox.library import Library, read_book_store, store_path
from longbox.pipeline import IndexReport, index_shelf, sync_library
from longbox.vectors import Space
from tiny_comics import WORDS, draw_cbz
from waiting import PATIENCE_S, until


def run(
    shelf: Path, library: Library, config: Config | None = None, **options: bool
) -> IndexReport:
    return index_shelf([shelf], library, config or Config(), in_process=True, **options)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    draw_cbz(tmp_path / "shelf" / "Night 1.cbz", [0, 2])
    return tmp_path / "shelf"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.create(tmp_path / "library")


def test_empty_shelf_is_an_empty_library(tmp_path: Path, library: Library) -> None:
    (tmp_path / "nothing").mkdir()
    report = run(tmp_path / "nothing", library)
    assert (report.n_books, report.n_failed, report.n_unchanged) == (0, 0, 0)
    assert library.status().books == 0


def test_missing_shelf_is_an_error(tmp_path: Path, library: Library) -> None:
    with pytest.raises(IngestError, match="no such file or folder"):
        run(tmp_path / "nowhere", library)


def test_book_gets_panels_texts_and_a_vector_in_each_space(shelf: Path, library: Library) -> None:
    report = run(shelf, library)
    (outcome,) = report.outcomes
    assert (outcome.n_pages, outcome.n_panels, outcome.problems) == (2, 4, ())
    assert outcome.book_id is not None
    store = read_book_store(store_path(library.root, outcome.book_id))
    vectors = {v.space: v for v in store.vectors}
    assert set(vectors) == {Space.VISION, Space.TEXT, Space.COMPOSITION}
    # The second panel of each page holds no lettering: masked, not an empty string's vector.
    assert vectors[Space.TEXT].mask.tolist() == [True, False, True, False]
    assert vectors[Space.VISION].mask.all()
    assert store.annotated.pages[0].panel_texts(0)[0].text.upper() == WORDS[0]
    assert {"ingest", "panels", "text", "vision", "sentences", "store"} <= set(report.seconds)


def test_unchanged_shelf_is_skipped_without_opening_a_file(
    shelf: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(shelf, library)

    def refuse(*_: object) -> None:
        raise AssertionError("an unchanged file was opened")

    monkeypatch.setattr("longbox.pipeline.jobs.open_book", refuse)
    report = run(shelf, library)
    assert (report.n_unchanged, report.outcomes) == (1, [])


def test_moved_renamed_and_repacked_book_is_recognised(shelf: Path, library: Library) -> None:
    first = run(shelf, library).outcomes[0]
    with zipfile.ZipFile(shelf / "Night 1.cbz") as archive:
        archive.extractall(shelf / "other" / "Night, unpacked")
    (shelf / "Night 1.cbz").unlink()
    report = run(shelf, library)
    assert [(o.book_id, o.is_reused) for o in report.outcomes] == [(first.book_id, True)]
    assert report.n_pages == 0
    assert library.status().books == 1


def test_bad_file_is_recorded_and_the_shelf_goes_on(shelf: Path, library: Library) -> None:
    (shelf / "ghost.cbz").write_bytes(b"PK\x03\x04 and nothing more")
    report = run(shelf, library)
    assert (report.n_books, report.n_failed) == (1, 1)
    (problem,) = library.status().problems
    assert "ghost.cbz" in problem.reason
    again = run(shelf, library)
    assert (again.n_unchanged, again.n_known_bad, again.n_failed) == (2, 1, 0)
    assert run(shelf, library, refresh=True).n_failed == 1


def test_name_that_is_no_text_is_recorded_once(shelf: Path, library: Library) -> None:
    odd = Path(os.fsdecode(os.fsencode(shelf) + b"/odd\xff.cbz"))
    try:
        shutil.copy(shelf / "Night 1.cbz", odd)
    except OSError:
        pytest.skip("this disk allows no such names")
    report = run(shelf, library)
    assert (report.n_books, report.n_failed) == (1, 1)
    assert "rename it" in library.status().problems[0].reason
    assert run(shelf, library).n_known_bad == 1


def test_dangling_link_and_unlistable_folder_do_not_stop_the_shelf(
    shelf: Path, library: Library
) -> None:
    (shelf / "lost.cbz").symlink_to("nowhere.cbz")
    report = run(shelf, library)
    assert (report.n_books, report.n_failed) == (1, 1)
    assert "lost.cbz" in library.status().problems[0].reason
    (shelf / "lost.cbz").unlink()
    run(shelf, library)
    assert library.status().problems == ()


def test_damaged_store_is_made_again_when_its_file_is_looked_at(
    shelf: Path, library: Library
) -> None:
    draw_cbz(shelf / "Night 2.cbz", [3])
    run(shelf, library)
    whole = library.fingerprint_contents()
    for book_id in library.book_ids()[:1]:
        store_path(library.root, book_id).write_bytes(b"torn")
    for path in shelf.iterdir():
        os.utime(path, ns=(1, 1))
    report = run(shelf, library)
    assert sorted(o.is_reused for o in report.outcomes) == [False, True]
    assert library.status().problems == ()
    assert library.fingerprint_contents() == whole


def test_library_on_the_shelf_is_no_comic(shelf: Path) -> None:
    with Library.create(shelf / "library") as library:
        run(shelf, library)
        assert (run(shelf, library).n_unchanged, library.status().problems) == (1, ())


def test_same_shelf_by_another_path_is_the_same(
    shelf: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(shelf, library)
    (shelf.parent / "elsewhere").mkdir()
    monkeypatch.chdir(shelf.parent / "elsewhere")
    assert run(Path("../shelf"), library).n_unchanged == 1


def test_renamed_file_is_looked_for_under_its_new_name(shelf: Path, library: Library) -> None:
    run(shelf, library)
    (shelf / "Night 1.cbz").rename(shelf / "Zero.cbz")
    run(shelf, library)
    assert [Path(name).name for name in library.known_files()] == ["Zero.cbz"]


def test_shelf_that_comes_back_is_found_again(shelf: Path, library: Library) -> None:
    run(shelf, library)
    shelf.rename(shelf.with_name("unplugged"))
    sync_library(library, Config())
    assert library.status().missing_books == 1
    shelf.with_name("unplugged").rename(shelf)
    assert run(shelf, library).n_unchanged == 1
    assert library.status().missing_books == 0


def test_sync_of_a_folder_that_is_not_there_is_an_error(library: Library, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="no such file or folder"):
        sync_library(library, Config(), [tmp_path / "typo"])


def test_ctrl_c_while_workers_start_is_quiet(shelf: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "longbox",
        "index",
        str(shelf),
        "--library",
        str(tmp_path / "l"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + PATIENCE_S
    while not (children.exists() and len(children.read_text().split()) > 1):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.skip("no worker was seen starting")
        time.sleep(0.01)
    time.sleep(0.4)  # a worker imports for a second or more
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "no comic files" not in said


def test_mended_file_loses_its_problem(shelf: Path, library: Library) -> None:
    (shelf / "ghost.cbz").write_bytes(b"PK\x03\x04 and nothing more")
    run(shelf, library)
    draw_cbz(shelf / "ghost.cbz", [2])
    assert run(shelf, library).n_books == 1
    assert library.status().problems == ()


def test_broken_page_costs_that_page_only(shelf: Path, library: Library) -> None:
    with zipfile.ZipFile(shelf / "Night 1.cbz", "a") as archive:
        archive.writestr("page3.png", b"\x89PNG\r\n\x1a\n and nothing more")
    report = run(shelf, library)
    (outcome,) = report.outcomes
    assert (outcome.n_pages, outcome.n_panels) == (3, 4)
    assert [(p.page, p.stage) for p in outcome.problems] == [(2, "ingest")]
    assert library.status().panels == 4


def test_other_settings_are_noticed_and_redone_on_request(shelf: Path, library: Library) -> None:
    run(shelf, library)
    config = replace(Config(), panels=replace(Config().panels, paper_tolerance=30))
    report = run(shelf, library, config)
    assert (report.n_unchanged, report.n_outdated) == (1, 1)
    (outcome,) = run(shelf, library, config, refresh=True).outcomes
    assert not outcome.is_reused
    assert run(shelf, library, config).n_outdated == 0


def test_direction_asked_for_stays_until_another_is_asked_for(
    shelf: Path, library: Library
) -> None:
    def direction() -> Direction:
        (book_id,) = library.book_ids()
        return library.annotated_book(book_id).book.direction

    run(shelf, library)
    config = replace(Config(), ingest=replace(Config().ingest, direction=Direction.RTL))
    assert run(shelf, library, config).n_outdated == 0
    assert direction() is Direction.LTR
    run(shelf, library, config, refresh=True)
    assert direction() is Direction.RTL
    (shelf / "Night 1.cbz").rename(shelf / "Night 2.cbz")
    run(shelf, library)
    assert direction() is Direction.RTL


def test_changed_comicinfo_is_taken_up_without_reading_the_pages_again(
    shelf: Path, library: Library
) -> None:
    run(shelf, library)
    with zipfile.ZipFile(shelf / "Night 1.cbz", "a") as archive:
        archive.writestr("ComicInfo.xml", "<ComicInfo><Series>Rain</Series></ComicInfo>")
    (outcome,) = run(shelf, library).outcomes
    assert outcome.is_reused
    assert outcome.book_id is not None
    row = library.page_rows(outcome.book_id, 0)[0]
    assert library.panel_records([row])[0].series == "Rain"


def test_direction_that_the_file_now_tells_is_read_anew(shelf: Path, library: Library) -> None:
    run(shelf, library)
    with zipfile.ZipFile(shelf / "Night 1.cbz", "a") as archive:
        archive.writestr("ComicInfo.xml", "<ComicInfo><Manga>YesAndRightToLeft</Manga></ComicInfo>")
    (outcome,) = run(shelf, library).outcomes
    assert not outcome.is_reused


def test_sync_follows_a_moved_file_and_misses_a_deleted_one(shelf: Path, library: Library) -> None:
    draw_cbz(shelf / "Night 2.cbz", [3])
    run(shelf, library)
    (shelf / "Night 1.cbz").rename(shelf / "First.cbz")
    (shelf / "Night 2.cbz").unlink()
    outcome = sync_library(library, Config())
    assert [(Path(a).name, Path(b).name) for a, b in outcome.moved] == [
        ("Night 1.cbz", "First.cbz")
    ]
    assert [Path(p).name for p in outcome.missing] == ["Night 2.cbz"]
    draw_cbz(shelf / "Night 2.cbz", [3])
    assert [Path(p).name for p in sync_library(library, Config()).returned] == ["Night 2.cbz"]


def test_library_of_worker_processes_equals_that_of_one_process(
    shelf: Path, library: Library, tmp_path: Path
) -> None:
    draw_cbz(shelf / "Night 2.cbz", [3, 0])
    run(shelf, library)
    with Library.create(tmp_path / "other") as other:
        report = index_shelf([shelf], other, Config())
        assert report.n_books == 2
        assert other.fingerprint_contents() == library.fingerprint_contents()


def test_killed_run_is_completed_by_the_next(shelf: Path, library: Library, tmp_path: Path) -> None:
    draw_cbz(shelf / "Night 2.cbz", [3, 0])
    run(shelf, library)
    root = tmp_path / "killed"
    command = [sys.executable, "-m", "longbox", "index", str(shelf), "--library", str(root)]
    command += ["--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: list(root.glob("books/**/*.zip")), "nothing was stored within a minute")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    with Library.open(root) as resumed:
        assert resumed.fingerprint_contents() == library.fingerprint_contents()


def test_worker_that_dies_costs_its_book_only(
    shelf: Path, library: Library, tmp_path: Path
) -> None:
    # A book whose first page ends the process that opens it: its folder holds a picture that is
    # replaced by the harness below, because a portable native crash cannot be drawn.
    draw_cbz(shelf / "crash.cbz", [3])
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import os, zipfile\n"
        "real = zipfile.ZipFile.__init__\n"
        "def init(self, file, *rest, **named):\n"
        "    if 'crash' in str(getattr(file, 'name', file)) and os.environ.get('CRASH_TEST'):\n"
        "        os._exit(139)\n"
        "    real(self, file, *rest, **named)\n"
        "zipfile.ZipFile.__init__ = init\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(hook), "CRASH_TEST": "1"}
    command = [sys.executable, "-m", "longbox", "index", str(shelf), "--library", str(library.root)]
    command += ["--workers", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ended its process" in done.stderr
    found = library.status()
    assert (found.books, len(found.problems)) == (1, 1)


def test_interrupted_run_says_so_and_leaves_a_usable_library(shelf: Path, tmp_path: Path) -> None:
    draw_cbz(shelf / "Night 2.cbz", [3, 0] * 20)
    root = tmp_path / "stopped"
    command = [sys.executable, "-m", "longbox", "index", str(shelf), "--library", str(root)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    until(lambda: _n_books(root))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "the same command goes on from here" in said
    with Library.open(root) as stopped:
        assert stopped.status().books == 1
        assert all(s.n_indexed == s.n_vectors for s in stopped.status().spaces)


def _n_books(root: Path) -> int:
    try:
        with Library.open(root, read_only=True) as library:
            return library.status().books
    except LibraryError:
        return 0  # the run has not made it yet
