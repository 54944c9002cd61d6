"""Reading a book: pacing, scenes, surprise, who is where, and a fingerprint to compare books by."""

from longbox.analysis.reading.alike import AlikeBook, alike_books
from longbox.analysis.reading.comparing import BookComparison, BookDifference, compare_books
from longbox.analysis.reading.fingerprints import (
    FINGERPRINT_NUMBERS,
    FingerprintNumber,
    Fingerprints,
    fingerprints,
)
from longbox.analysis.reading.reading import ReadingOptions, read_book
from longbox.analysis.reading.scenes import FoundBorders, SceneOptions, find_borders
from longbox.analysis.reading.values import (
    BookReading,
    Pace,
    PageLines,
    PanelLines,
    Presence,
    Rhythm,
    SceneBorder,
    Scenes,
    Surprising,
    TempoChange,
)

__all__ = [
    "FINGERPRINT_NUMBERS",
    "AlikeBook",
    "BookComparison",
    "BookDifference",
    "BookReading",
    "FingerprintNumber",
    "Fingerprints",
    "FoundBorders",
    "Pace",
    "PageLines",
    "PanelLines",
    "Presence",
    "ReadingOptions",
    "Rhythm",
    "SceneBorder",
    "SceneOptions",
    "Scenes",
    "Surprising",
    "TempoChange",
    "alike_books",
    "compare_books",
    "find_borders",
    "fingerprints",
    "read_book",
]
