"""The padded dataset for notebooks and for tools that expect it: one row a page.

Dimensions are page, panel (padded to the most that a page has) and one per space. Where a space
was made by several encoders, the one with most vectors is exported and the panels of the others
are masked; fingerprints stand in each array's attributes. Arrays are written one chunk of pages at
a time, so memory does not grow with the library. The dataset is built beside the target and
renamed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedPage, PanelId
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog
from longbox.library.exporting import ExportedStore, Plan, make_plan, printable, read_stores, whole
from longbox.library.folding import storable
from longbox.library.merging import panel_text
from longbox.vectors import Space

ARRAY_NAMES: Final = {
    Space.VISION: "panel_vision_embeddings",
    Space.TEXT: "panel_semantic_embeddings",
    Space.DESCRIPTION: "panel_description_embeddings",
    Space.COMPOSITION: "panel_composition",
    Space.FUSED: "panel_embeddings",
    Space.CONTEXTUAL: "contextualized_panels",
}
EXPORT_FORMAT: Final = 1
_CHUNK_BYTES: Final = 64 << 20
_MAX_CHUNK_PAGES: Final = 256


@dataclass(frozen=True, slots=True)
class _Space:
    """An exported space: the encoder chosen for it."""

    space: Space
    fingerprint: str
    dimension: int


@dataclass(frozen=True, slots=True)
class _Array:
    """One array of the dataset; shape without the page dimension."""

    name: str
    dtype: Any
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    fill: Any
    attributes: dict[str, Any]


Buffers = dict[str, NDArray[Any]]


def write(catalog: Catalog, root: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write the dataset.

    Args:
        catalog: The library's.
        root: The library's folder.
        target: The Zarr folder to make.
        progress: Called with books written and books in all.

    Raises:
        LibraryError: The target exists, a store is damaged, or the disk refuses.
    """
    import zarr

    plan = make_plan(catalog, root)
    spaces = _chosen(plan)
    arrays = _arrays(spaces, plan.n_columns) + _page_arrays(plan)
    n_pages = plan.status.pages
    chunk = _chunk_pages(spaces, plan.n_columns)
    with whole(target) as folder:
        group = zarr.open_group(
            folder, mode="w", zarr_format=3, attributes=_attributes(plan, spaces)
        )
        out = {a.name: _create(group, a, n_pages, chunk) for a in arrays}
        _add_modalities(group, spaces)
        at = used = 0
        buffers = _fresh(arrays, chunk)
        for read, page, rows in _pages(root, plan, progress):
            _fill(buffers, used, read, page, rows, spaces)
            used += 1
            if used == chunk:
                _flush(out, buffers, at, used)
                at, used, buffers = at + used, 0, _fresh(arrays, chunk)
        _flush(out, buffers, at, used)
        if at + used != n_pages:
            raise LibraryError(f"{root}: changed during the export; run it again")
        with warnings.catch_warnings():
            # zarr warns that consolidated metadata is not in the v3 standard yet; xarray reads it.
            warnings.filterwarnings("ignore", message="Consolidated metadata")
            zarr.consolidate_metadata(folder.as_posix())


def _pages(
    root: Path, plan: Plan, progress: Callable[[int, int], None]
) -> Iterator[tuple[ExportedStore, AnnotatedPage, slice]]:
    for i, book in enumerate(plan.books):
        read = read_stores(root, book, plan.status.model)
        row = 0
        for page in read.store.annotated.pages:
            if len(page.panels) > plan.n_columns:
                raise LibraryError(f"{book.title}: changed during the export; run it again")
            yield read, page, slice(row, row + len(page.panels))
            row += len(page.panels)
        progress(i + 1, len(plan.books))


def _chosen(plan: Plan) -> tuple[_Space, ...]:
    found: dict[Space, _Space] = {}
    for item in plan.status.spaces:  # most vectors first within a space
        found.setdefault(item.space, _Space(item.space, item.fingerprint, item.dimension))
    return tuple(found[space] for space in Space if space in found)


