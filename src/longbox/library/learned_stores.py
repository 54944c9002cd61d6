"""What a trained model made of one book, in a file of its own for every model.

Vectors of frozen encoders never change and lie in the book's store; these are replaced as a whole
when a model is, so each model has a folder under `vectors/`. A store says which bytes of the book's
store and of its descriptions it was made from: when the book is made again, its rows may be other
panels, and the vectors no longer count.

The container is that of the book stores (an uncompressed ZIP, written whole or not at all, the
same contents give the same bytes). No array is compressed, so that reading needs no zarr.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError, ModelError, NewerFormatError
from longbox.features import LearnedVectors
from longbox.library.records import LearnedStore, MadeFrom
from longbox.library.side_stores import SideStore
from longbox.library.stored_vectors import (
    add_array,
    add_vectors,
    packed,
    plain_member,
    raw_array,
    raw_vectors,
    restored,
)
from longbox.library.stores import (
    STORE_SUFFIX,
    packed_group,
    store_path,
    write_members,
)
from longbox.vectors import PanelVectors, Space

VECTORS_NAME: Final = "vectors"
LEARNED_FORMAT: Final = 2
LEARNED_SPACES: Final = (Space.FUSED, Space.CONTEXTUAL)
_KIND: Final = "longbox learned vectors"
_HEX: Final = frozenset("0123456789abcdef")
_REMEDY: Final = "delete it and run `longbox embed`"
_FILE: Final = SideStore(
    what="vectors",
    unreadable="no readable vectors",
    missing="no vectors of this model; run `longbox embed`",
    remedy=_REMEDY,
)


def is_model_name(text: str) -> bool:
    """Say whether a text can name a model: 16 hex digits, which no path can hide in."""
    return len(text) == 16 and set(text) <= _HEX


def learned_path(root: Path, model: str, book_id: str) -> Path:
    """Return where a model's vectors of a book are.

    Raises:
        LibraryError: The model or the book id is not 16 hex digits.
    """
    if not is_model_name(model):
        raise LibraryError(f"{model!r} is not a model's fingerprint; one has 16 hex digits")
    return root / VECTORS_NAME / model / store_path(root, book_id).name


def model_folders(root: Path) -> tuple[Path, ...]:
    """Return the folders of all models that made vectors, by name; others are left alone."""
    folder = root / VECTORS_NAME
    if not folder.is_dir():
        return ()
    return tuple(sorted(p for p in folder.iterdir() if is_model_name(p.name) and p.is_dir()))


def require_learned(learned: LearnedVectors, where: str, n_panels: int, n_pages: int) -> None:
    """Refuse what a model cannot have made of this book.

    Raises:
        ModelError: Rows, pages or dimensions do not fit, or a page vector is not finite.
    """
    dimension = learned.fused.dimension
    if len(learned.fused.mask) != n_panels or len(learned.page_mask) != n_pages:
        raise ModelError(
            f"{where}: the model gave {len(learned.fused.mask)} panels on {len(learned.page_mask)} "
            f"pages where there are {n_panels} on {n_pages}; use another model"
        )
    if learned.contextual.dimension != dimension:
        raise ModelError(f"{where}: fused and contextual vectors differ in length")
    for name, vectors in (("page", learned.pages), ("strip", learned.strips)):
        if vectors.shape != (n_pages, dimension):
            raise ModelError(f"{where}: {name} vectors have the shape {vectors.shape}")
        if not np.isfinite(vectors).all() or vectors[~learned.page_mask].any():
            raise ModelError(f"{where}: a {name} vector is not finite, or of a page without any")


def write_learned_store(
    root: Path, model: str, book_id: str, learned: LearnedVectors, made_from: MadeFrom
) -> Path:
    """Write what a model made of a book, replacing what was there; `merge_learned` follows.

    Args:
        root: The library's folder.
        model: The model's fingerprint, 16 hex digits.
        book_id: Whose.
        learned: Rows in the order of the book's panels and pages.
        made_from: The stores that the model saw, as `Library.book_source` gave them.

    Returns:
        The store's path.

    Raises:
        ModelError: The arrays do not fit each other.
        LibraryError: A number does not fit float16, or the disk refuses.
    """
    path = learned_path(root, model, book_id)
    require_learned(learned, str(path), len(learned.fused.mask), len(learned.page_mask))
    attributes = {
        "format": LEARNED_FORMAT,
        "kind": _KIND,
        "book_id": book_id,
        "model": model,
        "made_from_book": made_from.book_sha256,
        "made_from_descriptions": made_from.description_sha256,
        "n_panels": len(learned.fused.mask),
        "n_pages": len(learned.page_mask),
        "dimension": learned.fused.dimension,
    }
    with packed_group(attributes) as (group, members):
        for item in (learned.fused, learned.contextual):
            add_vectors(group, f"vectors/{item.space.value}", f"book {book_id}", item)
        add_array(group, "page_vectors", packed(learned.pages), compress=False)
        add_array(group, "strip_vectors", packed(learned.strips), compress=False)
        add_array(group, "page_mask", learned.page_mask, compress=False)
    write_members(root, path, members)
    return path


def read_learned_store(path: Path) -> LearnedStore:
    """Read what a model made of a book.

    Raises:
        LibraryError: The store is missing, damaged, or of a newer format.
    """
    return read_learned_with_digest(path)[0]


def read_learned_with_digest(path: Path) -> tuple[LearnedStore, str]:
    """Read a learned store and the SHA-256 of its bytes.

    Raises:
        LibraryError: The store is missing, damaged, or of a newer format.
    """
    return _FILE.read(path, _unpack)


def read_strips(path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read a book's strip vectors alone.

    Returns:
        Unit vectors, float32 (P, D), and their mask, bool (P,).

    Raises:
        LibraryError: The store is missing or damaged.
    """
    with _FILE.explained(path), zipfile.ZipFile(path) as archive:
        half = raw_vectors(archive, "strip_vectors")
        return restored(Space.CONTEXTUAL, half), raw_array(archive, "page_mask", np.dtype(np.bool_))


