"""What the trained model makes of a panel: surprise, closure, attention.

Opening the model loads torch, which takes seconds, so nothing is opened before somebody asks, one
question is answered at a time, few may wait, and answers are kept until the model or the library
changes. A model that cannot be opened is a reason that is shown, not an empty place.

Closure is asked as the samples of `longbox.tasks` ask it: the panel is taken out, and the model
chooses among it and others of the same book. With five to choose from, a guess is right once in
five; the shares are a softmax over the head's scores and mean nothing between books.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from longbox.book import PanelId
from longbox.errors import BusyError, ModelError, QueryError
from longbox.features import BookFeatures
from longbox.library import KeptAnswers, Library
from longbox.pipeline import book_features, library_model, surprise_of
from longbox.tasks import Choice, Difficulty, Shown, Task, task_views
from longbox.vectors import Space
from longbox.web.panel.books import BookSeen

if TYPE_CHECKING:
    from longbox.learning import SequenceScorer
    from longbox.pipeline.panel_model import SequencePanelModel

CLOSURE_TASKS: Final = (Task.PANEL_PICKING, Task.VISUAL_CLOSURE, Task.TEXT_CLOSURE)
_N_WRONG: Final = 4
_BEFORE, _AFTER = 7, 4
_MOST_WAITING: Final = 6
_MOST_BOOKS, _MOST_PANELS = 4, 512
_MODELS_NAME: Final = "models"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Surprise:
    """How unexpected a panel is after those before it.

    Attributes:
        value: 0 to 2; None for the first panel, and where nothing is known of it or before it.
        share_below: Share of the book's panels that are less surprising; None likewise.
        curve: Of every panel of the book, in reading order; None where there is none.
        highest: Rows of the most surprising panels of the book, the most first.
    """

    value: float | None
    share_below: float | None
    curve: tuple[float | None, ...]
    highest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """A panel that the model could choose, and the share that it gave it."""

    panel_id: PanelId
    share: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class Closure:
    """What the model chose for the panel's place, by one task; a reason where it cannot be asked.

    Attributes:
        offered: By falling share.
        n_context: Panels that it was shown.
    """

    task: Task
    offered: tuple[Offered, ...] = ()
    n_context: int = 0
    lacking: str | None = None

    @property
    def chance(self) -> float:
        """Share of a guess."""
        return 1.0 / len(self.offered) if self.offered else 0.0

    @property
    def is_right(self) -> bool:
        """Whether the model would have chosen it."""
        return bool(self.offered) and self.offered[0].is_right


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """What a panel attends to while its contextual vector is made.

    Attributes:
        weights: Shares of the book's panels, float32 (N,), summing to 1.
        layer: From 1.
    """

    weights: NDArray[np.float32]
    layer: int
    n_layers: int


@dataclass(frozen=True, slots=True)
class Understanding:
    """All that the model says of a panel.

    Attributes:
        model: Its fingerprint.
        is_answering: Whether it is the model whose vectors answer this library's searches.
    """

    model: str
    is_answering: bool
    surprise: Surprise
    closure: tuple[Closure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _BookAsked:
    """A book as the model reads it; the scorer keeps its tables of this very corpus."""

    corpus: tuple[BookFeatures, ...]
    surprise: NDArray[np.float32]
    scorer: SequenceScorer


class ModelDesk:
    """Asks the library's model, one question at a time."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._open: tuple[tuple[object, ...], SequencePanelModel] | None = None
        self._books = KeptAnswers[tuple[object, ...], _BookAsked](_MOST_BOOKS)
        self._panels = KeptAnswers[tuple[object, ...], Understanding](_MOST_PANELS)
        self._attention = KeptAnswers[tuple[object, ...], Attention](_MOST_PANELS)

    def understanding(self, panel_id: PanelId, seen: BookSeen) -> Understanding:
        """Return surprise and closure of a panel.

        Raises:
            ModelError: The model cannot be opened, or was trained with other encoders than the
                book was indexed with.
            BusyError: Too many wait.
            LibraryError: The book cannot be read.
        """
        row = seen.row(panel_id)
        return self._answer(self._panels, (str(panel_id),), lambda: self._understand(seen, row))

    def attention(self, panel_id: PanelId, seen: BookSeen, layer: int | None = None) -> Attention:
        """Return what a panel attends to.

        Args:
            panel_id: The panel.
            seen: Its book.
            layer: From 1; None for the last.

        Raises:
            ModelError: As `understanding`, or nothing is known of the panel.
            QueryError: There is no such layer.
            BusyError: Too many wait.
            LibraryError: The book cannot be read.
        """
        row = seen.row(panel_id)
        return self._answer(
            self._attention, (str(panel_id), layer), lambda: self._attend(seen, row, layer)
        )

    def _answer(
        self,
        kept: KeptAnswers[tuple[object, ...], T],
        key: tuple[object, ...],
        make: Callable[[], T],
    ) -> T:
        if not self._waiting.acquire(blocking=False):
            raise BusyError("the model is asked too much at once; try again in a moment")
        try:
            return kept.get(
                self._library.generation(), (*key, *self._mark()), lambda: self._in_turn(make)
            )
        finally:
            self._waiting.release()

    def _in_turn(self, make: Callable[[], T]) -> T:
        """One at a time: torch uses the cores there are, and memory is needed once."""
        with self._turn:
            return make()

    def _understand(self, seen: BookSeen, row: int) -> Understanding:
        model = self._model()
        asked = self._asked(seen.annotated.book.book_id, model)
        if row >= len(asked.surprise):
            raise ModelError("the book was indexed again at this moment; try once more")
        fingerprint = model.fingerprint
        return Understanding(
            model=fingerprint,
            is_answering=fingerprint == self._library.answering_model(),
            surprise=surprise_at(asked.surprise, row),
            closure=tuple(_closure(asked, seen, row, task) for task in CLOSURE_TASKS),
        )

    def _attend(self, seen: BookSeen, row: int, layer: int | None) -> Attention:
        model = self._model()
        features = self._asked(seen.annotated.book.book_id, model).corpus[0]
        n_layers = model.sequence.config.n_layers
        if layer is not None and layer > n_layers:
            raise QueryError(f"the model has layers 1 to {n_layers}; there is no layer {layer}")
        weights = model.attention(features, row, layer)
        return Attention(weights, layer or n_layers, n_layers)

    def _asked(self, book_id: str, model: SequencePanelModel) -> _BookAsked:
        key = (book_id, *self._mark())
        return self._books.get(self._library.generation(), key, lambda: self._read(book_id, model))

    def _read(self, book_id: str, model: SequencePanelModel) -> _BookAsked:
        from longbox.learning import SequenceScorer

        features = book_features(self._library, book_id)
        learned = self._library.learned_vectors(book_id)
        if learned is None or model.fingerprint != self._library.answering_model():
            n_pages = int(features.pages.max(initial=-1)) + 1
            learned = model.embed(features, n_pages)
        surprise = surprise_of(model.sequence, learned.fused)
        return _BookAsked((features,), surprise, SequenceScorer(model.sequence, model.fusion))

    def _model(self) -> SequencePanelModel:
        mark = self._mark()
        if self._open is None or self._open[0] != mark:
            self._open = None
            try:
                self._open = (mark, library_model(self._library.root))
            except ImportError as error:
                raise ModelError(
                    f"the model cannot be opened ({error.name or 'a package'} is missing); "
                    "install Longbox with all that it needs"
                ) from error
        return self._open[1]

    def _mark(self) -> tuple[object, ...]:
        """Return what changes when the library's own model does."""
        folder: Path = self._library.root / _MODELS_NAME
        times = [_changed(path) for path in (folder, *sorted(folder.glob("*/*.safetensors")))]
        return (self._library.answering_model(), *times)


