"""What is kept of characters on disk: `<library>/characters/`.

    characters/<fingerprint>/<book_id>.json   regions and identity vectors of one book; derived
    characters/names.json                     names that people gave, with the places of exemplars
    characters/shown.json                     the clusters last listed, so that one can be named

A file is written under a hidden name and renamed, so it is there whole or not at all. A derived
file that cannot be read is made again. Names that cannot be read are an error: they are a person's
work.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.characters import NamedCharacter, Place, RegionKind
from longbox.errors import LibraryError
from longbox.geometry import Box

FOLDER: Final = "characters"
_FORMAT: Final = 1
_MOST_BYTES: Final = 1 << 30
_NAMES, _SHOWN = "names.json", "shown.json"


@dataclass(frozen=True, slots=True)
class BookRegion:
    """One region of a book; the box in page pixels."""

    page_index: int
    panel: int
    box: Box
    kind: RegionKind
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class BookRegions:
    """All regions of a book.

    Attributes:
        key: Names the panels, texts and page contents that they were found in.
        vectors: Unit identity vectors as kept, float32 (N, D).
        unread: What kept pages from being looked at, one line each.
    """

    book_id: str
    key: str
    regions: tuple[BookRegion, ...]
    vectors: NDArray[np.float32]
    unread: tuple[str, ...] = ()


def regions_path(root: Path, space: str, book_id: str) -> Path:
    """Return where a book's regions of one identity space are."""
    return root / FOLDER / space / f"{book_id}.json"


def read_regions(root: Path, space: str, book_id: str, key: str) -> BookRegions | None:
    """Return a book's kept regions; None where there are none, or none that fit and are whole."""
    record = _read(regions_path(root, space, book_id))
    try:
        if record is None or record["format"] != _FORMAT or record["key"] != key:
            return None
        regions = tuple(_region(item) for item in record["regions"])
        unread = tuple(str(line) for line in record["unread"])
        raw = np.frombuffer(base64.b64decode(record["vectors"], validate=True), "<f2")
        vectors = raw.reshape(len(regions), -1) if regions else np.zeros((0, 0))
    except (KeyError, TypeError, ValueError, binascii.Error, OverflowError):
        return None
    if not np.isfinite(vectors).all() or (regions and not vectors.shape[1]):
        return None
    return BookRegions(book_id, key, regions, vectors.astype(np.float32), unread)


def write_regions(root: Path, space: str, found: BookRegions) -> None:
    """Keep a book's regions.

    Raises:
        LibraryError: The disk refuses.
    """
    record = {
        "format": _FORMAT,
        "kind": "longbox characters",
        "book_id": found.book_id,
        "key": found.key,
        "unread": list(found.unread),
        "regions": [
            {
                "page": r.page_index,
                "panel": r.panel,
                "box": list(r.box.as_tuple()),
                "kind": r.kind.value,
                "confidence": round(r.confidence, 4),
            }
            for r in found.regions
        ],
        "vectors": base64.b64encode(found.vectors.astype("<f2").tobytes()).decode(),
    }
    _write(regions_path(root, space, found.book_id), record)


def read_names(root: Path) -> tuple[NamedCharacter, ...]:
    """Return the names that people gave, oldest first.

    Raises:
        LibraryError: The file is there and cannot be read.
    """
    path = root / FOLDER / _NAMES
    if not path.exists():
        return ()
    record = _read(path)
    if record is None or record.get("format") != _FORMAT:
        raise LibraryError(f"{path}: no file of names of this version; move it away to begin again")
    try:
        return tuple(
            NamedCharacter(str(item["name"]), tuple(_place(p) for p in item["exemplars"]))
            for item in record["names"]
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LibraryError(
            f"{path}: cannot be read ({str(error)[:80]}); mend it, or move it away to begin again"
        ) from error


def write_names(root: Path, named: Sequence[NamedCharacter]) -> None:
    """Keep names.

    Raises:
        LibraryError: The disk refuses.
    """
    names = [{"name": n.name, "exemplars": [_of_place(p) for p in n.exemplars]} for n in named]
    path = root / FOLDER / _NAMES
    _write(path, {"format": _FORMAT, "kind": "longbox character names", "names": names})


def read_shown(root: Path) -> dict[str, tuple[Place, ...]]:
    """Return the exemplars of the clusters last listed, by key; empty when that is not known."""
    record = _read(root / FOLDER / _SHOWN)
    try:
        if record is None:
            return {}
        return {
            str(key): tuple(_place(p) for p in places) for key, places in record["clusters"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return {}


def write_shown(root: Path, clusters: Mapping[str, Sequence[Place]]) -> None:
    """Keep the exemplars of the clusters that are listed now.

    Raises:
        LibraryError: The disk refuses.
    """
    record = {key: [_of_place(p) for p in places] for key, places in clusters.items()}
    _write(root / FOLDER / _SHOWN, {"format": _FORMAT, "clusters": record})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _write(path: Path, record: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(record, ensure_ascii=True), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise LibraryError(
            f"{path}: {error.strerror or error}; check the disk's space and permissions"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _region(item: Mapping[str, Any]) -> BookRegion:
    return BookRegion(
        int(item["page"]),
        int(item["panel"]),
        Box(*(float(v) for v in item["box"])),
        RegionKind(item["kind"]),
        float(item["confidence"]),
    )


def _place(item: Mapping[str, Any]) -> Place:
    box = Box(*(float(v) for v in item["box"]))
    return Place(str(item["book_id"]), int(item["page"]), box)


def _of_place(place: Place) -> dict[str, Any]:
    box = list(place.box.as_tuple())
    return {"book_id": place.book_id, "page": place.page_index, "box": box}
