"""A library of numbered pages, described by a server of ours."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    FileStamp,
    PageLabel,
    PageType,
    Panel,
)
from longbox.config import Config
from longbox.geometry import Box
from longbox.ingest import IngestOptions, open_book
from longbox.library import Library, write_book_store
from longbox.pipeline import (
    DescribePlan,
    DescribeReport,
    RetryPolicy,
    describe_library,
)
from longbox.text.vlm import VlmOptions
from text.misbehaving_server import TIERS, Server, draw_page
from text.misbehaviours import KEY

HURRY = RetryPolicy(
    n_tries=3,
    n_busy_tries=4,
    first_wait_s=0.02,
    longest_wait_s=5.0,
    n_failed_pages=50,
    n_first_failed_pages=50,
)


def annotate(book: Book, boxes: tuple[tuple[int, int, int, int], ...] = TIERS) -> AnnotatedBook:
    panels = tuple(Panel(Box(*box), i, 1.0, "drawn") for i, box in enumerate(boxes))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    pages = tuple(AnnotatedPage(p, panels, (), label) for p in book.pages)
    return AnnotatedBook(book, pages)


def add_book(library: Library, path: Path, numbers: list[int]) -> str:
    """Put a comic of numbered pages into a library without running the stages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for place, number in enumerate(numbers):
            with archive.open(f"page{place:03d}.png", "w") as member:
                draw_page(number).save(member, "PNG")
    with open_book(path, IngestOptions()) as opened:
        annotated = annotate(opened.book)
    write_book_store(library.root, annotated, (), "drawn")
    library.merge_book(annotated.book.book_id, str(path), FileStamp(1, 1))
    return annotated.book.book_id


@dataclass
class Shelf:
    library: Library
    folder: Path

    def add(self, numbers: list[int], name: str = "a") -> str:
        return add_book(self.library, self.folder / f"{name}.cbz", numbers)

    def describe(self, server: Server, **changes: object) -> DescribeReport:
        plan = replace(DescribePlan(patience=HURRY), **changes)  # type: ignore[arg-type]
        return describe_library(self.library, Config(), asked_of(server), plan)

    def states(self, book_id: str) -> list[str]:
        return [said.state.value for said in self.library.descriptions(book_id)]


def asked_of(server: Server, **changes: object) -> VlmOptions:
    usual = {"max_response_bytes": 300_000, "timeout_s": 3.0, "key": KEY}
    return VlmOptions(server.url, "fox-vl", **(usual | changes))  # type: ignore[arg-type]
