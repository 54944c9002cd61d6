"""Stage 3 without torch: what search and indexing use.

The forward pass of longbox.fusion.model in numpy, from the same weights; a search that fuses one
query then need not wait for torch. The tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.features import TEXT_KINDS, BookFeatures, View
from longbox.fusion.config import FusionConfig
from longbox.fusion.tokens import Tokens, tokens_of
from longbox.vectors import PanelVectors, QueryVector, Space

Floats = NDArray[np.float32]
_AT_ONCE = 1024
_LEAST = 1e-6
_NORM_EPSILON = 1e-5


class FusionEncoder:
    """A trained stage 3.

    Attributes:
        config: Its sizes and the encoders it knows.
        fingerprint: Names its weights and those encoders.
        weights: By the names of longbox.fusion.model, float32.
    """

    def __init__(
        self, config: FusionConfig, weights: Mapping[str, NDArray[np.floating]], fingerprint: str
    ) -> None:
        self.config = config
        self.fingerprint = fingerprint
        self.weights = {name: np.asarray(w, np.float32) for name, w in weights.items()}

    def encode(self, book: BookFeatures, view: View) -> PanelVectors:
        """Fuse what a view shows of a book's panels: Space.FUSED, masked where it shows nothing.

        Raises:
            ModelError: A modality was made by an encoder that the model does not know.
        """
        rows = np.zeros((book.n_panels, self.config.d_model), np.float32)
        mask = np.zeros(book.n_panels, np.bool_)
        for start in range(0, book.n_panels, _AT_ONCE):
            chosen = np.arange(start, min(start + _AT_ONCE, book.n_panels))
            tokens = tokens_of(book, view, self.config, chosen)
            rows[chosen], mask[chosen] = self.fuse(tokens), tokens.is_known
        return PanelVectors(Space.FUSED, self.fingerprint, rows, mask)

    def fuse_query(self, query: QueryVector) -> QueryVector:
        """Place a query of one modality in the fused space.

        A sentence query is read as lettering whose kind is not known; a picture as a panel of which
        nothing else is known.

        Raises:
            ModelError: The query is of another encoder, or of a space that is no modality.
        """
        known = {
            Space.VISION: self.config.picture,
            Space.TEXT: self.config.sentence,
            Space.DESCRIPTION: self.config.sentence,
            Space.COMPOSITION: self.config.composition,
        }.get(query.space)
        if known != query.fingerprint:
            raise ModelError(
                f"a {query.space} query of {query.fingerprint} cannot be fused: the model knows "
                f"{known or 'no such modality'}"
            )
        sizes = {
            Space.VISION: self.config.picture_size,
            Space.COMPOSITION: self.config.composition_size,
        }
        size = sizes.get(query.space, self.config.sentence_size)
        if query.vector.shape != (size,) or not np.isfinite(query.vector).all():
            raise ModelError(f"a {query.space} query of {known} must be {size} finite numbers")
        tokens = self._only(query)
        return QueryVector(Space.FUSED, self.fingerprint, self.fuse(tokens)[0])

    def fuse(self, tokens: Tokens) -> Floats:
        """Fuse panels: unit vectors float32 (B, D), zero where nothing is present."""
        total = self._gated(self.modality_vectors(tokens), tokens.has_modality)
        if self.config.n_layers:
            total = total + self.weights["share"] * self._attended(tokens)
        fused: Floats = _direction(total) * tokens.is_known[:, None]
        return fused

    def modality_vectors(self, tokens: Tokens) -> Floats:
        """Place each modality in the common space, by itself.

        Returns:
            Unit vectors, float32 (B, 4, D): vision, text, description, composition; zero where
            absent (`Tokens.has_modality`).
        """
        n_words = tokens.text.shape[1]
        has_words: NDArray[np.bool_] = tokens.present[:, 1 : 1 + n_words]
        texts = self._linear("map_words", tokens.text) * has_words[..., None]
        mapped = np.stack(
            [
                self._linear("map_picture", tokens.vision),
                texts.sum(axis=1) / np.maximum(has_words.sum(axis=1, keepdims=True), 1),
                self._linear("map_words", tokens.description),
                self._linear("map_place", tokens.composition),
            ],
            axis=1,
        ).astype(np.float32)  # (B, 4, D)
        placed: Floats = _direction(mapped) * tokens.has_modality[..., None]
        return placed

    def _gated(self, vectors: Floats, present: NDArray[np.bool_]) -> Floats:
        own = np.diagonal(self._linear("fuse.gate", vectors), axis1=1, axis2=2)
        logits = np.where(present, self.weights["fuse.gain"] + np.tanh(own), -1e9)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights = weights / weights.sum(axis=1, keepdims=True) * present
        total: Floats = np.einsum("bm,bmd->bd", weights.astype(np.float32), vectors)
        return total

    def _attended(self, tokens: Tokens) -> Floats:
        w, names = self.weights, self.weights["modality.weight"]
        words = self._linear("token_words", tokens.text) + tokens.kinds @ w["kind.weight"].T
        words = words + w["rank.weight"][tokens.ranks] + names[1]
        size = len(tokens)
        x = np.concatenate(
            [
                np.broadcast_to(w["query"], (size, 1, self.config.d_hidden)),
                (self._linear("token_picture", tokens.vision) + names[0])[:, None],
                words,
                (self._linear("token_words", tokens.description) + names[2])[:, None],
                (self._linear("token_place", tokens.composition) + names[3])[:, None],
            ],
            axis=1,
        )  # (B, 1 + M, W)
        present = np.concatenate([np.ones((size, 1), np.bool_), tokens.present], axis=1)
        for index in range(self.config.n_layers):
            x = self._layer(f"layers.{index}", x, present)
        return self._linear("out", self._norm("norm", x[:, 0]))

    def _layer(self, name: str, x: Floats, present: NDArray[np.bool_]) -> Floats:
        b, m, w = x.shape
        n_heads = self.config.n_heads
        qkv = self._linear(f"{name}.qkv", self._norm(f"{name}.norm1", x))
        q, k, v = qkv.reshape(b, m, 3, n_heads, w // n_heads).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / np.float32((w // n_heads) ** 0.5)
        scores = np.where(present[:, None, None], scores, np.float32(-1e9))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        x = x + self._linear(f"{name}.out", seen.swapaxes(1, 2).reshape(b, m, w))
        wide = self._linear(f"{name}.up", self._norm(f"{name}.norm2", x))
        return x + self._linear(f"{name}.down", _gelu(wide))

    def _linear(self, name: str, x: Floats) -> Floats:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        flat = x.reshape(-1, x.shape[-1]) @ weight.T + bias  # one product of matrices, not many
        result: Floats = flat.reshape(*x.shape[:-1], len(weight))
        return result

    def _norm(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + _NORM_EPSILON)
        normed: Floats = centred / scale * self.weights[f"{name}.weight"]
        return normed + self.weights[f"{name}.bias"]

    def _only(self, query: QueryVector) -> Tokens:
        """Return one panel of which only the query is known."""

        def row(space: Space, size: int) -> Floats:
            return query.vector[None] if query.space is space else np.zeros((1, size), np.float32)

        order = (Space.VISION, Space.TEXT, Space.DESCRIPTION, Space.COMPOSITION)
        return Tokens(
            row(Space.VISION, self.config.picture_size),
            row(Space.TEXT, self.config.sentence_size)[:, None],
            np.zeros((1, 1, len(TEXT_KINDS)), np.float32),
            np.zeros((1, 1), np.int64),
            row(Space.DESCRIPTION, self.config.sentence_size),
            row(Space.COMPOSITION, self.config.composition_size),
            np.array([[query.space is space for space in order]]),
        )


def _direction(x: Floats) -> Floats:
    """Scale rows to length 1, as torch's normalize does."""
    norms = np.linalg.norm(x, axis=-1, keepdims=True)
    scaled: Floats = x / np.maximum(norms, np.float32(_LEAST))
    return scaled


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    half: Floats = x * np.float32(0.5) * (1 + erf(x / np.float32(2**0.5)))
    return half
