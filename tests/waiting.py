"""How long tests wait for what must happen: long, as a slow and loaded machine needs it.

A wait ends when its state is reached, so patience costs nothing where all is well. Where a test
claims that something is quick, it counts this process's own seconds (`time.process_time`), or
bounds far above what it takes and far below what would be wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 60.0


def until(is_so: Callable[[], object], what: object = "it did not happen") -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
