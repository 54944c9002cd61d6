"""Advisory locks of the system on a file: who is killed lets go of one by itself."""

from __future__ import annotations

import errno
import sys
from typing import Final

# What a disk answers that has no locks at all, often one that a network brings.
NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def take_lock(handle: int, *, waits: bool) -> bool:
    """Lock an open file until its handle is closed; return whether it could be.

    Args:
        handle: Of a file opened for writing.
        waits: Wait as long as another has it; otherwise that is False at once.

    Raises:
        OSError: The disk has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_LOCK if waits else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError as error:
        if waits or error.errno not in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK):
            raise
        return False
    return True
