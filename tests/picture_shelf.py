"""A library of pages that no stage has seen: enough for pictures, and made in a blink."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from fastapi import FastAPI
from PIL import Image

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
)
from longbox.config import Config
from longbox.geometry import Box
from longbox.ingest import open_book, stamp
from longbox.library import Library, write_book_store
from longbox.web import WebOptions
from longbox.web.pictures import PictureOptions, PictureServer, UploadStore, routes
from longbox.web.problems import explain_errors


def png(width: int, height: int, seed: int = 0) -> bytes:
    """A PNG of coloured blocks, another one for each seed."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def cbz(path: Path, pages: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for index, page in enumerate(pages):
            archive.writestr(f"page{index + 1}.png", page)
    return path


def add_book(library: Library, file: Path) -> Book:
    """Put a comic into a library, each page with an upper and a lower panel."""
    with open_book(file) as opened:
        book = opened.book
    pages = tuple(_annotated(page) for page in book.pages)
    write_book_store(library.root, AnnotatedBook(book, pages), (), "drawn")
    library.merge_book(book.book_id, str(file), stamp(file))
    return book


def add_unreadable(library: Library, file: str) -> Book:
    """Put a book into a library whose only page could not be read when it was indexed."""
    page = Page(0, "page1.png", hashlib.sha256(b"none").hexdigest(), 0, 0)
    direction, said = Direction.LTR, DirectionSource.GUESS
    book = Book("f" * 16, file, "cbz", Metadata(), direction, said, (page,))
    write_book_store(library.root, AnnotatedBook(book, (_annotated(page),)), (), "drawn")
    library.merge_book(book.book_id, file, FileStamp(1, 1))
    return book


def _annotated(page: Page) -> AnnotatedPage:
    half = page.height / 2
    boxes = [Box(0, 0, page.width, half), Box(0, half, page.width, page.height)]
    panels = tuple(Panel(box, i, 0.9, "drawn") for i, box in enumerate(boxes))
    label = PageLabel(PageType.STORY, 0.9, "drawn")
    return AnnotatedPage(page, panels if page.is_readable else (), (), label, "0" * 16)


@dataclass(frozen=True)
class Desk:
    """Pictures of one small library, and the routes to them."""

    library: Library
    pictures: PictureServer
    uploads: UploadStore
    app: Any


def open_desk(library: Library, cache: Path | None, **options: Any) -> Desk:
    made = PictureOptions(**{"n_processes": 1, "cache_folder": cache, **options})
    pictures = PictureServer(library, Config(), made)
    uploads = UploadStore(pictures)
    app = FastAPI()
    app.state.services = SimpleNamespace(pictures=pictures, uploads=uploads, options=WebOptions())
    app.include_router(routes.pages)
    app.include_router(routes.api, prefix="/api/v1")
    explain_errors(app)
    return Desk(library, pictures, uploads, app)
