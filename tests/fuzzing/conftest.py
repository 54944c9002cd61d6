"""Lets the targets import the builders that stand beside the tests of ingest and library."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for part in ("ingest", "library"):
    if str(TESTS / part) not in sys.path:
        sys.path.insert(0, str(TESTS / part))
