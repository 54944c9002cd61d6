"""Picture processes: a crash, a hang or a bomb costs one request, and the pool lives on."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from PIL import Image

from longbox.errors import BusyError, IngestError, PageError
from longbox.ingest import IngestOptions
from longbox.web.pictures import PictureOptions
from longbox.web.pictures.comics import PagePlace
from longbox.web.pictures.process import Job, Made
from longbox.web.pictures.workers import PicturePool
from picture_shelf import cbz, png
from waiting import PATIENCE_S, until


def render_job(file: Path, page: int = 0, size: tuple[int, int] = (300, 400), **more: float) -> Job:
    place = asdict(PagePlace(str(file), page, *size))
    ask = {"do": "render", "place": place, "box": None, "width_px": 160}
    return Job(ask, f"{file.name}: page {page + 1}", str(file), **more)  # type: ignore[arg-type]


def upload_job(data: bytes, timeout_s: float = 30.0) -> Job:
    return Job({"do": "pixels", "side_px": 2000}, "the picture", payload=data, timeout_s=timeout_s)


def do(pool: PicturePool, job: Job, key: str = "key") -> Made:
    with pool.submit(key, job) as ticket:
        return ticket.result(60)


@pytest.fixture
def pool() -> Iterator[PicturePool]:
    made = PicturePool(IngestOptions(), PictureOptions(n_processes=1))
    yield made
    made.close()


@pytest.fixture
def comic(tmp_path: Path) -> Path:
    return cbz(tmp_path / "comic.cbz", [png(300, 400, seed) for seed in range(3)])


def slow_png() -> bytes:
    """A picture that takes a good part of a second to decode."""
    out = io.BytesIO()
    Image.new("RGB", (9000, 9000), "red").save(out, "PNG", compress_level=1)
    return out.getvalue()


def test_page_is_rendered_in_a_process_that_gave_up_what_it_does_not_need(
    pool: PicturePool, comic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGBOX_SECRET", "token")
    made = do(pool, render_job(comic))
    assert (made.width, made.height) == (160, 213)
    (pid,) = pool.pids()
    assert pid != os.getpid()
    status = Path(f"/proc/{pid}/status").read_text()
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Max core file size        0" in limits
    assert f"Max address space         {3072 << 20}" in limits
    assert os.getpriority(os.PRIO_PROCESS, pid) > 0
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path(os.devnull)
    assert b"LONGBOX_SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_killed_process_costs_its_job_only(pool: PicturePool, comic: Path) -> None:
    do(pool, render_job(comic))
    (before,) = pool.pids()
    os.kill(before, signal.SIGSTOP)  # so that the job surely is in the process when it dies
    with pool.submit("lost", render_job(comic, 1)) as lost:
        until(lambda: not pool.n_waiting())
        with pool.submit("next", render_job(comic, 2)) as following:
            os.kill(before, signal.SIGKILL)
            with pytest.raises(PageError, match=r"^comic.cbz: page 2: the process .* ended"):
                lost.result(PATIENCE_S)
            assert following.result(PATIENCE_S).width == 160
    assert pool.pids() != (before,)


def test_process_that_dies_idle_is_replaced_unnoticed(pool: PicturePool, comic: Path) -> None:
    do(pool, render_job(comic))
    (before,) = pool.pids()
    os.kill(before, signal.SIGKILL)
    until(lambda: not pool.pids())
    assert do(pool, render_job(comic, 1)).width == 160


def test_endless_job_is_ended_in_time(pool: PicturePool, comic: Path) -> None:
    do(pool, render_job(comic))
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(PageError, match="took too long"):
        do(pool, render_job(comic, 1, timeout_s=0.5))
    assert time.monotonic() - start < 30  # a job may take a minute where nothing is said
    assert do(pool, render_job(comic, 1)).width == 160
    assert not Path(f"/proc/{pid}").exists()


def test_picture_above_the_memory_limit_is_one_clear_error(comic: Path) -> None:
    pool = PicturePool(IngestOptions(), PictureOptions(n_processes=1, memory_bytes=300 << 20))
    try:
        with pytest.raises(PageError, match=r"memory|Memory"):
            do(pool, upload_job(slow_png()))
        assert do(pool, render_job(comic)).width == 160
    finally:
        pool.close()


SERVER = """
import sys, time
from longbox.ingest import IngestOptions
from longbox.web.pictures import PictureOptions
from longbox.web.pictures.workers import PicturePool
pool = PicturePool(IngestOptions(), PictureOptions(n_processes=1))
pool.warm_up()
while not pool.pids():
    time.sleep(0.01)
print(pool.pids()[0], flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system for it as Linux does")
def test_processes_end_with_a_server_that_is_killed() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    os.kill(pid, signal.SIGSTOP)  # as one that is in an endless loop: it reads no end of file
    server.kill()
    server.communicate()
    told = Path(f"/proc/{pid}/cmdline")
    until(lambda: not (told.exists() and told.read_bytes()), "it lives on")


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a great size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>", "damaged"),
        (b"<!doctype html><script>alert(1)</script>", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (png(300, 400)[:-300], "damaged"),
        (_bomb(60_000, 60_000), "above the limit"),
        (_bomb(10_001, 10_000), "above the limit of 100 million"),
        (b"GIF89a" + bytes(20), "damaged|no pixels"),
    ],
)
def test_hostile_upload_is_refused(pool: PicturePool, data: bytes, reason: str) -> None:
    with pytest.raises(PageError, match=reason):
        do(pool, upload_job(data))
    assert do(pool, upload_job(png(10, 10))).data


