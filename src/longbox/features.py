"""What is known of a book's panels: the input of every learned stage.

A panel is known by up to four modalities, each the vector of a frozen encoder with its own mask,
and by its utterances: the pieces of lettering one by one, with kind and order, where a task needs
to tell them apart. A `View` says how much of a panel is shown: a closure task that is about
pictures shows pictures only. Showing less never means showing zeros: what a view leaves out is
masked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.errors import ModelError
from longbox.vectors import PanelVectors, Space

TEXT_KINDS: tuple[TextKind, ...] = tuple(TextKind)
MODALITIES: tuple[Space, ...] = (Space.VISION, Space.TEXT, Space.DESCRIPTION, Space.COMPOSITION)
MAX_UTTERANCES = 6
_SAME_WITHIN = 1e-3  # two utterances whose numbers differ by less say the same


class Wording(StrEnum):
    """How a view words a panel's lettering.

    WHOLE is one vector of all of it; IN_ORDER one vector an utterance, in reading order; SWAPPED
    the same utterances with the first two that differ exchanged; CAPTIONS its captions only.
    """

    WHOLE = "whole"
    IN_ORDER = "in_order"
    SWAPPED = "swapped"
    CAPTIONS = "captions"


@dataclass(frozen=True, slots=True)
class View:
    """How much of a panel is shown."""

    modalities: frozenset[Space]
    wording: Wording = Wording.WHOLE

    @property
    def name(self) -> str:
        """A short name: "vision+text", "vision+text (swapped)"."""
        shown = "+".join(s.value for s in MODALITIES if s in self.modalities)
        return shown if self.wording is Wording.WHOLE else f"{shown} ({self.wording})"


@dataclass(frozen=True, slots=True, eq=False)
class Utterances:
    """The pieces of lettering of a book's panels, in reading order.

    Attributes:
        fingerprint: Of the sentence encoder.
        vectors: Unit length, float32 (T, D); zero where the mask is False.
        mask: Whether the encoder could read it, bool (T,).
        kinds: Index into TEXT_KINDS, int64 (T,).
        panels: Row of the panel it belongs to, rising, int64 (T,).

    Raises:
        ModelError: Numbers or shapes do not fit, a vector is not finite, a kind is not known.
    """

    fingerprint: str
    vectors: NDArray[np.float32]
    mask: NDArray[np.bool_]
    kinds: NDArray[np.int64]
    panels: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.vectors)
        if not len(self.mask) == len(self.kinds) == len(self.panels) == n:
            raise ModelError(f"utterances: {n} vectors do not fit their masks, kinds or panels")
        if self.vectors.ndim != 2 or not np.isfinite(self.vectors).all():
            raise ModelError("utterances: vectors must be finite, one row a piece of lettering")
        if self.vectors[~self.mask].any():
            raise ModelError("utterances: one that could not be read has a vector")
        if n and not 0 <= self.kinds.min() <= self.kinds.max() < len(TEXT_KINDS):
            raise ModelError(f"utterances: kinds must be from 0 to {len(TEXT_KINDS) - 1}")
        if n and (self.panels[0] < 0 or (np.diff(self.panels) < 0).any()):
            raise ModelError("utterances: panels must rise from 0, as they are read")

    def of_panel(self, row: int) -> NDArray[np.int64]:
        """Return the indices of a panel's readable utterances, in reading order."""
        first, last = np.searchsorted(self.panels, (row, row + 1))
        found: NDArray[np.int64] = first + np.flatnonzero(self.mask[first:last])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class BookFeatures:
    """What is known of the N panels of one book, rows in the order of `AnnotatedBook.panels()`.

    Attributes:
        series: Books of one series may share art and cast; never split between train and val.
        pages: Page index of every panel, rising, int64 (N,).
        is_story: False on pages that are no story or are flagged: left out of training, bool (N,).
        vision, text, description, composition: A space each; wholly masked where not known.
        kinds: Share of a panel's characters that is of each of TEXT_KINDS, float32 (N, 5); a row
            of zeros where nothing is lettered.
        utterances: None where the lettering was not encoded piece by piece.
        wordings: The lettering as words, for baselines that compare words; empty where not kept.
    """

    book_id: str
    series: str
    language: str | None
    pages: NDArray[np.int64]
    is_story: NDArray[np.bool_]
    vision: PanelVectors
    text: PanelVectors
    description: PanelVectors
    composition: PanelVectors
    kinds: NDArray[np.float32]
    utterances: Utterances | None = None
    wordings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.pages)
        for space in MODALITIES:
            vectors = self.of(space)
            if vectors.space is not space or len(vectors.mask) != n:
                raise ModelError(f"{self.book_id}: {vectors.space} vectors do not fit {n} panels")
        if self.kinds.shape != (n, len(TEXT_KINDS)) or self.is_story.shape != (n,):
            raise ModelError(f"{self.book_id}: kinds or story marks do not fit {n} panels")
        if (np.diff(self.pages) < 0).any():
            raise ModelError(f"{self.book_id}: pages must rise, panels are in reading order")
        if not np.isfinite(self.kinds).all():
            raise ModelError(f"{self.book_id}: a share of a text kind is not finite")
        spoken = self.utterances
        if spoken is not None and len(spoken.panels) and spoken.panels[-1] >= n:
            raise ModelError(f"{self.book_id}: lettering of panel {spoken.panels[-1]} of {n}")
        if self.wordings and len(self.wordings) != n:
            raise ModelError(f"{self.book_id}: {len(self.wordings)} wordings for {n} panels")

    @property
    def n_panels(self) -> int:
        """N."""
        return len(self.pages)

    def of(self, space: Space) -> PanelVectors:
        """Return one modality.

        Raises:
            ModelError: The space is no modality that is given (fused and contextual are made).
        """
        match space:
            case Space.VISION:
                return self.vision
            case Space.TEXT:
                return self.text
            case Space.DESCRIPTION:
                return self.description
            case Space.COMPOSITION:
                return self.composition
        raise ModelError(f"{space} is no modality of a panel but made from them")

    def having(self, vectors: PanelVectors) -> BookFeatures:
        """Return the book with other vectors of one modality.

        Raises:
            ModelError: Their space is no modality that is given.
        """
        match vectors.space:
            case Space.VISION:
                return replace(self, vision=vectors)
            case Space.TEXT:
                return replace(self, text=vectors)
            case Space.DESCRIPTION:
                return replace(self, description=vectors)
            case Space.COMPOSITION:
                return replace(self, composition=vectors)
        raise ModelError(f"{vectors.space} is no modality of a panel but made from them")


