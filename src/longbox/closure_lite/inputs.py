"""Panels as the first version reads them: three modalities and which of them each panel has.

A modality that is missing is marked, never zeros that count (fact 11): this is the one thing about
the first version's inputs that is deliberately not as it was. It knew one text vector a panel, so a
view of single utterances becomes the mean of the shown ones: in what order they stand is lost, and
a panel with its balloons exchanged is the very same panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longbox.closure_lite.config import READ_SPACES, UNKNOWN, ClosureLiteConfig
from longbox.errors import ModelError
from longbox.features import BookFeatures, View, Wording, worded
from longbox.vectors import Space, unit

ALL = View(frozenset(READ_SPACES))


@dataclass(frozen=True, slots=True, eq=False)
class PanelInputs:
    """M panels, of one book or of many.

    Attributes:
        vision, text, composition: float32 (M, D_v), (M, D_t), (M, C).
        present: Which of READ_SPACES a panel has, bool (M, 3); the rest is never read.
    """

    vision: Tensor
    text: Tensor
    composition: Tensor
    present: Tensor

    @property
    def known(self) -> Tensor:
        """Whether a panel has any modality, bool (M,)."""
        return self.present.any(dim=1)

    def without_place(self) -> PanelInputs:
        """Hide composition: it holds the place in reading order, and with it every order task."""
        present = self.present.clone()
        present[:, READ_SPACES.index(Space.COMPOSITION)] = False
        return replace(self, present=present)

    def to(self, device: torch.device) -> PanelInputs:
        """Move every array."""
        return PanelInputs(
            self.vision.to(device),
            self.text.to(device),
            self.composition.to(device),
            self.present.to(device),
        )


def panel_inputs(
    book: BookFeatures,
    config: ClosureLiteConfig,
    view: View = ALL,
    rows: Sequence[int] | NDArray[np.int64] | None = None,
) -> PanelInputs:
    """Read panels of a book as a view shows them.

    Args:
        book: Features of the encoders that the config names.
        config: Of the model that will read them.
        view: What is shown; descriptions are ignored, the first version does not know them.
        rows: Which panels, in this order; all where None.

    Raises:
        ModelError: The features are of other encoders.
    """
    chosen = np.arange(book.n_panels) if rows is None else np.asarray(rows, np.int64)
    arrays, masks = [], []
    for space in READ_SPACES:
        vectors, mask = _read(book, config, space, view, chosen)
        arrays.append(torch.from_numpy(vectors))
        masks.append(mask)
    present = torch.from_numpy(np.stack(masks, axis=1))
    return PanelInputs(arrays[0], arrays[1], arrays[2], present)


def join(panels: Sequence[PanelInputs], config: ClosureLiteConfig) -> PanelInputs:
    """Put panels of several books into one."""
    if not panels:
        empty = [torch.zeros(0, config.input_of(space).dimension) for space in READ_SPACES]
        return PanelInputs(empty[0], empty[1], empty[2], torch.zeros(0, 3, dtype=torch.bool))
    return PanelInputs(
        torch.cat([p.vision for p in panels]),
        torch.cat([p.text for p in panels]),
        torch.cat([p.composition for p in panels]),
        torch.cat([p.present for p in panels]),
    )


def _read(
    book: BookFeatures,
    config: ClosureLiteConfig,
    space: Space,
    view: View,
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    dimension = config.input_of(space).dimension
    nothing = np.zeros((len(rows), dimension), np.float32), np.zeros(len(rows), np.bool_)
    if space not in view.modalities:
        return nothing
    if space is Space.TEXT and view.wording is not Wording.WHOLE:
        return nothing if book.utterances is None else _mean_of_shown(book, config, view, rows)
    given = book.of(space)
    if not given.mask.any():
        return nothing
    _require_fit(book, config, space, given.fingerprint, given.dimension)
    return given.vectors[rows], given.mask[rows]


def _mean_of_shown(
    book: BookFeatures, config: ClosureLiteConfig, view: View, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    utterances = book.utterances
    vectors = np.zeros((len(rows), config.text.dimension), np.float32)
    mask = np.zeros(len(rows), np.bool_)
    if utterances is None or not utterances.mask.any():
        return vectors, mask
    _require_fit(book, config, Space.TEXT, utterances.fingerprint, utterances.vectors.shape[1])
    for place, row in enumerate(rows):
        # Sorted, so that exchanged utterances give the same sum to the last bit.
        shown = np.sort(worded(utterances, int(row), view.wording))
        if len(shown):
            vectors[place] = unit(utterances.vectors[shown].mean(axis=0))
            mask[place] = bool(vectors[place].any())
    return vectors, mask


def _require_fit(
    book: BookFeatures, config: ClosureLiteConfig, space: Space, fingerprint: str, dimension: int
) -> None:
    wanted = config.input_of(space)
    if wanted.fingerprint == UNKNOWN:
        raise ModelError(
            f"book {book.book_id}: {space} vectors by {fingerprint}, but the model was trained on "
            f"books that had none; train it on this library"
        )
    if (fingerprint, dimension) != (wanted.fingerprint, wanted.dimension):
        raise ModelError(
            f"book {book.book_id}: {space} vectors by {fingerprint} ({dimension} numbers), but the "
            f"model was trained with {wanted.fingerprint} ({wanted.dimension}); index the library "
            f"with that encoder, or train the model on this library"
        )
