"""A shelf indexed by workers is the library that one machine makes, whatever happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import cheap_stages
from longbox import __version__
from longbox.book import Direction
from longbox.cli.app import app
from longbox.config import ClusterOptions, Config, ModelOptions
from longbox.correction import CorrectedField, Correction, word_value
from longbox.errors import ClusterError, ConfigError, LibraryError
from longbox.library import Library, Parcel, pack_book, store_path
from longbox.pipeline import IndexReport, ShelfProgress, index_shelf
from longbox.pipeline.cluster import delivery as delivery_module
from longbox.pipeline.cluster import storage as storage_module
from longbox.pipeline.cluster.connection import Crowd
from longbox.pipeline.cluster.driving import Drive
from longbox.pipeline.patience import RetryPolicy
from pipeline.clusters import Cluster, wait_for
from tiny_comics import draw_cbz

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups")
ALONE = replace(Config(), models=ModelOptions(embed=False))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_stages.install(monkeypatch.setattr)
    monkeypatch.setenv("CHEAP_STAGES_ARE_TAME", "1")  # in this process only
    hasty = RetryPolicy(n_tries=2, first_wait_s=0.0, longest_wait_s=0.0)
    monkeypatch.setattr(storage_module, "PATIENCE", hasty)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for number in range(3):
        draw_cbz(tmp_path / "shelf" / f"Night {number}.cbz", [number] * (number + 1))
    return tmp_path / "shelf"


def with_cluster(cluster: Cluster, **named: str) -> Config:
    return replace(ALONE, cluster=ClusterOptions(cluster.address, **named))


def run(shelf: Path, root: Path, config: Config, **named: bool) -> tuple[IndexReport, str]:
    with Library.create(root) as library:
        report = index_shelf([shelf], library, config, **named)
        return report, library.fingerprint_contents()


def test_libraries_by_folder_by_storage_and_by_one_machine_are_identical(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    (shelf / "ghost.cbz").write_bytes(b"PK\x03\x04 and nothing more")
    draw_cbz(shelf / "crash.cbz", [3])
    second = cluster.start_worker("--no-nanny")
    url = (tmp_path / "results").as_uri()
    seen: list[ShelfProgress] = []
    made: list[list[str]] = []
    for name, config in (
        ("shared", with_cluster(cluster)),
        ("stored", with_cluster(cluster, results=url)),
    ):
        with Library.create(tmp_path / name) as library:
            report = index_shelf([shelf], library, config, seen.append)
            assert (report.n_books, report.n_failed) == (3, 2)
            (crashed,) = (p for p in report.problems if "crash" in p.reason)
            assert "ended its process" in crashed.reason
            again = index_shelf([shelf], library, config)  # nothing to do asks no scheduler
            assert (again.n_unchanged, again.outcomes) == (5, [])
            made.append([line for line in library.dump() if "crash" not in line])
    second.terminate()
    (shelf / "crash.cbz").unlink()  # nothing may open it in this process
    with Library.create(tmp_path / "alone") as library:
        index_shelf([shelf], library, ALONE, in_process=True)
        made.append(library.dump())
    assert made[0] == made[1] == made[2]
    assert not list((tmp_path / "results").iterdir())
    assert not list((tmp_path / "shared" / "partial").iterdir())
    assert {m.finished.path.name for m in seen if m.finished} >= {"Night 0.cbz", "ghost.cbz"}


def test_what_the_library_knows_of_a_book_travels_with_its_job(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    asked = replace(ALONE, ingest=replace(ALONE.ingest, direction=Direction.RTL))
    stored = with_cluster(cluster, results=(tmp_path / "results").as_uri())
    made: list[str] = []
    for name, config in (("alone", ALONE), ("far", stored)):
        root = tmp_path / name
        run(shelf, root, asked, in_process=True)
        with Library.open(root) as library:
            ids = {Path(path).name: f.book_id for path, f in library.known_files().items()}
            book_id = ids["Night 1.cbz"]
            assert book_id is not None
            said = word_value("Rain")
            moment = "2026-01-01T00:00:00.000000+00:00"
            library.add_correction(Correction(book_id, None, CorrectedField.TITLE, said, moment))
        # Known by its pages only: the worker has to ask for what the library holds of it.
        (shelf / "Night 2.cbz").rename(shelf / "Renamed.cbz")
        is_here = name == "alone"
        report, contents = run(shelf, root, config, in_process=is_here)
        (shelf / "Renamed.cbz").rename(shelf / "Night 2.cbz")
        assert [o.is_reused for o in report.outcomes] == [True, True]
        with Library.open(root) as library:
            assert library.annotated_book(book_id).book.metadata.title == "Rain"
            other = ids["Night 2.cbz"]
            assert other is not None
            assert library.annotated_book(other).book.direction is Direction.RTL
        made.append(contents)
    assert made[0] == made[1]


def test_known_book_whose_files_went_since_the_run_began_is_read_as_new(
    shelf: Path, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "library"
    run(shelf, root, ALONE, in_process=True)
    os.utime(shelf / "Night 1.cbz", (1, 1))  # known by its path
    (shelf / "Night 2.cbz").rename(shelf / "Renamed.cbz")  # known by its pages
    packed: list[str] = []

    def pack(root: Path, book_id: str) -> Parcel:
        assert len(packed) < 5, "the task is sent again and again"
        packed.append(book_id)
        store_path(root, book_id).unlink(missing_ok=True)
        return pack_book(root, book_id)

    monkeypatch.setattr(delivery_module, "pack_book", pack)
    config = with_cluster(cluster, results=(tmp_path / "results").as_uri())
    report, _ = run(shelf, root, config)
    assert (len(report.outcomes), report.problems) == (2, [])
    assert [o.is_reused for o in report.outcomes] == [False, False]
    assert sorted(set(packed)) == sorted(packed)
    assert all(store_path(root, book_id).is_file() for book_id in packed)


def test_worker_that_is_killed_has_its_book_given_to_another_and_a_killer_is_recorded(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    draw_cbz(shelf / "kill once.cbz", [3])
    report, contents = run(shelf, tmp_path / "one", with_cluster(cluster))
    assert (report.n_books, report.problems) == (4, [])
    assert contents == run(shelf, tmp_path / "two", ALONE, in_process=True)[1]
    draw_cbz(shelf / "kill always.cbz", [2, 3])
    report, _ = run(shelf, tmp_path / "one", with_cluster(cluster))
    (problem,) = report.problems
    assert "2 workers died while they had it" in problem.reason
    assert run(shelf, tmp_path / "one", with_cluster(cluster))[0].n_known_bad == 1


def crowd_of_one(told: list[str], *answers: object) -> Crowd:
    """The crowd of a scheduler with one worker, and what it answers when its version is asked."""
    left = list(answers)
    client = SimpleNamespace(
        status="running",
        scheduler=SimpleNamespace(address="tcp://scheduler"),
        scheduler_info=lambda **_: {"workers": {"tcp://there": {"nthreads": 1}}},
        run=lambda *_, **__: {"tcp://there": left.pop(0)},
    )
    return Crowd(client, {}, told.append)


def test_worker_that_dies_as_it_is_asked_is_asked_again_and_not_refused() -> None:
    told: list[str] = []
    crowd = crowd_of_one(told, OSError("the line is dead"), __version__)
    crowd.look()
    crowd.require_some()  # it may answer the next time
    assert not crowd.slots
    crowd.look()
    assert (set(crowd.slots), told) == ({"tcp://there"}, [])


def test_worker_that_cannot_say_its_version_is_refused_with_the_reason() -> None:
    told: list[str] = []
    crowd = crowd_of_one(told, ValueError("no such metadata"))
    crowd.look()
    with pytest.raises(ClusterError, match=r"cannot say .*no such metadata"):
        crowd.require_some()
    assert len(told) == 1


def test_book_that_only_waited_at_dying_workers_is_sent_anew() -> None:
    from distributed import KilledWorker

    drive: Drive[str] = Drive(Crowd(SimpleNamespace(status="running"), {}, print), Any)
    error = KilledWorker("task", SimpleNamespace(address="tcp://there"), 3)
    for n_starts, is_sent_anew in ((0, True), (3, True), (4, False)):
        sent = replace(drive._numbered("book"), n_starts=n_starts, n_sends=1)
        drive._active[sent.number] = sent
        drive._failed(sent, error)
        assert (sent.number not in drive._active) is is_sent_anew
    assert [sent.n_starts for sent in drive._todo] == [3, 0]
    tired = replace(drive._numbered("book"), n_sends=8)
    drive._active[tired.number] = tired
    drive._failed(tired, error)
    assert tired.number in drive._active  # with its loss on the way: it never loops


def test_object_that_is_lost_costs_its_book_until_the_next_run(
    shelf: Path, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_cluster(cluster, results=(tmp_path / "results").as_uri())
    real = storage_module.Storage.get

    def get(self: storage_module.Storage, name: str, sha256: str) -> bytes:
        if name.endswith(".zip"):
            self.remove(name)
        return real(self, name, sha256)

    monkeypatch.setattr(storage_module.Storage, "get", get)
    report, _ = run(shelf, tmp_path / "one", config)
    assert (report.n_books, report.n_failed) == (0, 3)
    assert {p.stage for p in report.problems} == {"results"}
    monkeypatch.setattr(storage_module.Storage, "get", real)
    report, contents = run(shelf, tmp_path / "one", config)
    assert (report.n_books, report.problems) == (3, [])
    assert contents == run(shelf, tmp_path / "two", ALONE, in_process=True)[1]


def test_file_that_no_worker_sees_is_told_of_and_not_remembered_as_bad(
    shelf: Path, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The run believes that the file is larger than the workers find it.
    monkeypatch.setattr("longbox.pipeline.cluster.book_runs._size_of", _one_more_for("Night 1"))
    report, _ = run(shelf, tmp_path / "one", with_cluster(cluster))
    (problem,) = report.problems
    assert "sees another file at" in problem.reason
    assert "mount the shelf there" in problem.reason
    monkeypatch.undo()
    cheap_stages.install(monkeypatch.setattr)
    report, _ = run(shelf, tmp_path / "one", ALONE, in_process=True)
    assert [o.path.name for o in report.outcomes] == ["Night 1.cbz"]


def _one_more_for(name: str):
    return lambda path: path.stat().st_size + (name in path.name)


def test_run_begins_before_its_worker_and_a_worker_of_another_version_is_not_used(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text(
        "import importlib.metadata as m\nreal = m.version\n"
        "m.version = lambda name: '0.0.9' if name == 'longbox' else real(name)\n"
    )
    late = Cluster(folder, cluster.environment)
    late.start_scheduler()
    old = {**os.environ, "PYTHONPATH": str(tmp_path / "old")}
    late.start_worker("--no-nanny", environment=old)
    notes: list[str] = []

    def tell(message: ShelfProgress) -> None:
        if message.note is not None:
            notes.append(message.note)

    try:
        log = folder / "dask_worker-1.log"
        wait_for(lambda: b"Registered to" in log.read_bytes())
        with (
            Library.create(tmp_path / "one") as library,
            pytest.raises(ClusterError, match=r"has Longbox 0\.0\.9, not"),
        ):
            index_shelf([shelf], library, with_cluster(late), tell)
        late.processes[1].kill()
        late.processes[1].wait()
        threading.Timer(2.0, late.start_worker, ("--no-nanny",)).start()
        with Library.create(tmp_path / "two") as library:
            report = index_shelf([shelf], library, with_cluster(late), tell)
        assert report.n_books == 3
    finally:
        late.stop()
    assert any("is not used: it has Longbox 0.0.9" in note for note in notes)
    assert any("waiting for one" in note for note in notes)


def test_ctrl_c_leaves_a_usable_library_and_the_next_run_goes_on(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    for number in range(8):
        draw_cbz(shelf / f"slow {number}.cbz", [number % 4, (number + 1) % 4, number // 4])
    root = tmp_path / "one"
    (tmp_path / "config.toml").write_text("[models]\nembed = false\n")
    command = [sys.executable, "-m", "longbox", "index", str(shelf), "--library", str(root)]
    command += ["--scheduler", cluster.address, "--config", str(tmp_path / "config.toml")]
    process = subprocess.Popen(
        command, env=cluster.environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_for(lambda: process.poll() is not None or _n_books(root))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "the same command goes on from here" in said
    with Library.open(root, read_only=True) as library:
        assert 1 <= library.status().books < 11
    _, contents = run(shelf, root, ALONE, in_process=True)
    assert contents == run(shelf, tmp_path / "two", ALONE, in_process=True)[1]


def _n_books(root: Path) -> int:
    try:
        with Library.open(root, read_only=True) as library:
            return library.status().books
    except LibraryError:
        return 0  # the run has not made it yet


def test_what_cannot_work_is_one_clear_line(shelf: Path, tmp_path: Path, cluster: Cluster) -> None:
    command = ["index", str(shelf), "--library", str(tmp_path / "one")]
    nowhere = CliRunner().invoke(app, [*command, "--scheduler", "tcp://127.0.0.1:1"])
    assert nowhere.exit_code == 1
    assert isinstance(nowhere.exception, ClusterError)
    assert "no scheduler answers there" in str(nowhere.exception)
    alone = CliRunner().invoke(app, [*command, "--results", "s3://bucket/prefix"])
    assert isinstance(alone.exception, ConfigError)
    with pytest.raises(ClusterError, match=r"no worker of .* offers GPU=2"):
        run(shelf, tmp_path / "two", with_cluster(cluster, index_resources="GPU=2"))
    with pytest.raises(ClusterError, match="cannot be used for results"):
        run(shelf, tmp_path / "two", with_cluster(cluster, results="nothing://there"))
    with pytest.raises(ConfigError, match="write them as GPU=1"):
        ClusterOptions(index_resources="GPU")


def test_broken_page_is_the_same_problem_everywhere(
    shelf: Path, tmp_path: Path, cluster: Cluster
) -> None:
    with Library.create(tmp_path / "far") as library:
        folder = library.root / "corrections"
        index_shelf([shelf], library, ALONE, in_process=True)
        (book_id, *_) = library.book_ids()
        folder.mkdir(exist_ok=True)
        (folder / f"{book_id}.json").write_text("{")
        for path in shelf.iterdir():
            os.utime(path, ns=(1, 1))
        config = with_cluster(cluster, results=(tmp_path / "results").as_uri())
        report = index_shelf([shelf], library, config)
    assert all(zipfile.is_zipfile(path) for path in shelf.iterdir())
    reasons = [p.reason for p in report.problems]
    assert all(str(library.root) in reason and "longbox-" not in reason for reason in reasons)
