"""What a picture process gives up before it reads its first stranger's file.

Memory, core dumps, open files, priority; on Linux also the gaining of privileges, and its life
when the server's ends. It still may read the user's files and open connections: to take those too
needs a sandbox of the system around `longbox serve`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_NICENESS: Final = 5
_OPEN_FILES: Final = 256
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def confine(memory_bytes: int, parent: int) -> None:
    """Give up what decoding does not need, for good.

    Args:
        memory_bytes: Address space of this process.
        parent: Process id of the server; this process ends when that is not its parent (any more).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    if sys.platform == "win32":  # no such limits there; the time limit still holds
        return
    import resource

    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for limit, wanted in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        hard = resource.getrlimit(limit)[1]
        least = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (least, least))


def end_within(seconds: float) -> None:
    """Let the system end this process after this time from now on; 0 takes that back.

    The server ends it by the clock; this holds where nobody looks any more. No limit of computing
    time: the process that reads a PDF would inherit that, and reads on for many pages.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
