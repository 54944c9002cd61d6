"""Exported datasets read back as books of features, to train on elsewhere.

What `longbox export zarr` writes (longbox.library.zarr_export), or another program that keeps to
its names: one row a page, panels padded, one array a modality with its encoder's fingerprint in the
attributes. Whose page a row is, the dataset says itself (`book_id`, `page_index`), or metadata JSON
does: one record a row, in the dataset's order, with `book_id`, `page_name` and `num_panels`, and
perhaps `series` and `language`. Where both say it they must agree.

A dataset may come from anybody. Only Zarr version 3 is read (older filters may run code), in its
own folder; sizes are checked before anything is read, every array's shape against the others, and
vectors for being finite. Pages are read a chunk at a time, and padding is never kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageType
from longbox.errors import LibraryError, ModelError
from longbox.features import MODALITIES, TEXT_KINDS, BookFeatures, no_vectors
from longbox.library.zarr_export import ARRAY_NAMES
from longbox.vectors import Metric, PanelVectors, Space, metric_of, unit

_STORY: Final = (PageType.STORY.value, PageType.SPLASH.value)
_MOST_CELLS: Final = 1 << 27  # pages times columns
_MOST_DIMENSION: Final = 8192
_MOST_CHUNK_BYTES: Final = 1 << 30
_MOST_VECTOR_BYTES: Final = 64 << 30
_MOST_METADATA_BYTES: Final = 1 << 30
_LONGEST_NAME: Final = 1000
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class _Row:
    """Whose page a row is."""

    book_id: str
    page_index: int
    series: str
    language: str | None


def read_zarr_books(path: Path, metadata: Path | None = None) -> tuple[BookFeatures, ...]:
    """Read an exported dataset.

    Args:
        path: The Zarr folder.
        metadata: JSON that says whose each page is; may be None where the dataset does.

    Returns:
        Its books, in the order in which they first appear; without utterances.

    Raises:
        LibraryError: It is no such dataset, the metadata do not fit it, or a size or number in it
            is not possible; says which.
    """
    group = _open(path)
    masks = _array(path, group, "panel_masks", 2, "b")
    n_pages, n_columns = masks.shape
    if n_pages * n_columns > _MOST_CELLS:
        raise LibraryError(f"{path}: {n_pages} x {n_columns} panels are more than can be read")
    known = _read(path, masks, slice(None)).astype(np.bool_)
    rows = _rows(path, group, known, metadata)
    modalities = _modalities(path, group)
    spaces = {space: _space(path, group, known, space, modalities) for space in MODALITIES}
    if not any(vectors.mask.any() for vectors in spaces.values()):
        raise LibraryError(
            f"{path}: has no {ARRAY_NAMES[Space.VISION]} or other modality to learn from; export "
            f"it with `longbox export zarr`"
        )
    is_story = _story_pages(path, group, n_pages)
    texts = _panel_texts(path, group, known)
    return tuple(_books(path, rows, known, spaces, is_story, texts))


def _open(path: Path) -> Any:
    import zarr

    if not path.is_dir():
        raise LibraryError(f"{path}: there is no Zarr folder; make one with `longbox export zarr`")
    try:
        return zarr.open_group(path, mode="r", zarr_format=3)
    except (OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise LibraryError(f"{path}: no Zarr dataset of version 3 ({_line(error)})") from error


def _array(path: Path, group: Any, name: str, n_dimensions: int, kinds: str) -> Any:
    """Return an array that was declared as it should be.

    Raises:
        LibraryError: It is missing, of another number of dimensions or type, or in huge chunks.
    """
    found = _optional(path, group, name)
    if found is None:
        raise LibraryError(f"{path}: has no array {name}; export it with `longbox export zarr`")
    is_text = kinds == "text"
    kind = "text" if _is_text(found) else np.dtype(found.dtype).kind
    if len(found.shape) != n_dimensions or (kind != "text" if is_text else kind not in kinds):
        raise LibraryError(f"{path}: {name} is {found.dtype} {found.shape}, which it cannot be")
    size = 64 if is_text else np.dtype(found.dtype).itemsize
    for chunks in (found.chunks, found.shards or ()):
        if int(np.prod([min(c, 1 << 40) for c in chunks], dtype=float)) * size > _MOST_CHUNK_BYTES:
            raise LibraryError(f"{path}: {name} is in chunks of {chunks}, more than can be read")
    return found


def _optional(path: Path, group: Any, name: str) -> Any:
    import zarr

    try:
        found = group.get(name)
    except (OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise LibraryError(f"{path}: {name} is damaged ({_line(error)})") from error
    if found is not None and not isinstance(found, zarr.Array):
        raise LibraryError(f"{path}: {name} is no array")
    return found


def _is_text(array: Any) -> bool:
    return isinstance(array.dtype, np.dtypes.StringDType) or np.dtype(array.dtype).kind in "TUO"


def _read(path: Path, array: Any, rows: slice) -> NDArray[Any]:
    try:
        return np.asarray(array[rows])
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise LibraryError(f"{path}: {array.name} is damaged ({_line(error)})") from error


def _texts(path: Path, array: Any) -> list[str]:
    return [str(text) for text in _read(path, array, slice(None)).tolist()]


def _modalities(path: Path, group: Any) -> list[str] | None:
    """Return the names along the last axis of modality_masks; None where there are none."""
    if _optional(path, group, "modality") is None:
        return None
    return _texts(path, _array(path, group, "modality", 1, "text"))


def _space(
    path: Path, group: Any, known: NDArray[np.bool_], space: Space, modalities: list[str] | None
) -> PanelVectors:
    """Read one modality of every panel, page by page: padding is left out."""
    name, n = ARRAY_NAMES[space], int(known.sum())
    if _optional(path, group, name) is None:
        return no_vectors(space, n, 0)
    array = _array(path, group, name, 3, "f")
    dimension = array.shape[2]
    if array.shape[:2] != known.shape or not 1 <= dimension <= _MOST_DIMENSION:
        raise LibraryError(f"{path}: {name} is {array.shape}, which does not fit {known.shape}")
    if n * dimension * 4 > _MOST_VECTOR_BYTES:
        raise LibraryError(f"{path}: {name} is larger than can be read; export fewer books")
    mask = _mask(path, group, known, space, modalities)
    vectors = np.zeros((n, dimension), np.float32)
    at = 0
    for start in range(0, len(known), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        here = _read(path, array, some)[known[some]].astype(np.float32)
        vectors[at : at + len(here)] = here
        at += len(here)
    if mask is None:
        mask = np.asarray(vectors.any(axis=1))
    if not np.isfinite(vectors).all():
        raise LibraryError(f"{path}: {name} holds a number that is not finite")
    vectors *= mask[:, None]
    if metric_of(space) is Metric.COSINE:
        vectors = unit(vectors)
    fingerprint = array.attrs.get("fingerprint")
    if not isinstance(fingerprint, str) or not 0 < len(fingerprint) <= _LONGEST_NAME:
        raise LibraryError(f"{path}: {name} does not say which encoder made it (fingerprint)")
    return PanelVectors(space, fingerprint, vectors, mask)


def _mask(
    path: Path, group: Any, known: NDArray[np.bool_], space: Space, modalities: list[str] | None
) -> NDArray[np.bool_] | None:
    """Return which panels have a modality, bool (N,); None where the dataset does not say."""
    if modalities is None or _optional(path, group, "modality_masks") is None:
        return None
    array = _array(path, group, "modality_masks", 3, "b")
    if array.shape != (*known.shape, len(modalities)) or len(modalities) > 64:
        raise LibraryError(f"{path}: modality_masks are {array.shape}, which does not fit")
    if space.value not in modalities:
        return np.zeros(int(known.sum()), np.bool_)
    index = modalities.index(space.value)
    parts = [
        _read(path, array, slice(start, start + _AT_ONCE))[..., index].astype(np.bool_)
        for start in range(0, len(known), _AT_ONCE)
    ]
    whole = np.concatenate(parts) if parts else np.zeros_like(known)
    found: NDArray[np.bool_] = whole[known]
    return found


def _story_pages(path: Path, group: Any, n_pages: int) -> NDArray[np.bool_]:
    """Say which pages are story and not flagged; all of them where the dataset does not say."""
    is_story = np.ones(n_pages, np.bool_)
    if _optional(path, group, "page_type") is not None:
        types = _page_texts(path, group, "page_type", n_pages)
        is_story &= np.array([t in _STORY for t in types], np.bool_)
    if _optional(path, group, "page_flags") is not None:
        flags = _page_texts(path, group, "page_flags", n_pages)
        is_story &= np.array([not f for f in flags], np.bool_)
    return is_story


def _page_texts(path: Path, group: Any, name: str, n_pages: int) -> list[str]:
    array = _array(path, group, name, 1, "text")
    if array.shape != (n_pages,):
        raise LibraryError(f"{path}: {name} has {array.shape[0]} rows for {n_pages} pages")
    return _texts(path, array)


def _panel_texts(path: Path, group: Any, known: NDArray[np.bool_]) -> tuple[str, ...]:
    if _optional(path, group, "panel_text") is None:
        return ()
    array = _array(path, group, "panel_text", 2, "text")
    if array.shape != known.shape:
        raise LibraryError(f"{path}: panel_text is {array.shape}, which does not fit {known.shape}")
    found: list[str] = []
    for start in range(0, len(known), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        found += [str(text) for text in _read(path, array, some)[known[some]].tolist()]
    return tuple(found)


def _rows(
    path: Path, group: Any, known: NDArray[np.bool_], metadata: Path | None
) -> tuple[_Row, ...]:
    """Say of every page whose it is."""
    n_pages = len(known)
    told = None if metadata is None else _metadata(metadata, known)
    if _optional(path, group, "book_id") is None:
        if told is None:
            raise LibraryError(f"{path}: does not say whose its pages are; give metadata JSON")
        return told
    ids = _page_texts(path, group, "book_id", n_pages)
    indices = np.arange(n_pages)
    if _optional(path, group, "page_index") is not None:
        indices = _read(path, _array(path, group, "page_index", 1, "iu"), slice(None))
    if len(indices) != n_pages or (n_pages and int(indices.min()) < 0):
        raise LibraryError(f"{path}: page_index does not number {n_pages} pages")
    if not all(0 < len(book_id) <= _LONGEST_NAME for book_id in ids):
        raise LibraryError(f"{path}: a page says no book_id")
    if told is None:
        return tuple(_Row(b, int(i), b, None) for b, i in zip(ids, indices, strict=True))
    for at, (row, book_id) in enumerate(zip(told, ids, strict=True)):
        if row.book_id != book_id:
            raise LibraryError(
                f"{metadata}: record {at} is of book {row.book_id[:60]!r}, the dataset's row of "
                f"{book_id[:60]!r}; give the metadata of this dataset"
            )
    return tuple(
        _Row(row.book_id, int(i), row.series, row.language)
        for row, i in zip(told, indices, strict=True)
    )


def _metadata(path: Path, known: NDArray[np.bool_]) -> tuple[_Row, ...]:
    """Read metadata JSON: a list with a record a page, or an object with such a list."""
    try:
        if path.stat().st_size > _MOST_METADATA_BYTES:
            raise LibraryError(f"{path}: too large for the metadata of a dataset")
        read = json.loads(path.read_bytes())
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise LibraryError(f"{path}: not readable as JSON ({_line(error)})") from error
    if isinstance(read, dict):
        read = next((read[k] for k in ("metadata", "pages") if isinstance(read.get(k), list)), None)
    if not isinstance(read, list):
        raise LibraryError(f"{path}: is no list of pages, each with book_id and num_panels")
    if len(read) != len(known):
        raise LibraryError(f"{path}: {len(read)} records for {len(known)} pages of the dataset")
    return tuple(_record(path, at, record, int(known[at].sum())) for at, record in enumerate(read))


def _record(path: Path, at: int, record: Any, n_panels: int) -> _Row:
    if not isinstance(record, dict):
        raise LibraryError(f"{path}: record {at} is no object")
    book_id = _name(path, at, record, "book_id")
    if not book_id:
        raise LibraryError(f"{path}: record {at} has no book_id")
    _name(path, at, record, "page_name")
    told = record.get("num_panels", n_panels)
    if isinstance(told, bool) or not isinstance(told, int) or told != n_panels:
        raise LibraryError(
            f"{path}: record {at} says num_panels {str(told)[:40]}, the dataset has {n_panels}"
        )
    series = _name(path, at, record, "series") or book_id
    return _Row(book_id, at, series, _name(path, at, record, "language"))


def _name(path: Path, at: int, record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 62:
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise LibraryError(f"{path}: record {at}: {key} is no name")
    return value


def _books(
    path: Path,
    rows: Sequence[_Row],
    known: NDArray[np.bool_],
    spaces: dict[Space, PanelVectors],
    is_story: NDArray[np.bool_],
    texts: Sequence[str],
) -> Iterator[BookFeatures]:
    """Gather each book's pages, in the order of their index."""
    counts = known.sum(axis=1)
    first = np.r_[0, np.cumsum(counts)]
    of_book: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        of_book.setdefault(row.book_id, []).append(at)
    for book_id, found in of_book.items():
        pages = sorted(found, key=lambda at: rows[at].page_index)
        indices = np.array([rows[at].page_index for at in pages], np.int64)
        if (np.diff(indices) == 0).any():
            raise LibraryError(f"{path}: book {book_id[:60]!r} has the same page twice")
        names = {(rows[at].series, rows[at].language) for at in pages}
        if len(names) > 1:
            raise LibraryError(f"{path}: pages of book {book_id[:60]!r} are of several series")
        chosen = np.concatenate([np.arange(first[at], first[at + 1]) for at in pages])
        vision, text, description, place = (_chosen(spaces[s], chosen) for s in MODALITIES)
        try:
            yield BookFeatures(
                book_id,
                rows[pages[0]].series,
                rows[pages[0]].language,
                np.repeat(indices, counts[pages]),
                np.repeat(is_story[pages], counts[pages]),
                vision,
                text,
                description,
                place,
                np.zeros((len(chosen), len(TEXT_KINDS)), np.float32),
                wordings=tuple(texts[i] for i in chosen) if texts else (),
            )
        except ModelError as error:
            raise LibraryError(f"{path}: {error}") from error


def _chosen(vectors: PanelVectors, rows: NDArray[np.int64]) -> PanelVectors:
    return PanelVectors(
        vectors.space, vectors.fingerprint, vectors.vectors[rows], vectors.mask[rows]
    )


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
