"""A trained model understands a library: fused, contextual, page and strip vectors of every book.

Each book's vectors are on disk, whole, before the next book is read, and merged at once, so a run
that is stopped at any moment loses at most one book. Searches change over to a new model when the
last book has its vectors (`Library.switch_model`); until then the old model's answer.

A book that cannot be read is waited for by no model. A book that the model refuses (it was
indexed with other encoders) keeps the old model answering: what it knows must not be lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from longbox.book import Problem
from longbox.config import Config
from longbox.errors import LibraryError, ModelError
from longbox.features import PanelModel
from longbox.library import Library, require_learned, write_learned_store
from longbox.pipeline.features import source_features

if TYPE_CHECKING:
    from longbox.pipeline.panel_model import SequencePanelModel

_STAGE: Final = "embedding"


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
    config: Config | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> EmbedReport:
    """Give every book of a library the vectors of a model, where it lacks them.

    Args:
        library: Open for writing.
        model: Stages 3 and 4.
        on_progress: Told how far it is.
        refresh: Also books that have up-to-date vectors of this model.
        config: Names the scheduler whose workers do it; nobody but this process when not given.
        note: Gets one line for what a person should know of them.

    Returns:
        What was done; also when stopped by Ctrl-C, then `was_interrupted` is set.

    Raises:
        LibraryError: The library cannot be written.
        ClusterError: The workers cannot be used; what they made is kept.
    """
    start = time.perf_counter()
    report = EmbedReport(model.fingerprint)
    run = _Run(library, model, report)
    try:
        library.begin_model(model.fingerprint)
        lacking = library.unembedded_books(model.fingerprint)
        todo = library.book_ids() if refresh else lacking
        report.n_unchanged = len(library.book_ids()) - len(todo)
        on_progress(EmbedProgress(len(todo), 0, 0))
        for done, _ in enumerate(run.books(todo, config, note), start=1):
            on_progress(EmbedProgress(len(todo), done, report.n_panels))
    except KeyboardInterrupt:
        report.was_interrupted = True
    report.is_answering = library.switch_model(model.fingerprint, run.unreadable)
    report.wall_s = time.perf_counter() - start
    return report


class _Run:
    """One run over books; knows what the model refused, so that it is asked once an encoder."""

    def __init__(self, library: Library, model: PanelModel, report: EmbedReport) -> None:
        self._library, self._model, self._report = library, model, report
        self.unreadable: set[str] = set()
        self._refused: dict[tuple[str, ...], str] = {}

    @cached_property
    def _encoders(self) -> dict[str, tuple[str, ...]]:
        return self._library.encoders_of_books()

    @cached_property
    def _files(self) -> dict[str | None, str]:
        known = sorted(self._library.known_files().items(), reverse=True)
        return {file.book_id: path for path, file in known}

    def books(
        self, todo: Sequence[str], config: Config | None, note: Callable[[str], None]
    ) -> Iterator[None]:
        """Embed books one by one here, or on a cluster in any order; yields after each."""
        if config is None or not config.cluster.scheduler or not todo:
            for book_id in todo:
                self.embed(book_id)
                yield
            return
        from longbox.pipeline.cluster import embed_on_cluster

        root, name = self._library.root, self._model.fingerprint
        with closing(embed_on_cluster(todo, name, root, config, note)) as found:
            for book_id, made in found:
                if made.is_unreadable:
                    self.unreadable.add(book_id)
                if made.reason is not None:
                    self._note(book_id, made.reason)
                else:
                    self._merge(book_id, made.n_panels)
                yield

    def embed(self, book_id: str) -> None:
        """Embed one book, or note why not."""
        made_by = self._encoders.get(book_id, ())
        if made_by in self._refused:
            self._note(book_id, self._refused[made_by])
            return
        try:
            source = self._library.book_source(book_id)
        except LibraryError as error:
            self.unreadable.add(book_id)
            self._note(book_id, str(error))
            return
        n_panels, n_pages = source.store.annotated.n_panels, len(source.store.annotated.pages)
        try:
            learned = self._model.embed(source_features(source), n_pages)
        except ModelError as error:
            self._refused[made_by] = str(error)
            self._note(book_id, str(error))
            return
        try:
            require_learned(learned, book_id, n_panels, n_pages)
        except ModelError as error:
            self._note(book_id, str(error))
            return
        root, name = self._library.root, self._model.fingerprint
        write_learned_store(root, name, book_id, learned, source.made_from)
        self._merge(book_id, n_panels)

    def _merge(self, book_id: str, n_panels: int) -> None:
        if self._library.merge_learned(book_id, self._model.fingerprint):
            self._report.n_books += 1
            self._report.n_panels += n_panels
        else:
            self._note(book_id, f"{book_id}: changed meanwhile; run `longbox embed` again")

    def _note(self, book_id: str, reason: str) -> None:
        file = self._files.get(book_id, book_id)
        self._report.problems.append(Problem(file, None, _STAGE, f"{file}: {reason}"))


def library_model(root: Path) -> SequencePanelModel:
    """Open the model that embeds a library: its own, or the one that came with Longbox.

    Raises:
        ModelError: There is none, or it cannot be used.
    """
    from longbox.pipeline.panel_model import open_panel_model  # the networks come with it

    return open_panel_model(root)


def embed_after_index(
    library: Library,
    on_progress: Tell,
    config: Config,
    note: Callable[[str], None] = lambda _: None,
) -> EmbedReport | None:
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
    model = library_model(library.root)
    return embed_library(library, model, on_progress, config=config, note=note)
