"""Maps on disk: `maps/<space>-<fingerprint>-<unit>.npz`, derived, made again when in doubt.

A plain NumPy archive that is read without pickle; what is not an array is JSON in one of them. It
is written beside its place and renamed. A file of this folder is checked as a stranger's would be:
sizes are known before anything is unpacked, and every number goes through `LibraryMap`'s checks.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.maps.values import LibraryMap, Method
from longbox.analysis.units import Unit
from longbox.analysis.whole_files import whole_file
from longbox.errors import LibraryError, ModelError
from longbox.library import BookBlock, Library
from longbox.vectors import Space

MAPS_NAME: Final = "maps"
FORMAT: Final = 1
_KIND: Final = "longbox map"
_MAX_BYTES: Final = 1 << 29  # 250,000 points of a million books are below it
_PLAIN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,95}")
_ARRAYS: Final[dict[str, np.dtype[Any]]] = {
    "rows": np.dtype("<i8"),
    "places": np.dtype("<f4"),
    "clusters": np.dtype("<i2"),
    "first_rows": np.dtype("<i8"),
    "n_panels": np.dtype("<i8"),
    "book_ids": np.dtype("S16"),
    "digests": np.dtype("S64"),
    "about": np.dtype("u1"),
}


def map_path(root: Path, space: Space, fingerprint: str, unit: Unit) -> Path:
    """Return where a map is kept; a fingerprint that is no plain name is hashed."""
    plain = fingerprint
    if not _PLAIN.fullmatch(fingerprint):
        plain = hashlib.sha256(fingerprint.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return root / MAPS_NAME / f"{space.value}-{plain}-{unit.value}.npz"


def read_map(root: Path, space: Space, fingerprint: str, unit: Unit) -> LibraryMap | None:
    """Return a kept map as it was made, or None where there is none.

    Raises:
        LibraryError: The file is damaged or of a newer format.
    """
    path = map_path(root, space, fingerprint, unit)
    with _explained(path):
        try:
            arrays = _read_arrays(path)
        except FileNotFoundError:
            return None
        about = json.loads(arrays["about"].tobytes())
        if about["kind"] != _KIND or int(about["format"]) > FORMAT:
            raise LibraryError(f"{path}: no map that this Longbox can read; make it again")
        said = (about["space"], about["fingerprint"], about["unit"])
        if said != (space.value, fingerprint, unit.value):
            raise ValueError(f"it is the map of {said}")
        return LibraryMap(
            space=space,
            fingerprint=fingerprint,
            unit=unit,
            vector_of=str(about["vector_of"]),
            method=Method(about["method"]),
            n_known=int(about["n_known"]),
            n_fitted=int(about["n_fitted"]),
            books=_blocks(arrays),
            rows=arrays["rows"],
            places=arrays["places"],
            clusters=arrays["clusters"],
            made_at=str(about["made_at"]),
        )


def write_map(root: Path, made: LibraryMap) -> Path:
    """Keep a map, whole or not at all, in the place of an older one.

    Raises:
        LibraryError: The disk refuses.
    """
    path = map_path(root, made.space, made.fingerprint, made.unit)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **_packed(made))
    return path


def drop_old_maps(library: Library) -> None:
    """Delete the maps of encoders and models that the library has no vectors of any more."""
    folder = library.root / MAPS_NAME
    wanted = {
        map_path(library.root, space, fingerprint, unit)
        for space, fingerprints in library.spaces().items()
        for fingerprint in fingerprints
        for unit in Unit
    }
    for path in folder.glob("[!.]*.npz"):
        if path not in wanted:
            path.unlink(missing_ok=True)


def _packed(made: LibraryMap) -> dict[str, NDArray[Any]]:
    about = {
        "format": FORMAT,
        "kind": _KIND,
        "space": made.space.value,
        "fingerprint": made.fingerprint,
        "unit": made.unit.value,
        "vector_of": made.vector_of,
        "method": made.method.value,
        "n_known": made.n_known,
        "n_fitted": made.n_fitted,
        "made_at": made.made_at,
    }
    values: dict[str, Any] = {
        "rows": made.rows,
        "places": made.places,
        "clusters": made.clusters,
        "first_rows": [book.first_row for book in made.books],
        "n_panels": [book.n_panels for book in made.books],
        "book_ids": [book.book_id.encode() for book in made.books],
        "digests": [book.digest.encode() for book in made.books],
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
    }
    return {name: np.asarray(values[name], dtype=kind) for name, kind in _ARRAYS.items()}


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _MAX_BYTES or len(members) > 16:
                raise ValueError("it is too large for a map")
        file.seek(0)
        with np.load(file, allow_pickle=False) as loaded:
            arrays: dict[str, NDArray[Any]] = {name: loaded[name] for name in _ARRAYS}
    for name, kind in _ARRAYS.items():
        if arrays[name].dtype != kind:
            raise ValueError(f"{name} is {arrays[name].dtype}")
    return arrays


def _blocks(arrays: dict[str, NDArray[Any]]) -> tuple[BookBlock, ...]:
    columns = [arrays[name].tolist() for name in ("book_ids", "first_rows", "n_panels", "digests")]
    return tuple(
        BookBlock(book_id.decode("ascii"), first, n, digest.decode("ascii"))
        for book_id, first, n, digest in zip(*columns, strict=True)
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file leads to into one line."""
    try:
        yield
    except LibraryError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(f"{path}: {reason}; check the disk and permissions") from error
    except (
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        SyntaxError,  # NumPy reads the head of an old file as Python's words
        TokenError,
        OverflowError,
        MemoryError,
        zipfile.BadZipFile,
        NotImplementedError,
        ModelError,
    ) as error:
        raise LibraryError(f"{path}: damaged map ({error}); make it again") from error
