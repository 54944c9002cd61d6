"""The C heap of a process that lives long and has many threads.

glibc gives every thread that has to wait an arena of its own, and raises the size from which memory
is taken from (and given back to) the system by itself to as much as 32 MB. In a server with a few
dozen threads that pass pictures and vectors around, half of the heap is then free memory in arenas
that cannot be given back (benchmarks/soak.py, with and without). Two arenas and a size that stays
give it back, at no cost that the soak's latencies show.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

# malloc.h; they are part of glibc's ABI.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2
_FROM_BYTES: Final = 1 << 20


def keep_heap_small() -> bool:
    """Bound what the heap holds back; to be called before the first thread is started.

    What the environment says (MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_) is left as it is.

    Returns:
        Whether it was done: only glibc has these settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    settings = {
        "MALLOC_ARENA_MAX": (_M_ARENA_MAX, _ARENAS),
        "MALLOC_MMAP_THRESHOLD_": (_M_MMAP_THRESHOLD, _FROM_BYTES),
    }
    done = [
        bool(libc.mallopt(which, value))
        for name, (which, value) in settings.items()
        if name not in os.environ
    ]
    return all(done)
