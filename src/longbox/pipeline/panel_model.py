"""Stages 3 and 4 as one: what `longbox embed` and the end of `longbox index` run over a book.

A library's own models (`models/fusion`, `models/sequence`, made by `longbox train`) come before
those that are shipped. Stage 4 reads one stage 3 model's vectors only, so both come from the same
place. Panels are read over the whole book in windows, pages from their panels in context, and the
book from its pages.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.features import MODALITIES, BookFeatures, LearnedVectors, View
from longbox.fusion import FusionEncoder, open_fusion, tokens_of
from longbox.sequence import Input, load_sequence, windows_of
from longbox.vectors import PanelVectors, QueryVector, Space

if TYPE_CHECKING:
    from torch import Tensor

    from longbox.sequence import ModalityVectors, Stage4SequenceModel

MODELS_NAME: Final = "models"
FUSION_NAME: Final = "fusion"
SEQUENCE_NAME: Final = "sequence"
_EVERYTHING = View(frozenset(MODALITIES))
_AT_ONCE = 32
_BOOK_WINDOW = 12
Modalities = tuple[NDArray[np.float32], NDArray[np.bool_]]


def open_panel_model(root: Path | None = None, n_threads: int = 2) -> SequencePanelModel:
    """Open the models of a library, or the shipped ones where it has none of its own.

    Args:
        root: The library's folder.
        n_threads: Threads that torch may use.

    Raises:
        ModelError: A model is missing or damaged, or the two do not belong together.
    """
    own = None if root is None else root / MODELS_NAME
    if own is not None and (own / SEQUENCE_NAME).is_dir():
        return SequencePanelModel(open_fusion(own / FUSION_NAME), own / SEQUENCE_NAME, n_threads)
    return SequencePanelModel(open_fusion(), None, n_threads)


class SequencePanelModel:
    """A PanelModel of a fusion encoder and a sequence model; torch is loaded when first needed."""

    def __init__(self, fusion: FusionEncoder, folder: Path | None, n_threads: int) -> None:
        self.fusion = fusion
        self._folder, self._n_threads = folder, n_threads

    @cached_property
    def _loaded(self) -> tuple[Stage4SequenceModel, str]:
        import torch

        torch.set_num_threads(self._n_threads)
        model, name = load_sequence(self._folder) if self._folder else load_sequence()
        if model.config.fusion != self.fusion.fingerprint:
            raise ModelError(
                f"{self._folder or 'the shipped model'}: the sequence model was trained on "
                f"{model.config.fusion}, the fusion model is {self.fusion.fingerprint}; run "
                f"`longbox train sequence` again"
            )
        return model, name

    @cached_property
    def _bulk(self) -> FusionEncoder:
        from longbox.fusion import BulkFusionEncoder

        return BulkFusionEncoder(self.fusion)

    @property
    def sequence(self) -> Stage4SequenceModel:
        """The sequence model, in evaluation mode."""
        return self._loaded[0]

    @property
    def fingerprint(self) -> str:
        """Names the weights of both stages, 16 hex digits."""
        names = f"{self.fusion.fingerprint} {self._loaded[1]}"
        return hashlib.sha256(names.encode()).hexdigest()[:16]

    @property
    def dimension(self) -> int:
        """D of fused, contextual, page and strip vectors."""
        return self.fusion.config.d_model

    def fuse_query(self, query: QueryVector) -> QueryVector:
        """Place a query of one modality in the fused space; needs no torch.

        Raises:
            ModelError: The query is of another encoder than the model was trained with.
        """
        return self.fusion.fuse_query(query)

    def embed(self, features: BookFeatures, n_pages: int) -> LearnedVectors:
        """Understand one book.

        Raises:
            ModelError: The features were made by other encoders than the model was trained with.
        """
        import torch

        model, name = self._loaded
        fused = self._bulk.encode(features, _EVERYTHING)
        with torch.inference_mode():
            contextual = contextual_of(model, fused, self._modalities(features, model))
            strips, mask = strips_of(model, contextual, fused.mask, features.pages, n_pages)
            pages = pages_of(model, strips, mask)
        vectors = PanelVectors(Space.CONTEXTUAL, name, contextual, fused.mask)
        return LearnedVectors(fused, vectors, pages, strips, mask)

    def attention(
        self, features: BookFeatures, row: int, layer: int | None = None
    ) -> NDArray[np.float32]:
        """Return what a panel attends to while its contextual vector is made.

        Args:
            features: Of its book, N panels.
            row: The panel.
            layer: From 1; None for the last.

        Returns:
            Shares of the book's panels, mean over heads, float32 (N,), summing to 1.

        Raises:
            ModelError: Nothing is known of the panel, the model has no such layer, or the features
                were made by other encoders.
        """
        import torch

        model, _ = self._loaded
        at = model.config.n_layers if layer is None else layer
        if not 1 <= at <= model.config.n_layers:
            raise ModelError(f"the model has layers 1 to {model.config.n_layers}, not {at}")
        fused = self.fusion.encode(features, _EVERYTHING)
        if not 0 <= row < len(fused.mask) or not fused.mask[row]:
            raise ModelError(f"{features.book_id}: nothing is known of panel {row}")
        plan = windows_of(len(fused.mask))
        rows = plan.starts[plan.window[row]] + np.arange(plan.length)
        shared = self._modalities(features, model)
        found: list[Tensor] = []
        with torch.inference_mode():
            model.contextualize(
                torch.from_numpy(fused.vectors[rows][None]),
                torch.from_numpy(fused.mask[rows][None]),
                found,
                None if shared is None else _chosen(shared, rows[None]),
            )
        weights = np.zeros(len(fused.mask), np.float32)
        weights[rows] = found[at - 1][0, :, plan.offset[row]].mean(dim=0).numpy()
        return weights

    def _modalities(self, features: BookFeatures, model: Stage4SequenceModel) -> Modalities | None:
        """Place the modalities of a book for a model that reads them."""
        if model.config.reads != Input.MODALITIES:
            return None
        tokens = tokens_of(features, _EVERYTHING, self.fusion.config)
        return self.fusion.modality_vectors(tokens), tokens.has_modality


def contextual_of(
    model: Stage4SequenceModel, fused: PanelVectors, modalities: Modalities | None = None
) -> NDArray[np.float32]:
    """Read a book's panels in windows: contextual vectors float32 (N, D), zero where masked.

    Args:
        model: Stage 4.
        fused: Of the book's panels.
        modalities: Vectors (N, 4, D) and mask (N, 4), for a model that reads them.
    """
    import torch

    n = len(fused.mask)
    plan = windows_of(n)
    rows = plan.starts[:, None] + np.arange(plan.length)  # (W, L)
    read = np.zeros((len(rows), plan.length, fused.dimension), np.float32)
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        panels, mask = torch.from_numpy(fused.vectors[some]), torch.from_numpy(fused.mask[some])
        shown = None if modalities is None else _chosen(modalities, some)
        found = model.contextualize(panels, mask, modalities=shown)
        read[first : first + len(some)] = found.numpy()
    return read[plan.window, plan.offset] * fused.mask[:, None]


def _chosen(modalities: Modalities, rows: NDArray[np.int64]) -> ModalityVectors:
    import torch

    from longbox.sequence import ModalityVectors

    vectors, mask = modalities
    return ModalityVectors(torch.from_numpy(vectors[rows]), torch.from_numpy(mask[rows]))


def strips_of(
    model: Stage4SequenceModel,
    contextual: NDArray[np.float32],
    known: NDArray[np.bool_],
    pages: NDArray[np.int64],
    n_pages: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Sum every page up from its panels in context: (P, D) and mask (P,)."""
    import torch

    strips = np.zeros((n_pages, contextual.shape[1]), np.float32)
    rows = [np.flatnonzero((pages == page) & known) for page in range(n_pages)]
    mask = np.array([len(r) > 0 for r in rows], np.bool_)
    told = sorted(np.flatnonzero(mask), key=lambda page: len(rows[page]))
    for first in range(0, len(told), _AT_ONCE):
        some = told[first : first + _AT_ONCE]
        longest = max(len(rows[p]) for p in some)
        panels = np.zeros((len(some), longest, contextual.shape[1]), np.float32)
        here = np.zeros((len(some), longest), np.bool_)
        for i, page in enumerate(some):
            panels[i, : len(rows[page])] = contextual[rows[page]]
            here[i, : len(rows[page])] = True
        found: Tensor = model.strip(torch.from_numpy(panels), torch.from_numpy(here))
        strips[some] = found.numpy()
    return strips, mask


def pages_of(
    model: Stage4SequenceModel, strips: NDArray[np.float32], mask: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Read a book's pages in windows, from their strips: float32 (P, D), zero where masked."""
    import torch

    told = np.flatnonzero(mask)
    plan = windows_of(len(told), _BOOK_WINDOW)
    rows = told[plan.starts[:, None] + np.arange(plan.length)] if len(told) else None
    pages = np.zeros_like(strips)
    if rows is None:
        return pages
    here = torch.ones(rows.shape, dtype=torch.bool)
    read = model.book(torch.from_numpy(strips[rows]), here).numpy()
    pages[told] = read[plan.window, plan.offset]
    return pages
