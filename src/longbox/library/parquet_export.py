"""The library as six tables: books, pages, panels, texts, descriptions, vectors of pages.

Descriptions are all that a model answered, with its state: also of panels that were not matched
to one of ours (`panel_id` is null) and of pages whose panels changed since (`is_fitting`).

Written a row group at a time, so memory does not grow with the library, into a folder that is
built beside the target and renamed. Vectors of panels are in the Zarr export; those of pages are
few enough for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from longbox.book import AnnotatedBook, AnnotatedPage, PanelId
from longbox.features import LearnedVectors
from longbox.library.catalog import Catalog
from longbox.library.exporting import (
    ExportedBook,
    ExportedStore,
    make_plan,
    printable,
    read_stores,
    whole,
)
from longbox.library.merging import confidence_of, panel_text, text_confidences

ROW_GROUP: Final = 50_000
# Rows wait as Python's values, and a page's vectors are a thousand numbers.
VECTOR_ROW_GROUP: Final = 2_000

_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "books": {
        "book_id": "string", "title": "string", "series": "string", "number": "string",
        "volume": "int32", "year": "int32", "language": "string", "direction": "string",
        "format": "string", "file": "string", "recipe": "string", "n_pages": "int32",
        "n_panels": "int32", "is_missing": "bool",
    },
    "pages": {
        "book_id": "string", "page_index": "int32", "source": "string", "digest": "string",
        "width": "int32", "height": "int32", "page_type": "string", "label_confidence": "float32",
        "label_source": "string", "picture_hash": "string", "is_spread": "bool",
        "n_panels": "int32", "n_texts": "int32", "flags": "strings",
    },
    "panels": {
        "panel_id": "string", "book_id": "string", "page_index": "int32", "panel": "int32",
        "x0": "float32", "y0": "float32", "x1": "float32", "y1": "float32",
        "confidence": "float32", "source": "string", "text": "string",
        "text_confidence": "float32", "description": "string",
    },
    "texts": {
        "book_id": "string", "page_index": "int32", "order": "int32", "panel": "int32",
        "x0": "float32", "y0": "float32", "x1": "float32", "y1": "float32", "text": "string",
        "kind": "string", "language": "string", "is_vertical": "bool", "confidence": "float32",
        "source": "string",
    },
    "descriptions": {
        "panel_id": "string", "book_id": "string", "page_index": "int32", "panel": "int32",
        "number": "int32", "description": "string", "characters": "strings", "actions": "strings",
        "setting": "string", "shot": "string", "x0": "float32", "y0": "float32", "x1": "float32",
        "y1": "float32", "overlap": "float32", "page_summary": "string", "state": "string",
        "is_fitting": "bool", "model": "string", "prompt": "string", "made_at": "string",
    },
    "page_vectors": {
        "book_id": "string", "page_index": "int32", "page_embedding": "numbers",
        "strip_embedding": "numbers", "fingerprint": "string",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PanelSaid:
    """What a book's panels say beside their own text, panel after panel in row order."""

    descriptions: Iterator[str]
    confidences: Iterator[int]