def _chunk_pages(spaces: tuple[_Space, ...], n_columns: int) -> int:
    page_bytes = 2 * max(1, n_columns) * max([s.dimension for s in spaces], default=1)
    return max(1, min(_MAX_CHUNK_PAGES, _CHUNK_BYTES // page_bytes))


def _arrays(spaces: tuple[_Space, ...], n_columns: int) -> list[_Array]:
    grid = ("page", "panel")
    arrays = [
        _Array("panel_masks", "bool", grid, (n_columns,), False, {}),
        _Array(
            "modality_masks",
            "bool",
            (*grid, "modality"),
            (n_columns, len(spaces)),
            False,
            {},
        ),
        _Array(
            "panel_boxes",
            "f4",
            (*grid, "corner"),
            (n_columns, 4),
            np.nan,
            {"unit": "page pixels", "corners": ["x0", "y0", "x1", "y1"]},
        ),
        _Array("reading_order", "i4", grid, (n_columns,), -1, {}),
        _Array("panel_text", "str", grid, (n_columns,), "", {}),
        _Array("panel_description", "str", grid, (n_columns,), "", {}),
        _Array("panel_id", "str", grid, (n_columns,), "", {}),
        _Array("book_id", "str", ("page",), (), "", {}),
        _Array("page_index", "i4", ("page",), (), -1, {}),
        _Array("page_type", "str", ("page",), (), "", {}),
        _Array("page_flags", "str", ("page",), (), "", {"separator": ","}),
        _Array("page_source", "str", ("page",), (), "", {}),
        _Array("page_width", "i4", ("page",), (), 0, {}),
        _Array("page_height", "i4", ("page",), (), 0, {}),
        _Array("picture_hash", "str", ("page",), (), "", {}),
    ]
    for item in spaces:
        arrays.append(
            _Array(
                ARRAY_NAMES[item.space],
                "f2",
                (*grid, f"{item.space.value}_dimension"),
                (n_columns, item.dimension),
                0,
                {"space": item.space.value, "fingerprint": item.fingerprint},
            )
        )
    return arrays


def _page_arrays(plan: Plan) -> list[_Array]:
    """Return the arrays of page and strip vectors, where a model made any."""
    if plan.dimension is None:
        return []
    attributes = {"model": plan.status.model}
    shape = (plan.dimension,)
    return [
        _Array("page_embeddings", "f2", ("page", "page_dimension"), shape, 0, attributes),
        _Array("strip_embeddings", "f2", ("page", "strip_dimension"), shape, 0, attributes),
        _Array("page_masks", "bool", ("page",), (), False, attributes),
    ]


def _attributes(plan: Plan, spaces: tuple[_Space, ...]) -> dict[str, Any]:
    return {
        "format": EXPORT_FORMAT,
        "kind": "longbox export",
        "n_books": len(plan.books),
        "fingerprints": {ARRAY_NAMES[s.space]: s.fingerprint for s in spaces},
    }


def _create(group: Any, array: _Array, n_pages: int, chunk: int) -> Any:
    return group.create_array(
        array.name,
        shape=(n_pages, *array.shape),
        chunks=(min(chunk, max(1, n_pages)), *(max(1, n) for n in array.shape)),
        dtype=array.dtype,
        fill_value=array.fill,
        dimension_names=array.dims,
        attributes=array.attributes,
    )


def _add_modalities(group: Any, spaces: tuple[_Space, ...]) -> None:
    names = np.asarray([s.space.value for s in spaces], dtype=np.dtypes.StringDType())
    out = group.create_array(
        "modality",
        shape=names.shape,
        chunks=(max(1, len(spaces)),),
        dtype="str",
        dimension_names=("modality",),
    )
    if names.size:
        out[:] = names


def _fresh(arrays: list[_Array], chunk: int) -> Buffers:
    return {
        a.name: np.full(
            (chunk, *a.shape),
            a.fill,
            dtype=np.dtypes.StringDType() if a.dtype == "str" else a.dtype,
        )
        for a in arrays
    }


def _fill(
    buffers: Buffers,
    at: int,
    read: ExportedStore,
    page: AnnotatedPage,
    rows: slice,
    spaces: tuple[_Space, ...],
) -> None:
    store = read.store
    book_id = store.annotated.book.book_id
    n = len(page.panels)
    buffers["book_id"][at] = book_id
    buffers["page_index"][at] = page.page.index
    buffers["page_type"][at] = page.label.page_type.value
    buffers["page_flags"][at] = ",".join(page.flags)
    buffers["page_source"][at] = printable(page.page.source)
    buffers["page_width"][at] = page.page.width
    buffers["page_height"][at] = page.page.height
    buffers["picture_hash"][at] = page.picture_hash or ""
    buffers["panel_masks"][at, :n] = True
    for column, panel in enumerate(page.panels):
        buffers["panel_boxes"][at, column] = panel.box.as_tuple()
        buffers["reading_order"][at, column] = panel.order
        buffers["panel_id"][at, column] = str(PanelId(book_id, page.page.index, panel.order))
        buffers["panel_text"][at, column] = panel_text(page, panel)
        buffers["panel_description"][at, column] = printable(storable(read.texts[rows][column]))
    if read.learned is not None:
        place = page.page.index
        buffers["page_embeddings"][at] = read.learned.pages[place]
        buffers["strip_embeddings"][at] = read.learned.strips[place]
        buffers["page_masks"][at] = read.learned.page_mask[place]
    for i, chosen in enumerate(spaces):
        for item in store.vectors:
            if (item.space, item.fingerprint) == (chosen.space, chosen.fingerprint):
                buffers[ARRAY_NAMES[item.space]][at, :n] = item.vectors[rows]
                buffers["modality_masks"][at, :n, i] = item.mask[rows]


def _flush(out: dict[str, Any], buffers: Buffers, at: int, used: int) -> None:
    for name, buffer in buffers.items():
        if used and all(buffer.shape):
            out[name][at : at + used] = buffer[:used]
