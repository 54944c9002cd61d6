"""A stored book told anew: other metadata, the same panels.

The vectors are kept as the bytes they are. Panels must be the stored ones, row for row, because
nothing else ties a vector to its panel.
"""

from __future__ import annotations

from pathlib import Path

from longbox.book import AnnotatedBook
from longbox.errors import LibraryError
from longbox.library.stores import (
    pack_members,
    parse_members,
    read_members,
    read_store_bytes,
    store_path,
    write_members,
)


def update_book_store(root: Path, annotated: AnnotatedBook, recipe: str | None = None) -> Path:
    """Rewrite what an existing store says of its book; its vectors stay, byte for byte.

    For a book whose metadata, direction, declared page types or path changed while its pages did
    not. `merge_book` afterwards brings the catalog in line. Of two that write the same store at
    once, the last one stays.

    Args:
        root: The library's folder.
        annotated: The whole new annotation; its panels are the stored ones, row for row.
        recipe: What the store is now made by; the one it had when not given.

    Returns:
        The store's path.

    Raises:
        LibraryError: There is no readable store, its pages or panels are others (vectors would
            stand for the wrong panels), or the disk refuses.
    """
    path = store_path(root, annotated.book.book_id)
    old = read_members(path, read_store_bytes(path))
    store = parse_members(path, old)
    _require_same_panels(path, store.annotated, annotated)
    members = pack_members(annotated, store.vectors, recipe or store.recipe)
    # Vectors come back from float16 as unit ones: written again, they might round differently.
    members = {name: data for name, data in members.items() if not name.startswith("vectors/")}
    kept = {name: data for name, data in old.items() if name.startswith("vectors/")}
    write_members(root, path, members | kept)
    return path


def _require_same_panels(path: Path, old: AnnotatedBook, new: AnnotatedBook) -> None:
    counts = [[len(page.panels) for page in book.pages] for book in (old, new)]
    if len(counts[0]) != len(counts[1]):
        raise LibraryError(
            f"{path}: holds {len(counts[0])} pages, not {len(counts[1])}; index the book again"
        )
    for i, (n_old, n_new) in enumerate(zip(*counts, strict=True)):
        if n_old != n_new:
            raise LibraryError(
                f"{path}: page {i + 1} has {n_old} panels, not {n_new}; index the book again"
            )
    boxes = [[panel.box for _, panel in book.panels()] for book in (old, new)]
    if boxes[0] != boxes[1]:
        raise LibraryError(
            f"{path}: its vectors are of other panels, or in another order; index the book again"
        )
