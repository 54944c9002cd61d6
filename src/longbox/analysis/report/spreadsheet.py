"""CSV that any spreadsheet opens as it is meant.

UTF-8 with a byte order mark (Excel takes the file for another encoding without it), lines that end
in CR LF as RFC 4180 has them. Words that a spreadsheet would calculate, because they begin with
=, +, -, @, a tab or a line break, get an apostrophe in front, as in every CSV of ours; numbers are
left as they are. Line breaks and control characters inside of words become blanks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_CONTROL: Final = r"[\x00-\x1f\x7f]+"
_DANGEROUS: Final = r"^\s*[=+\-@\t\r\n＝＋－＠]"


class CsvFile:
    """A CSV file that is written frame after frame; all frames have the same columns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._is_empty = True

    def add(self, frame: pl.DataFrame) -> None:
        """Write the rows of a frame."""
        safe_frame(frame).write_csv(
            self._file,
            include_header=self._is_empty,
            include_bom=self._is_empty,
            line_terminator="\r\n",
            float_precision=None,
        )
        self._is_empty = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def safe_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose words no spreadsheet would calculate."""
    import polars as pl

    safe = []
    for name, kind in frame.schema.items():
        if kind == pl.String:
            words = pl.col(name)
            plain = words.str.replace_all(_CONTROL, " ")
            is_formula = words.str.contains(_DANGEROUS)
            safe.append(pl.when(is_formula).then(pl.lit("'") + plain).otherwise(plain).alias(name))
    return frame.with_columns(safe)