@dataclass(frozen=True, slots=True, eq=False)
class LearnedVectors:
    """What trained models of ours made of one book's N panels on P pages.

    Attributes:
        fused: Stage 3, Space.FUSED, rows are panels.
        contextual: Stage 4, Space.CONTEXTUAL, rows are panels.
        pages: Unit vectors of pages in their book, float32 (P, D); zero where masked.
        strips: Unit vectors of pages by the trained strip query, float32 (P, D), likewise.
        page_mask: Whether a page has a vector: it has a panel that is known, bool (P,).
    """

    fused: PanelVectors
    contextual: PanelVectors
    pages: NDArray[np.float32]
    strips: NDArray[np.float32]
    page_mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if (self.fused.space, self.contextual.space) != (Space.FUSED, Space.CONTEXTUAL):
            raise ModelError(f"{self.fused.space} and {self.contextual.space} were given as fused")
        if len(self.fused.mask) != len(self.contextual.mask):
            raise ModelError("fused and contextual vectors are of different panels")
        if not len(self.pages) == len(self.strips) == len(self.page_mask):
            raise ModelError("page vectors, strip vectors and their mask differ in number")


class PanelModel(Protocol):
    """Stages 3 and 4 together: what makes `LearnedVectors`."""

    @property
    def fingerprint(self) -> str:
        """Names the weights of both stages, 16 hex digits: the library's folder of vectors."""
        ...

    @property
    def dimension(self) -> int:
        """D of fused, contextual, page and strip vectors."""
        ...

    def embed(self, features: BookFeatures, n_pages: int) -> LearnedVectors:
        """Understand one book.

        Raises:
            ModelError: The features were made by other encoders than the model was trained with.
        """
        ...


def no_vectors(space: Space, n_panels: int, dimension: int) -> PanelVectors:
    """Return a space that no panel has: all masked."""
    return PanelVectors(
        space, "none", np.zeros((n_panels, dimension), np.float32), np.zeros(n_panels, np.bool_)
    )


def worded(utterances: Utterances, row: int, wording: Wording) -> NDArray[np.int64]:
    """Return the indices of the utterances that a view of a panel shows, in the order shown.

    Args:
        utterances: Of the panel's book.
        row: The panel.
        wording: WHOLE shows no single utterance, so it has no answer here.

    Returns:
        At most MAX_UTTERANCES indices; none for SWAPPED where no two utterances differ.

    Raises:
        ModelError: The wording is WHOLE.
    """
    if wording is Wording.WHOLE:
        raise ModelError("the whole lettering is one vector, not utterances")
    rows = utterances.of_panel(row)
    if wording is Wording.CAPTIONS:
        rows = rows[utterances.kinds[rows] == TEXT_KINDS.index(TextKind.CAPTION)]
    rows = rows[:MAX_UTTERANCES]
    if wording is not Wording.SWAPPED:
        return rows
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            apart = np.abs(utterances.vectors[rows[i]] - utterances.vectors[rows[j]])
            if apart.max(initial=0.0) > _SAME_WITHIN:
                swapped = rows.copy()
                swapped[[i, j]] = swapped[[j, i]]
                return swapped
    return rows[:0]
