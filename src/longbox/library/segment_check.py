"""Are the vector segments that the catalog lists whole, and is there nothing else?

`segment.json` has the size and SHA-256 of every other file of its segment. Where an older Longbox
left them out, sizes, shapes and the order of rows are looked at, which finds a torn file and not a
flipped bit.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from longbox.errors import LibraryError
from longbox.library.findings import Finding, Matter
from longbox.library.segments import Segment
from longbox.library.stores import disk_errors
from longbox.library.vector_index import INDEX_NAME

_ADVICE: Final = "--repair makes it again from the stores"
_CHUNK_BYTES: Final = 1 << 20


def check_segments(
    root: Path, connection: sqlite3.Connection, tell: Callable[[int], None]
) -> Iterator[Finding]:
    """Check every listed segment, and name folders that nobody lists.

    Args:
        root: The library's folder.
        connection: The catalog's.
        tell: Called with the size of each file that was read.
    """
    listed = connection.execute(
        "SELECT folder, space, fingerprint, dimension, n_vectors FROM segments ORDER BY folder"
    ).fetchall()
    for name, *wanted in listed:
        reason = _reason(root / INDEX_NAME / name, wanted, tell)
        if reason is not None and _is_listed(connection, name):
            yield Finding(f"{INDEX_NAME}/{name}", Matter.SEGMENT, reason, _ADVICE)
    folder = root / INDEX_NAME
    with disk_errors(folder):
        there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for name in there:
        if name not in {row[0] for row in listed} and not _is_listed(connection, name):
            yield Finding(
                f"{INDEX_NAME}/{name}",
                Matter.LEFTOVER,
                "no table lists it",
                "--repair deletes it, and so does the next run",
            )


def _is_listed(connection: sqlite3.Connection, name: str) -> bool:
    row = connection.execute("SELECT 1 FROM segments WHERE folder = ?", (name,)).fetchone()
    return row is not None


def _reason(folder: Path, wanted: list[Any], tell: Callable[[int], None]) -> str | None:
    """Say why a segment is not whole; None where it is."""
    if not folder.is_dir():
        return "the segment is gone"
    try:
        said = json.loads((folder / "segment.json").read_text(encoding="utf-8"))
        promised = said.get("files", {})
        for name in sorted(promised):
            if (reason := _file_reason(folder / str(name), promised[name], tell)) is not None:
                return reason
        segment = Segment(folder)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    except LibraryError as error:
        return str(error).removeprefix(f"{folder}: ").partition("; ")[0]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "segment.json cannot be read"
    info = segment.info
    if [info.space, info.fingerprint, info.dimension, info.n_vectors] != wanted:
        return "holds something else than the catalog says"
    rows = np.asarray(segment.rows)
    if rows.shape != (info.n_vectors,) or (np.diff(rows) <= 0).any():
        return "its rows are not in order"
    return None


def _file_reason(path: Path, promised: Any, tell: Callable[[int], None]) -> str | None:
    if not path.is_file():
        return f"{path.name} is gone"
    size_bytes = path.stat().st_size
    if size_bytes != promised["size_bytes"]:
        return f"{path.name} has {size_bytes:,} bytes, not {promised['size_bytes']:,}"
    if sha256_of(path) != promised["sha256"]:
        return f"{path.name} is not what was written (SHA-256)"
    tell(size_bytes)
    return None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()
