"""What a model said of one book, in a file of its own beside the book's store.

Descriptions cost money and hours, stores of books are made anew whenever a setting changes: so
they are two files. Each described page keeps the panels (order and box) that the model was shown.
A description belongs to its panels only as long as the page has exactly these: after another run
of the detector the pages that stayed as they were keep theirs, and the others wait to be described
again. No description is ever moved to another panel by its number.

The container is that of the book stores (an uncompressed ZIP, written whole or not at all, the
same contents give the same bytes); its arrays are not compressed either, so that reading needs no
zarr.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook
from longbox.description import PageDescription
from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.geometry import Box
from longbox.library.records import DescribedPage, DescriptionStore, PanelsOfPage
from longbox.library.side_stores import SideStore
from longbox.library.stored_vectors import (
    add_array,
    add_vectors,
    plain_member,
    raw_array,
    raw_vectors,
    restored,
)
from longbox.library.stores import (
    STORE_SUFFIX,
    packed_group,
    read_book_store,
    store_path,
    write_members,
)
from longbox.vectors import PanelVectors, Space

DESCRIPTIONS_NAME: Final = "descriptions"
DESCRIPTION_FORMAT: Final = 2
_AT: Final = f"vectors/{Space.DESCRIPTION.value}"
_REMEDY: Final = "delete it and run `longbox describe` again"
_FILE: Final = SideStore(
    what="description store",
    unreadable="not a readable description store",
    missing="no descriptions; run `longbox describe`",
    remedy=_REMEDY,
)


def description_path(root: Path, book_id: str) -> Path:
    """Return where a book's descriptions are.

    Raises:
        LibraryError: The id is not 16 hex digits.
    """
    return root / DESCRIPTIONS_NAME / store_path(root, book_id).name


def write_description_store(
    root: Path,
    book_id: str,
    pages: Sequence[PageDescription],
    vectors: PanelVectors | None,
    annotated: AnnotatedBook | None = None,
) -> Path:
    """Write what a model said of a book, replacing what was there; `merge_descriptions` follows.

    A page that is given again as the present store has it keeps the panels that it was described
    with, even if the book has other ones by now: it then stays out of search.

    Args:
        root: The library's folder.
        book_id: Whose.
        pages: At most one answer a page, of any state; only done ones are searched.
        vectors: Of the panels' descriptions (Space.DESCRIPTION), rows in the order of
            `annotated.panels()`; None for none.
        annotated: The book as the model was shown it; the library's own when not given.

    Returns:
        The store's path.

    Raises:
        LibraryError: There is no such book, a page comes twice or is not the book's, the vectors
            do not fit its panels, or the disk refuses.
    """
    path = description_path(root, book_id)
    if annotated is None:
        annotated = read_book_store(store_path(root, book_id)).annotated
    if annotated.book.book_id != book_id:
        raise LibraryError(f"{path}: is not for book {annotated.book.book_id}")
    _require_vectors(path, annotated, vectors)
    shown = {page.page_index: page for page in panels_of(annotated)}
    before = _present(path)
    described: list[DescribedPage] = []
    rows: list[int] = []
    for page in sorted(pages, key=lambda p: p.page_index):
        now = _shown_page(path, page, shown, described)
        kept = before.get(page.page_index)
        if kept is not None and kept.description == page:
            described.append(kept)
        else:
            described.append(DescribedPage(page, now.orders, now.boxes))
        is_same = described[-1].fits(now)
        rows += [now.first + i if is_same else -1 for i in range(len(described[-1].orders))]
    taken = None if vectors is None else _taken(vectors, rows)
    write_members(root, path, _pack(book_id, described, taken))
    return path


def read_description_store(path: Path) -> DescriptionStore:
    """Read what a model said of a book.

    Raises:
        LibraryError: The store is missing, damaged, or of a newer format.
    """
    return read_descriptions_with_digest(path)[0]


def read_descriptions_with_digest(path: Path) -> tuple[DescriptionStore, str]:
    """Read a description store and the SHA-256 of its bytes.

    Raises:
        LibraryError: The store is missing, damaged, or of a newer format.
    """
    return _FILE.read(path, _unpack)


def panels_of(annotated: AnnotatedBook) -> tuple[PanelsOfPage, ...]:
    """Return the panels of every page, as descriptions are compared with them."""
    found = []
    first = 0
    for page in annotated.pages:
        orders = tuple(panel.order for panel in page.panels)
        boxes = tuple(panel.box for panel in page.panels)
        found.append(PanelsOfPage(page.page.index, page.page.digest, first, orders, boxes))
        first += len(page.panels)
    return tuple(found)


def fitting(
    store: DescriptionStore, pages: Sequence[PanelsOfPage]
) -> Iterator[tuple[DescribedPage, PanelsOfPage | None, int]]:
    """Yield each described page, the page it fits (or None), and its first row in the store."""
    present = {page.page_index: page for page in pages}
    first = 0
    for described in store.pages:
        now = present.get(described.description.page_index)
        yield described, now if now is not None and described.fits(now) else None, first
        first += len(described.orders)


def aligned(
    store: DescriptionStore, annotated: AnnotatedBook
) -> tuple[tuple[str, ...], PanelVectors | None]:
    """Return descriptions for the panels that a book has now.

    Returns:
        A text for each of `annotated.panels()`, empty where nothing (done and fitting) is said,
        and the vectors in the same order.
    """
    texts = [""] * annotated.n_panels
    rows = np.full(annotated.n_panels, -1, dtype=np.int64)
    for described, now, first in fitting(store, panels_of(annotated)):
        if now is None or not described.description.state.is_done:
            continue
        for i, order in enumerate(now.orders):
            texts[now.first + i] = described.description.panel_text(order)
            rows[now.first + i] = first + i
    return tuple(texts), None if store.vectors is None else _taken(store.vectors, rows.tolist())


def _taken(vectors: PanelVectors, rows: Sequence[int]) -> PanelVectors:
    """Return these rows of the vectors; -1 makes a row that is missing."""
    chosen = np.asarray(rows, dtype=np.int64)
    out = np.zeros((chosen.size, vectors.dimension), dtype=np.float32)
    mask = np.zeros(chosen.size, dtype=np.bool_)
    there = chosen >= 0
    out[there], mask[there] = vectors.vectors[chosen[there]], vectors.mask[chosen[there]]
    return PanelVectors(vectors.space, vectors.fingerprint, out, mask)


def _require_vectors(path: Path, annotated: AnnotatedBook, vectors: PanelVectors | None) -> None:
    if vectors is None:
        return
    if vectors.space is not Space.DESCRIPTION:
        raise LibraryError(f"{path}: {vectors.space} vectors are not of descriptions")
    if vectors.vectors.shape[0] != annotated.n_panels:
        raise LibraryError(
            f"{path}: {vectors.vectors.shape[0]} description vectors for {annotated.n_panels} "
            "panels; give one row a panel of the book"
        )


def _shown_page(
    path: Path,
    page: PageDescription,
    shown: dict[int, PanelsOfPage],
    before: list[DescribedPage],
) -> PanelsOfPage:
    where = f"{path}: page {page.page_index + 1}"
    now = shown.get(page.page_index)
    if now is None:
        raise LibraryError(f"{where} is not in the book; describe the book again")
    if now.digest != page.page_digest:
        raise LibraryError(f"{where}: the description is of another picture; describe it again")
    if before and before[-1].description.page_index == page.page_index:
        raise LibraryError(f"{where} is described twice; give one answer a page")
    return now


def _present(path: Path) -> dict[int, DescribedPage]:
    """Return the pages that the store has now; none when it cannot be read and is replaced."""
    try:
        store = read_description_store(path)
    except LibraryError as error:
        if isinstance(error, DiskError | NewerFormatError):
            raise
        return {}
    return {page.description.page_index: page for page in store.pages}


def _pack(
    book_id: str, pages: Sequence[DescribedPage], vectors: PanelVectors | None
) -> dict[str, bytes]:
    import msgspec

    attributes = {
        "format": DESCRIPTION_FORMAT,
        "kind": "longbox descriptions",
        "book_id": book_id,
        "n_pages": len(pages),
    }
    said = msgspec.to_builtins([page.description for page in pages])
    text = json.dumps(said, allow_nan=False).encode("ascii")
    boxes = [box.as_tuple() for page in pages for box in page.boxes]
    orders = [order for page in pages for order in page.orders]
    offsets = np.cumsum([0, *(len(page.orders) for page in pages)], dtype="<i8")
    with packed_group(attributes) as (root, members):
        add_array(root, "descriptions_json", np.frombuffer(text, dtype=np.uint8), compress=False)
        add_array(root, "page_offsets", offsets, compress=False)
        add_array(root, "panel_order", np.asarray(orders, dtype="<i4"), compress=False)
        add_array(root, "panel_boxes", np.asarray(boxes, "<f8").reshape(-1, 4), compress=False)
        if vectors is not None:
            add_vectors(root, _AT, f"book {book_id}", vectors)
    return members


def _unpack(path: Path, archive: zipfile.ZipFile) -> DescriptionStore:
    import msgspec

    said = json.loads(plain_member(archive, "zarr.json"))["attributes"]
    if int(said["format"]) > DESCRIPTION_FORMAT:
        raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
    book_id = str(said["book_id"])
    if said["kind"] != "longbox descriptions" or f"{book_id}{STORE_SUFFIX}" != path.name:
        raise LibraryError(f"{path}: holds {said['kind']} of {book_id}; it is not of this book")
    text = raw_array(archive, "descriptions_json", np.dtype(np.uint8)).tobytes()
    pages = msgspec.convert(json.loads(text), tuple[PageDescription, ...])
    offsets = [int(n) for n in raw_array(archive, "page_offsets", np.dtype("<i8"))]
    orders = [int(n) for n in raw_array(archive, "panel_order", np.dtype("<i4"))]
    boxes = [Box(*row) for row in raw_array(archive, "panel_boxes", np.dtype("<f8")).tolist()]
    if len(offsets) != len(pages) + 1 or offsets[0] != 0 or offsets != sorted(offsets):
        raise ValueError("pages and offsets differ")
    if not offsets[-1] == len(orders) == len(boxes):
        raise ValueError("panels and offsets differ")
    _require_plain(pages)
    parts = [slice(a, b) for a, b in pairwise(offsets)]
    described = tuple(
        DescribedPage(page, tuple(orders[part]), tuple(boxes[part]))
        for page, part in zip(pages, parts, strict=True)
    )
    return DescriptionStore(book_id, described, _read_vectors(archive, len(orders)))


def _require_plain(pages: Sequence[PageDescription]) -> None:
    indices = [page.page_index for page in pages]
    if len(set(indices)) != len(indices) or not all(0 <= i < 2**31 for i in indices):
        raise ValueError("a page comes twice or has an impossible number")
    if not all(math.isfinite(page.cost) for page in pages):
        raise ValueError("a cost is not a number")


def _read_vectors(archive: zipfile.ZipFile, n_panels: int) -> PanelVectors | None:
    if f"{_AT}/zarr.json" not in archive.namelist():
        return None
    said = json.loads(plain_member(archive, f"{_AT}/zarr.json"))["attributes"]
    half: NDArray[Any] = raw_vectors(archive, f"{_AT}/vectors")
    mask = raw_array(archive, f"{_AT}/mask", np.dtype(np.bool_))
    if half.shape != (n_panels, int(said["dimension"])):
        raise ValueError(f"description vectors have the shape {half.shape}")
    fingerprint = str(said["fingerprint"])
    fingerprint.encode()  # the catalog keeps it as text
    return PanelVectors(Space.DESCRIPTION, fingerprint, restored(Space.DESCRIPTION, half), mask)
