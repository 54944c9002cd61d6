"""What a process that reads strangers' files is given of the environment: nothing secret.

A decoder may be taken over by what it decodes. Tokens and keys of whoever started Longbox are
nothing for it, nor for the programs that unpack for it.
"""

from __future__ import annotations

import os
from typing import Final

_KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV")
_KEPT_BEGINNINGS: Final = ("LC_", "PYTHON", "LD_LIBRARY")
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def confined_environment() -> dict[str, str]:
    """Return the environment that a process for strangers' files is started with."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
    }
    return kept | dict.fromkeys(_THREADS, "1")
