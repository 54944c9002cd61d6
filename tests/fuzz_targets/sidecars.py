"""Other programs' files about a book: read, fitted to it, and made corrections of."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

from drawn_books import draw_book

from fuzz_targets.contract import Target, Try, joined, parts_of, require_line
from longbox.book import Metadata, PageType
from longbox.correction import check_correction
from longbox.errors import SidecarError
from longbox.interchange import FORMATS, StageRules, read_sidecar, to_corrections

_RULES = StageRules(
    lambda word: next((kind for kind in PageType if kind.value == word), None),
    lambda kind: kind.value,
    lambda boxes, _: tuple(range(len(boxes))),
)
BOOK = draw_book(7, [["HELLO", "RAIN"], ["", "END"]], metadata=Metadata("Rain", "Fuzz")).annotated


def _sidecar(_: Path) -> Try:
    def one(data: bytes) -> None:
        try:
            found = read_sidecar("x.json", _zipped(data))
            for correction in to_corrections(
                found, BOOK, _RULES, ("x.json", "2026-01-01T00:00:00")
            ):
                check_correction(correction)
        except SidecarError as error:
            require_line(error)

    return one


def _zipped(data: bytes) -> bytes:
    """Make a cbxy of parts that begin with PK: names and contents in turn."""
    if not data.startswith(b"PK|"):
        return data
    parts = parts_of(data[3:])[:20]
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            archive.writestr(zipfile.ZipInfo(name.decode("utf-8", "replace")[:200] or "x"), content)
    return buffer.getvalue()


def _sidecars() -> Sequence[bytes]:
    made = []
    for kind in FORMATS.values():
        data = kind.write(BOOK, lambda page_type: page_type.value)
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                flat = [p for n in archive.namelist() for p in (n.encode(), archive.read(n))]
            data = b"PK|" + joined(*flat)
        made.append(data)
    return made


TARGETS = (
    Target(
        "sidecars",
        "corrections that the library takes, or a SidecarError",
        _sidecar,
        _sidecars,
        (b"<!DOCTYPE", b"<!ENTITY", b"1e999", b"null", b'"images"', b'"annotations"', b'"pages"'),
    ),
)
