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
    for path in left_in_partial(root):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def left_in_partial(root: Path) -> list[Path]:
    """Return the leftovers whose writer is gone, or, of another machine, after a day."""
    folder = root / PARTIAL_NAME
    return [path for path in sorted(folder.iterdir()) if _is_left(path)] if folder.is_dir() else []


def _is_left(path: Path) -> bool:
    host, pid, *_ = [*path.name.split("~"), "", ""]
    if host == socket.gethostname() and pid.isdigit():
        return not is_alive(int(pid))
    return _age_s(path) > _STALE_S


def is_alive(pid: int) -> bool:
    """Say whether a process of this machine lives; where nobody can tell, that it does."""
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
