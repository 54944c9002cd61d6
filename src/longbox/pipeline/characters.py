"""Who is on the shelf: regions of every book once, then clusters over a book or a series.

Looking at pixels is the slow part, so it is done once a book and kept by the identity space's
fingerprint; a second run reads what is there, and a killed one has lost one book. Clustering takes
a moment and is done anew each time, so a new name or threshold counts at once.

Only pages that tell the story are looked at, and duplicates of a page are not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from longbox.book import AnnotatedBook, AnnotatedPage, PageFlag, PageType, Problem
from longbox.characters import (
    Encode,
    FigureDetector,
    IdentityOptions,
    PanelPicture,
    cut_regions,
    find_regions,
    identity_vectors,
)
from longbox.config import Config
from longbox.encoders import crop_panel, picture_encoder
from longbox.errors import ComicError, IngestError
from longbox.geometry import Box
from longbox.ingest import open_pages
from longbox.library import Library
from longbox.pipeline.character_files import (
    FOLDER,
    BookRegion,
    BookRegions,
    read_regions,
    write_regions,
)
from longbox.pipeline.figure_detectors import NO_DETECTOR, figure_detector

_STORY_TYPES = frozenset({PageType.COVER, PageType.STORY, PageType.SPLASH})
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LookPlan:
    """How books are looked at for characters.

    Attributes:
        detector: A name that `figure_detector` knows.
        identity: How regions become vectors.
        n_threads: Threads of the encoder.
    """

    detector: str = NO_DETECTOR
    identity: IdentityOptions = field(default_factory=IdentityOptions)
    n_threads: int = 2


@dataclass(frozen=True, slots=True)
class LookTools:
    """An opened encoder and detector, and the identity space that they make.

    Attributes:
        fingerprint: Of the identity space.
        detector: None takes panels as they are.
    """

    fingerprint: str
    encode: Encode
    detector: FigureDetector | None
    identity: IdentityOptions

    @property
    def folder(self) -> str:
        """Name of the space's folder in a library, 16 hex digits."""
        return hashlib.sha256(self.fingerprint.encode()).hexdigest()[:16]


def open_tools(config: Config, plan: LookPlan) -> LookTools:
    """Open encoder and detector.

    Raises:
        ModelError: One cannot be loaded.
    """
    detector = figure_detector(plan.detector)
    encoder = picture_encoder(config.encoders.picture, n_threads=plan.n_threads)
    name = detector.fingerprint if detector else NO_DETECTOR
    fingerprint = plan.identity.fingerprint(encoder.fingerprint, name)
    return LookTools(fingerprint, encoder.encode, detector, plan.identity)


def look_at_books(
    library: Library,
    config: Config,
    book_ids: Sequence[str],
    tools: LookTools,
    tell: Tell = lambda _done, _total: None,
) -> tuple[dict[str, BookRegions], tuple[Problem, ...]]:
    """Return the regions of books; those that are kept already are only read.

    Args:
        library: Where the books are.
        config: The settings.
        book_ids: Which.
        tools: What looks.
        tell: Told how many books are done of how many.

    Returns:
        Regions by book id, and what could not be read. A book whose file is gone and that was
        never looked at has a problem and no regions.

    Raises:
        LibraryError: A book is damaged or not in the library, or the disk refuses.
    """
    found: dict[str, BookRegions] = {}
    problems: list[Problem] = []
    for done, book_id in enumerate(book_ids):
        annotated = library.annotated_book(book_id)
        key = _key(annotated)
        kept = read_regions(library.root, tools.folder, book_id, key)
        if kept is None:
            library.require_writable()
            try:
                kept = _look(annotated, key, config, tools)
            except IngestError as error:
                problems.append(Problem(annotated.book.path, None, "characters", str(error)))
                continue
            write_regions(library.root, tools.folder, kept)
        found[book_id] = kept
        problems += [Problem(annotated.book.path, None, "characters", r) for r in kept.unread]
        tell(done + 1, len(book_ids))
    return found, tuple(problems)


def kept_regions(library: Library, book_id: str) -> BookRegions | None:
    """Return the regions that an earlier run kept of a book; nothing is looked at now.

    Where it was looked at with several detectors, those kept last.

    Returns:
        None where it was never looked at, or has other pages, panels or lettering since.

    Raises:
        LibraryError: The book is damaged or not in the library.
    """
    paths = list((library.root / FOLDER).glob(f"*/{book_id}.json"))
    if not paths:
        return None
    key = _key(library.annotated_book(book_id))
    for path in sorted(paths, key=lambda path: -path.stat().st_mtime_ns):
        kept = read_regions(library.root, path.parent.name, book_id, key)
        if kept is not None:
            return kept
    return None


def story_pages(annotated: AnnotatedBook) -> list[AnnotatedPage]:
    """Return the pages that are looked at."""
    return [
        page
        for page in annotated.pages
        if page.page.is_readable
        and page.label.page_type in _STORY_TYPES
        and PageFlag.DUPLICATE not in page.flags
    ]


def panel_picture(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], page: AnnotatedPage, order: int
) -> PanelPicture:
    """Cut a panel out of its page, with the places of all lettering that reaches into it."""
    box = page.panels[order].box
    crop = crop_panel(pixels, box)
    x0, y0 = max(int(box.x0), 0), max(int(box.y0), 0)
    lettering = tuple(
        Box(t.box.x0 - x0, t.box.y0 - y0, t.box.x1 - x0, t.box.y1 - y0)
        for t in page.texts
        if t.box.intersection(box)
    )
    return PanelPicture(crop, lettering)


def _look(annotated: AnnotatedBook, key: str, config: Config, tools: LookTools) -> BookRegions:
    book = annotated.book
    path = Path(book.path)
    if not os.path.lexists(path):
        raise IngestError(
            f"{book.path}: the comic file is gone; if it moved, run `longbox index` on its new "
            f"folder or `longbox library sync`"
        )
    regions: list[BookRegion] = []
    vectors: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    unread: list[str] = []
    with open_pages(path, config.ingest) as opened:
        for page in story_pages(annotated):
            index = page.page.index
            try:
                if index >= len(opened):
                    raise IngestError(f"{book.path}: has no page {index + 1} any more; index again")
                pixels = opened.pixels(index)
            except ComicError as error:
                unread.append(" ".join(str(error).split()))
                continue
            if pixels.shape[:2] != (page.page.height, page.page.width):
                unread.append(f"{book.path}: page {index + 1} changed; run `longbox index` again")
                continue
            for panel in page.panels:
                picture = panel_picture(pixels, page, panel.order)
                seen = find_regions(picture, tools.detector)
                crops = cut_regions(picture, seen)
                vectors.append(identity_vectors(crops, tools.encode, tools.identity))
                x0, y0 = max(int(panel.box.x0), 0), max(int(panel.box.y0), 0)
                regions += [
                    BookRegion(
                        index,
                        panel.order,
                        Box(r.box.x0 + x0, r.box.y0 + y0, r.box.x1 + x0, r.box.y1 + y0),
                        r.kind,
                        r.confidence,
                    )
                    for r in seen
                ]
    rows = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
    kept = rows.astype("<f2").astype(np.float32)  # as a later run reads them
    return BookRegions(book.book_id, key, tuple(regions), kept, tuple(unread))


def _key(annotated: AnnotatedBook) -> str:
    """Name everything of a book that decides what is looked at."""
    parts = [
        [
            page.page.digest,
            [list(p.box.as_tuple()) for p in page.panels],
            [list(t.box.as_tuple()) for t in page.texts],
        ]
        for page in story_pages(annotated)
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