def test_upload_comes_back_as_pixels(pool: PicturePool) -> None:
    made = do(pool, upload_job(png(3000, 1000)))
    assert (made.width, made.height) == (2000, 667)
    assert len(made.data) == 2000 * 667 * 3


def test_errors_about_a_file_name_it_without_its_folder(pool: PicturePool, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"^ghost.cbz: the comic file is gone; .*longbox index"):
        do(pool, render_job(tmp_path / "ghost.cbz"))
    (tmp_path / "odd.cbz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(IngestError) as raised:
        do(pool, render_job(tmp_path / "odd.cbz"))
    assert str(tmp_path) not in str(raised.value)
    damaged = cbz(tmp_path / "damaged.cbz", [png(300, 400)[:500]])
    with pytest.raises(PageError, match=r"^damaged.cbz: page 1 \(page1.png\)"):
        do(pool, render_job(damaged))


def test_page_of_another_content_or_size_is_not_shown(pool: PicturePool, comic: Path) -> None:
    job = render_job(comic)
    job.ask["place"]["digest"] = "0" * 64
    with pytest.raises(IngestError, match=r"page 1 is not the one that was indexed; run"):
        do(pool, job)
    with pytest.raises(IngestError, match="is not the one that was indexed"):
        do(pool, render_job(comic, 0, (300, 401)))
    with pytest.raises(IngestError, match="page 9 is not the one"):
        do(pool, render_job(comic, 8))


def test_file_that_was_replaced_is_opened_anew(pool: PicturePool, tmp_path: Path) -> None:
    file = cbz(tmp_path / "comic.cbz", [png(300, 400, 1)])
    before = do(pool, render_job(file))
    cbz(file, [png(300, 400, 2), png(300, 400, 3)])
    after = do(pool, render_job(file))
    assert before.data != after.data


def test_same_key_is_done_once_and_kept_once(pool: PicturePool, comic: Path) -> None:
    do(pool, render_job(comic))
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)
    kept: list[Made] = []
    tickets = [pool.submit("same", render_job(comic, 1), kept.append) for _ in range(20)]
    os.kill(pid, signal.SIGCONT)
    made = [ticket.result(PATIENCE_S) for ticket in tickets]
    assert all(each is made[0] for each in made)
    assert kept == [made[0]]


def test_too_many_waiting_is_busy_and_those_who_left_are_dropped(comic: Path) -> None:
    pool = PicturePool(IngestOptions(), PictureOptions(n_processes=1, max_waiting=2))
    try:
        do(pool, render_job(comic))
        (pid,) = pool.pids()
        os.kill(pid, signal.SIGSTOP)
        running = pool.submit("running", render_job(comic, 1))
        until(lambda: not pool.n_waiting())
        first = pool.submit("first", render_job(comic, 2))
        second = pool.submit("second", render_job(comic, 0))
        with pytest.raises(BusyError, match="too many pictures"):
            pool.submit("third", render_job(comic, 0))
        first.close()
        assert pool.n_waiting() == 1
        third = pool.submit("third", render_job(comic, 0))
        os.kill(pid, signal.SIGCONT)
        for ticket in (running, second, third):
            assert ticket.result(PATIENCE_S).width == 160
    finally:
        pool.close()


def test_each_comic_is_opened_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.web.pictures.workers._PATIENCE_S", 30.0)
    pool = PicturePool(IngestOptions(), PictureOptions(n_processes=2))
    comics = [cbz(tmp_path / f"{n}.cbz", [png(300, 400, n)]) for n in range(2)]
    try:
        for comic in comics:
            do(pool, render_job(comic))
        with ThreadPoolExecutor(4) as threads:
            made = threads.map(lambda n: do(pool, render_job(comics[n % 2]), f"key{n}"), range(40))
            assert {each.width for each in made} == {160}
        held = [
            path.name
            for pid in pool.pids()
            for fd in Path(f"/proc/{pid}/fd").iterdir()
            if (path := _target(fd)) and path.suffix == ".cbz"
        ]
        assert sorted(held) == ["0.cbz", "1.cbz"]
    finally:
        pool.close()


def _target(fd: Path) -> Path | None:
    try:
        return fd.readlink()
    except OSError:
        return None


def test_closing_ends_processes_and_tells_who_waits(comic: Path) -> None:
    before = set(threading.enumerate())  # a server of other tests has such threads too
    pool = PicturePool(IngestOptions(), PictureOptions(n_processes=1))
    do(pool, render_job(comic))
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)
    running = pool.submit("running", render_job(comic, 1))
    until(lambda: not pool.n_waiting())
    waiting = pool.submit("waiting", render_job(comic, 2))
    pool.close()
    with pytest.raises(BusyError, match="closing"):
        waiting.result(PATIENCE_S)
    with pytest.raises(PageError, match="ended"):
        running.result(PATIENCE_S)
    with pytest.raises(BusyError, match="closing"):
        pool.submit("late", render_job(comic))
    assert not Path(f"/proc/{pid}").exists()
    left = set(threading.enumerate()) - before
    assert not [t for t in left if t.name == "longbox-pictures"]
