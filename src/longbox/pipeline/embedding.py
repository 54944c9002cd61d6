"""A trained model understands a library: fused, contextual, page and strip vectors of every book.

Each book's vectors are on disk, whole, before the next book is read, and merged at once, so a run
that is stopped at any moment loses at most one book. Searches change over to a new model when the
last book has its vectors (`Library.switch_model`); until then the old model's answer.

A book that cannot be read is waited for by no model. A book that the model refuses (it was
indexed with other encoders) keeps the old model answering: what it knows must not be lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from longbox.book import Problem
from longbox.errors import LibraryError, ModelError
from longbox.features import PanelModel
from longbox.library import Library, require_learned, write_learned_store
from longbox.pipeline.features import source_features

_STAGE: Final = "embedding"
# torch and the networks come with it, so it is imported where a model is opened.
_MODEL_ROOM: Final = "longbox.pipeline.panel_model"


@dataclass(frozen=True, slots=True)
class EmbedProgress:
    """How far a run is, sent before the first and after every book."""

    n_books: int
    n_books_done: int
    n_panels_done: int


@dataclass(slots=True)
class EmbedReport:
    """What a run did.

    Attributes:
        model: Fingerprint of the model.
        n_books: Books that were embedded.
        n_panels: Their panels.
        n_unchanged: Books that had up-to-date vectors.
        is_answering: Whether searches use this model now.
        problems: Books without vectors of it, one each.
    """

    model: str
    n_books: int = 0
    n_panels: int = 0
    n_unchanged: int = 0
    is_answering: bool = False
    was_interrupted: bool = False
    wall_s: float = 0.0
    problems: list[Problem] = field(default_factory=list)


Tell = Callable[[EmbedProgress], None]


def embed_library(
    library: Library,
    model: PanelModel,
    on_progress: Tell = lambda _: None,
    *,
    refresh: bool = False,
) -> EmbedReport:
    """Give every book of a library the vectors of a model, where it lacks them.

    Args:
        library: Open for writing.
        model: Stages 3 and 4.
        on_progress: Told how far it is.
        refresh: Also books that have up-to-date vectors of this model.

    Returns:
        What was done; also when stopped by Ctrl-C, then `was_interrupted` is set.

    Raises:
        LibraryError: The library cannot be written.
    """
    start = time.perf_counter()
    report = EmbedReport(model.fingerprint)
    unreadable: set[str] = set()
    try:
        library.begin_model(model.fingerprint)
        lacking = library.unembedded_books(model.fingerprint)
        todo = library.book_ids() if refresh else lacking
        report.n_unchanged = len(library.book_ids()) - len(todo)
        on_progress(EmbedProgress(len(todo), 0, 0))
        for done, book_id in enumerate(todo, start=1):
            if not _embed(library, model, book_id, report):
                unreadable.add(book_id)
            on_progress(EmbedProgress(len(todo), done, report.n_panels))
    except KeyboardInterrupt:
        report.was_interrupted = True
    report.is_answering = library.switch_model(model.fingerprint, unreadable)
    report.wall_s = time.perf_counter() - start
    return report


def _embed(library: Library, model: PanelModel, book_id: str, report: EmbedReport) -> bool:
    """Embed one book; return whether it could be read at all."""
    try:
        source = library.book_source(book_id)
    except LibraryError as error:
        report.problems.append(_problem(library, book_id, str(error)))
        return False
    annotated = source.store.annotated
    try:
        learned = model.embed(source_features(source), len(annotated.pages))
        require_learned(learned, book_id, annotated.n_panels, len(annotated.pages))
    except ModelError as error:
        report.problems.append(_problem(library, book_id, str(error)))
        return True
    write_learned_store(library.root, model.fingerprint, book_id, learned, source.made_from)
    if library.merge_learned(book_id, model.fingerprint):
        report.n_books += 1
        report.n_panels += annotated.n_panels
    else:
        reason = f"{book_id}: changed while it was embedded; run `longbox embed` again"
        report.problems.append(_problem(library, book_id, reason))
    return True


def _problem(library: Library, book_id: str, reason: str) -> Problem:
    files = [path for path, known in library.known_files().items() if known.book_id == book_id]
    return Problem(min(files, default=book_id), None, _STAGE, reason)


def library_model(root: Path) -> PanelModel:
    """Open the model that embeds a library: its own, or the one that came with Longbox.

    Raises:
        ModelError: There is none, or it cannot be used.
    """
    try:
        opened = import_module(_MODEL_ROOM)
    except ModuleNotFoundError as error:
        if error.name != _MODEL_ROOM:
            raise
        raise ModelError(
            "this installation has no panel model; install a Longbox that has one, or set "
            "`embed = false` under [models] in the settings"
        ) from error
    model: PanelModel = opened.open_panel_model(root)
    return model


def embed_after_index(library: Library, on_progress: Tell) -> EmbedReport | None:
    """Embed what an index run added; the one place where indexing meets trained models.

    The model is only opened when a book lacks vectors of the one that answers, so that a run over
    an unchanged shelf loads nothing. A new model is taken up by `longbox embed`.

    Returns:
        What was done; None where nothing was to do.

    Raises:
        ModelError: The model cannot be opened.
        LibraryError: The library cannot be written.
    """
    if not library.unembedded_books():
        return None
    return embed_library(library, library_model(library.root), on_progress)