def _unpack(path: Path, archive: zipfile.ZipFile) -> LearnedStore:
    said = json.loads(plain_member(archive, "zarr.json"))["attributes"]
    if int(said["format"]) > LEARNED_FORMAT:
        raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
    book_id, model = str(said["book_id"]), str(said["model"])
    is_here = (model, f"{book_id}{STORE_SUFFIX}") == (path.parent.name, path.name)
    if said["kind"] != _KIND or not is_here:
        raise ValueError(f"it holds {said['kind']} of {book_id} by {model}")
    fused, contextual = (_read_space(archive, space, said) for space in LEARNED_SPACES)
    learned = LearnedVectors(
        fused,
        contextual,
        restored(Space.CONTEXTUAL, raw_vectors(archive, "page_vectors")),
        restored(Space.CONTEXTUAL, raw_vectors(archive, "strip_vectors")),
        raw_array(archive, "page_mask", np.dtype(np.bool_)),
    )
    require_learned(learned, str(path), int(said["n_panels"]), int(said["n_pages"]))
    descriptions = said["made_from_descriptions"]
    made_from = MadeFrom(
        str(said["made_from_book"]), None if descriptions is None else str(descriptions)
    )
    return LearnedStore(book_id, model, learned, made_from)


def _read_space(archive: zipfile.ZipFile, space: Space, said: dict[str, Any]) -> PanelVectors:
    at = f"vectors/{space.value}"
    attributes = json.loads(plain_member(archive, f"{at}/zarr.json"))["attributes"]
    half = raw_vectors(archive, f"{at}/vectors")
    if half.shape != (int(said["n_panels"]), int(said["dimension"])):
        raise ValueError(f"{space} vectors have the shape {half.shape}")
    fingerprint = str(attributes["fingerprint"])
    fingerprint.encode()  # the catalog keeps it as text
    mask = raw_array(archive, f"{at}/mask", np.dtype(np.bool_))
    return PanelVectors(space, fingerprint, restored(space, half), mask)