class _Tables:
    """The Parquet files, open."""

    def __init__(self, folder: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        self._pyarrow: Any = pyarrow
        self._schemas = {
            name: pyarrow.schema([(c, _type(kind)) for c, kind in columns.items()])
            for name, columns in _COLUMNS.items()
        }
        self._files = {
            name: pyarrow.parquet.ParquetWriter(
                folder / f"{name}.parquet", schema, compression="zstd"
            )
            for name, schema in self._schemas.items()
        }
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}

    def add(self, name: str, *values: Any) -> None:
        """Add one row."""
        self._rows[name].append(tuple(_plain(value) for value in values))
        most = VECTOR_ROW_GROUP if name == "page_vectors" else ROW_GROUP
        if len(self._rows[name]) >= most:
            self._write(name)

    def finish(self) -> None:
        """Write what is left."""
        for name in _COLUMNS:
            self._write(name)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _write(self, name: str) -> None:
        rows, self._rows[name] = self._rows[name], []
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            schema = self._schemas[name]
            arrays = [
                self._pyarrow.array(column, field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            self._files[name].write_table(self._pyarrow.Table.from_arrays(arrays, schema=schema))


def write(catalog: Catalog, root: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write the tables.

    Args:
        catalog: The library's.
        root: The library's folder.
        target: The folder to make.
        progress: Called with books written and books in all.

    Raises:
        LibraryError: The target exists, a store is damaged, or the disk refuses.
    """
    plan = make_plan(catalog, root)
    with whole(target) as folder:
        tables = _Tables(folder)
        try:
            for i, book in enumerate(plan.books):
                read = read_stores(root, book, plan.status.model)
                annotated = read.store.annotated
                _add_book(tables, book, annotated)
                said = PanelSaid(iter(read.texts), iter(text_confidences(annotated)))
                for page in annotated.pages:
                    _add_page(tables, book.book_id, page, said)
                _add_descriptions(tables, book.book_id, read)
                _add_page_vectors(tables, book.book_id, read.learned)
                progress(i + 1, len(plan.books))
            tables.finish()
        finally:
            tables.close()


def _add_book(tables: _Tables, book: ExportedBook, annotated: AnnotatedBook) -> None:
    said = annotated.book.metadata
    tables.add(
        "books",
        book.book_id,
        book.title,
        said.series,
        said.number,
        said.volume,
        said.year,
        book.language,
        annotated.book.direction.value,
        annotated.book.format,
        book.file,
        book.recipe,
        len(annotated.pages),
        annotated.n_panels,
        book.is_missing,
    )


def _add_page(tables: _Tables, book_id: str, item: AnnotatedPage, said: PanelSaid) -> None:
    page, label = item.page, item.label
    tables.add(
        "pages",
        book_id,
        page.index,
        page.source,
        page.digest,
        page.width,
        page.height,
        label.page_type.value,
        label.confidence,
        label.source,
        item.picture_hash,
        item.is_spread,
        len(item.panels),
        len(item.texts),
        item.flags,
    )
    for p in item.panels:
        name = str(PanelId(book_id, page.index, p.order))
        text = panel_text(item, p)
        tables.add(
            "panels", name, book_id, page.index, p.order, *p.box.as_tuple(), p.confidence, p.source,
            text, confidence_of(next(said.confidences)), next(said.descriptions),
        )  # fmt: skip
    for t in item.texts:
        tables.add(
            "texts", book_id, page.index, t.order, t.panel, *t.box.as_tuple(), t.text,
            t.kind.value, t.language, t.is_vertical, t.confidence, t.source,
        )  # fmt: skip


def _add_descriptions(tables: _Tables, book_id: str, read: ExportedStore) -> None:
    for page in read.pages:
        said = page.description
        is_fitting = said.page_index not in read.unfit
        for p in said.panels:
            is_ours = p.panel is not None and is_fitting and p.panel in page.orders
            name = str(PanelId(book_id, said.page_index, p.panel or 0)) if is_ours else None
            box = (None,) * 4 if p.box is None else p.box.as_tuple()
            tables.add(
                "descriptions", name, book_id, said.page_index, p.panel if is_ours else None,
                p.number, p.description, p.characters, p.actions, p.setting, p.shot, *box,
                p.overlap, said.summary, said.state.value, is_fitting, said.model, said.prompt,
                said.made_at,
            )  # fmt: skip


def _add_page_vectors(tables: _Tables, book_id: str, learned: LearnedVectors | None) -> None:
    if learned is None:
        return
    for i in np.flatnonzero(learned.page_mask).tolist():
        vectors = (learned.pages[i].tolist(), learned.strips[i].tolist())
        tables.add("page_vectors", book_id, i, *vectors, learned.contextual.fingerprint)


def _type(kind: str) -> Any:
    import pyarrow

    if kind == "numbers":
        return pyarrow.list_(pyarrow.float32())
    if kind == "strings":
        return pyarrow.list_(pyarrow.string())
    return pyarrow.type_for_alias(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    return [printable(v) for v in value] if isinstance(value, tuple) else value
