"""The disk cache: bounded, shared, and never wrong."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longbox.web.pictures.cache import CacheBounds, DiskCache, cache_folder

MANY = CacheBounds(1 << 30)


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def put_aged(cache: DiskCache, number: int, size: int, age_s: float) -> None:
    assert cache.put(key(number), bytes([number]) * size)
    path = cache.folder / key(number)[:2] / key(number)
    then = time.time() - age_s
    os.utime(path, (then, then))


def test_empty_cache_has_nothing(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "pictures", MANY)
    assert cache.get(key(1)) is None
    cache.sweep()
    assert files(tmp_path) == []


def test_what_was_put_is_found_by_another_server_too(tmp_path: Path) -> None:
    DiskCache(tmp_path, MANY).put(key(1), b"picture")
    assert DiskCache(tmp_path, MANY).get(key(1)) == b"picture"
    assert DiskCache(tmp_path, MANY).get(key(2)) is None


@pytest.mark.parametrize("bad", ["", "../../../../etc/passwd", "A" * 32, "0" * 31, "0" * 31 + "/"])
def test_key_that_is_none_is_refused(tmp_path: Path, bad: str) -> None:
    cache = DiskCache(tmp_path, MANY)
    with pytest.raises(ValueError, match="is no key"):
        cache.get(bad)
    with pytest.raises(ValueError, match="is no key"):
        cache.put(bad, b"x")


@pytest.mark.parametrize("left", [0, 1, 15, 16, 20])
def test_truncated_file_is_dropped(tmp_path: Path, left: int) -> None:
    cache = DiskCache(tmp_path, MANY)
    cache.put(key(1), b"picture" * 10)
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    assert cache.get(key(1)) is None
    assert not path.exists()


def test_file_of_another_key_is_dropped(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, MANY)
    cache.put(key(1), b"one")
    (tmp_path / key(2)[:2]).mkdir(exist_ok=True)
    (tmp_path / key(1)[:2] / key(1)).rename(tmp_path / key(2)[:2] / key(2))
    assert cache.get(key(2)) is None


def test_link_and_pipe_in_its_place_are_not_followed(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "pictures", MANY)
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 100)
    place = cache.folder / key(1)[:2]
    place.mkdir(parents=True)
    (place / key(1)).symlink_to(secret)
    assert cache.get(key(1)) is None
    (place / key(1)).unlink()
    os.mkfifo(place / key(1))
    assert cache.get(key(1)) is None
    assert secret.exists()


def test_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, CacheBounds(10_000_000))
    for number in range(10):
        put_aged(cache, number, 1000, 7200 * (number + 1))
    assert cache.get(key(9)) is not None  # the oldest is used again
    cache.wait()
    bounded = DiskCache(tmp_path, CacheBounds(5 * 1016))
    bounded.sweep()
    kept = {path.name for path in files(tmp_path)}
    assert kept == {key(9), key(0), key(1), key(2)}  # nine tenths of five


def test_sweep_bounds_number_and_age(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, MANY)
    for number in range(10):
        put_aged(cache, number, 10, 100 * number)
    cache.wait()
    DiskCache(tmp_path, CacheBounds(1 << 30, age_s=650)).sweep()
    assert len(files(tmp_path)) == 7
    DiskCache(tmp_path, CacheBounds(1 << 30, n_files=5)).sweep()
    assert {path.name for path in files(tmp_path)} == {key(n) for n in range(4)}


def test_writing_sweeps_by_itself_and_stays_near_the_bound(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, CacheBounds(100_000))
    for number in range(400):
        cache.put(key(number), bytes(2000))
    cache.wait()
    cache.sweep()
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 100_000


def test_leftovers_of_killed_writers_go_and_foreign_files_stay(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, CacheBounds(1))
    place = tmp_path / "00"
    place.mkdir()
    old, new, foreign = place / ".k.1.a.part", place / ".k.2.b.part", place / "notes.txt"
    for path in (old, new, foreign):
        path.write_bytes(b"x" * 50)
    os.utime(old, (1, 1))
    cache.sweep()
    assert not old.exists()
    assert new.exists()
    assert foreign.exists()


def test_disk_that_refuses_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pictures").write_bytes(b"a file where the folder should be")
    cache = DiskCache(tmp_path / "pictures", MANY)
    with caplog.at_level(logging.WARNING):
        assert not cache.put(key(1), b"one")
        assert not cache.put(key(2), b"two")
    assert cache.get(key(1)) is None
    assert len(caplog.records) == 1


def test_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cache = DiskCache(tmp_path, MANY)
    monkeypatch.setattr(Path, "replace", full)
    assert not cache.put(key(1), b"one")
    assert files(tmp_path) == []


WRITER = """
import sys, hashlib
from pathlib import Path
from longbox.web.pictures.cache import CacheBounds, DiskCache
cache = DiskCache(Path(sys.argv[1]), CacheBounds(200_000))
for n in range(10**9):
    key = hashlib.sha256(str(n % 300).encode()).hexdigest()[:32]
    found = cache.get(key)
    assert found is None or found == bytes([n % 300 % 256]) * 3000
    cache.put(key, bytes([n % 300 % 256]) * 3000)
    if n == 600:
        print("busy", flush=True)
"""


def test_two_processes_share_a_folder_and_one_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"busy\n"
    for writer in writers:
        writer.kill()
        writer.communicate()
    cache = DiskCache(tmp_path, CacheBounds(200_000))
    cache.sweep()
    for number in range(300):
        assert cache.get(key(number)) in (None, bytes([number % 256]) * 3000)
    whole = [path for path in files(tmp_path) if not path.name.endswith(".part")]
    assert sum(path.stat().st_size for path in whole) <= 200_000


def test_cache_is_in_the_library_or_else_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    assert cache_folder(library) == library / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "cache").write_bytes(b"")  # no folder can be there
    first = cache_folder(other)
    assert first.is_relative_to(tmp_path / "user")
    assert first == cache_folder(other)
    third = tmp_path / "third"
    third.mkdir()
    (third / "cache").write_bytes(b"")
    assert cache_folder(third) != first
