"""Lets the tests here import the builders that stand beside them (drawn_comics, hostile_files)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
