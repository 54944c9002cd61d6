"""A server with many threads gives memory back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from longbox.web import keep_heap_small

# Threads take pictures of 2 MB after a larger one is freed, and each keeps something small.
CHILD = """
import sys, threading
from longbox.web import keep_heap_small

if sys.argv[1] == "kept":
    assert keep_heap_small()
kept, all_there = [], threading.Barrier(8)

def work():
    all_there.wait()
    for _ in range(20):
        large = bytearray(20 << 20)
        del large
        pictures = [bytearray(b"x") * (2 << 20) for _ in range(12)]
        kept.append(bytearray(5000))
        del pictures
        all_there.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
lines = dict(line.split(":") for line in open("/proc/self/status"))
print(int(lines["RssAnon"].split()[0]))
"""


def held_kb(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
def test_memory_that_threads_let_go_of_is_given_back() -> None:
    assert held_kb("kept") < 0.5 * held_kb("as it is")


def test_settings_of_the_environment_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "9000000")
    monkeypatch.setattr("longbox.web.heap.ctypes.CDLL", lambda _name: _Refusing())
    keep_heap_small()


class _Refusing:
    """A C library whose mallopt must not be called."""

    def gnu_get_libc_version(self) -> bytes:
        return b"2.36"

    def mallopt(self, which: int, value: int) -> int:
        raise AssertionError(f"mallopt({which}, {value})")


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longbox.web.heap.ctypes.CDLL", lambda _name: object())
    assert not keep_heap_small()
