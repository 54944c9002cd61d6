"""What killed processes left under `partial/`.

Names there say which process of which machine writes them, so that nothing is deleted under a
process that lives; of another machine, after a day.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Final

from longbox.library.stores import PARTIAL_NAME

_STALE_S: Final = 86_400.0


def clean_partial(root: Path) -> None:
    """Delete leftovers whose writer is gone, or, of another machine, after a day."""
    folder = root / PARTIAL_NAME
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        host, pid, *_ = [*path.name.split("~"), "", ""]
        if host == socket.gethostname() and pid.isdigit():
            is_left = not _is_alive(int(pid))
        else:
            is_left = _age_s(path) > _STALE_S
        if is_left and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif is_left:
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
