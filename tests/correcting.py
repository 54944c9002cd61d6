"""For tests of putting pages right: a server whose jobs wait, and a model that sees panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from longbox.book import AnnotatedBook
from longbox.config import Config
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.geometry import Box
from longbox.library import Library, write_description_store
from longbox.web.jobs import STANDARD_KINDS, JobBoard, Kind

APPLY = next(kind for kind in STANDARD_KINDS if kind.name == "apply_corrections")
WAITING = replace(APPLY, settle_s=3600.0, settle_at_most_s=3600.0)


def use_jobs(app: Any, kind: Kind = WAITING) -> None:
    """Let an application take corrections over by another kind of job: one that never begins."""
    services = app.state.services
    services.jobs.close(0.1)
    board = JobBoard(services.library.root, Config(), (kind,))
    app.state.services = replace(services, jobs=board)


def book_named(library: Library, word: str) -> AnnotatedBook:
    books = (library.annotated_book(book_id) for book_id in library.book_ids())
    return next(book for book in books if word in book.book.title)


def described(
    annotated: AnnotatedBook, page: int, boxes: Sequence[Box], *lines: str
) -> PageDescription:
    """A model's answer that saw panels in these boxes; each means ours that it overlaps most."""
    ours = annotated.pages[page].panels
    panels = []
    for i, box in enumerate(boxes):
        best = max(ours, key=lambda panel: box.iou(panel.box))
        overlap = box.iou(best.box)
        matched = best.order if overlap > 0.3 else None
        said = PanelDescription(matched, i + 1, f"<script>scene {i}</script>", box=box)
        panels.append(replace(said, overlap=overlap if matched is not None else None))
    return PageDescription(
        page_index=page,
        page_digest=annotated.pages[page].page.digest,
        state=AnswerState.CLEAN,
        summary="a page",
        panels=tuple(panels),
        disagreements=lines,
        model="drawn-vlm",
        prompt="p1",
        n_prompt_tokens=10,
        n_answer_tokens=5,
        cost=0.0,
        made_at="2026-01-01T00:00:00",
    )


def describe_page(library: Library, book_id: str, page: int, boxes: Sequence[Box]) -> None:
    """Keep that a model saw these panels on a page, beside what is kept of others."""
    kept = [said for said in library.descriptions(book_id) if said.page_index != page]
    annotated = library.annotated_book(book_id)
    new = described(annotated, page, boxes, "the model sees <b>other</b> ones")
    write_description_store(library.root, book_id, [*kept, new], None)
    library.merge_descriptions(book_id)