def surprise_at(curve: NDArray[np.float32], row: int) -> Surprise:
    """Say how surprising a panel is in its book.

    Args:
        curve: Of every panel, float32 (N,); nan where there is none.
        row: The panel.
    """
    known = np.flatnonzero(~np.isnan(curve))
    highest = known[np.argsort(-curve[known], kind="stable")][:3]
    value = None if np.isnan(curve[row]) else float(curve[row])
    others = known[known != row]
    share = None
    if value is not None and len(others):
        share = float((curve[others] < curve[row]).mean())
    drawn = tuple(None if np.isnan(each) else float(each) for each in curve)
    return Surprise(value, share, drawn, tuple(int(each) for each in highest))


def closure_sample(features: BookFeatures, row: int, task: Task) -> Choice | str:
    """Ask which panel belongs in a panel's place, or say why that cannot be asked.

    The wrong ones are panels of the same book outside of what is shown, the same each time.

    Args:
        features: The book.
        row: The panel.
        task: One of CLOSURE_TASKS.
    """
    around, offered = task_views(task)
    known, fit = _shows(features, around.modalities), _shows(features, offered.modalities)
    if not fit[row]:
        return "the panel has nothing that this could be asked with"
    last = row + 1 + (_AFTER if task is Task.PANEL_PICKING else 0)
    span = range(max(0, row - _BEFORE), min(features.n_panels, last))
    context = [at for at in span if at != row and known[at]]
    if len(context) < 2:
        return "too few panels around it are known"
    others = [int(at) for at in np.flatnonzero(fit) if int(at) not in span]
    if not others:
        return "the book has no other panels to choose from"
    rng = np.random.default_rng(row)
    wrong = rng.choice(others, min(_N_WRONG, len(others)), replace=False)
    candidates = tuple(Shown(0, int(at), offered) for at in (row, *wrong))
    shown = tuple(Shown(0, at, around) for at in context)
    gap = sum(at < row for at in context)
    return Choice(task, Difficulty.HARD, shown, gap, candidates, 0)


def _closure(asked: _BookAsked, seen: BookSeen, row: int, task: Task) -> Closure:
    sample = closure_sample(asked.corpus[0], row, task)
    if isinstance(sample, str):
        return Closure(task, lacking=sample)
    (scores,) = asked.scorer.choose(asked.corpus, [sample])
    raised = np.exp(scores - scores.max())
    shares = raised / raised.sum()
    offered = [
        Offered(seen.panel_id(shown.row), float(share), at == sample.answer)
        for at, (shown, share) in enumerate(zip(sample.candidates, shares, strict=True))
    ]
    offered.sort(key=lambda offer: -offer.share)
    return Closure(task, tuple(offered), len(sample.context))


def _shows(features: BookFeatures, modalities: frozenset[Space]) -> NDArray[np.bool_]:
    """Return which panels have any of these modalities."""
    found = np.zeros(features.n_panels, np.bool_)
    for space in modalities:
        found |= features.of(space).mask
    return found


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
