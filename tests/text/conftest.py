"""One reader for the whole room: loading its networks takes a second."""

from __future__ import annotations

import pytest

from longbox.text import TextOptions, TextReader


@pytest.fixture(scope="session")
def reader() -> TextReader:
    return TextReader(TextOptions(detection_side_px=640))
