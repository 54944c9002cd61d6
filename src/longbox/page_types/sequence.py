"""The sequence model: every page of one book at once, two tokens a page, in ONNX Runtime.

`training/page_types.py` makes `page_types.onnx` and `page_types.json` (format number, classes,
encoders it was trained with, data, seed, scores). A book is read in windows of pages that overlap,
so that its length does not matter; attention inside a window knows only how far apart two pages
are, and the place in the whole book is among the inputs. Vectors of encoders that the model was
not trained with are masked: the model has seen books without pictures and without words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageType
from longbox.errors import ModelError
from longbox.inference import open_session
from longbox.page_types.features import (
    SEEN_FEATURES,
    WRITTEN_FEATURES,
    BookFeatures,
    PageRows,
    book_features,
)

FORMAT = 1
WINDOW_PAGES = 96
_OVERLAP_PAGES = 32
_GRAPH = "page_types.onnx"
_CONFIG = "page_types.json"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What page_types.json says of the model.

    Attributes:
        classes: In the order of the model's answers.
        picture_fingerprint: Encoder of the picture vectors it was trained with.
        sentence_fingerprint: As picture_fingerprint.
        picture_size: D of the picture vectors.
        sentence_size: As picture_size.
    """

    classes: tuple[PageType, ...]
    picture_fingerprint: str
    sentence_fingerprint: str
    picture_size: int
    sentence_size: int


class SequenceModel:
    """The trained model, opened when first asked."""

    def __init__(self, folder: Path | None = None, *, n_threads: int = 1) -> None:
        """Choose the model of a folder, or the one that comes with Longbox.

        Raises:
            ModelError: Its description is missing, damaged or of another format.
        """
        self._folder = folder or Path(str(files("longbox.page_types")))
        self._n_threads = n_threads
        self.config = _read_config(self._folder / _CONFIG)

    @cached_property
    def _session(self) -> Any:
        return open_session(self._folder / _GRAPH, self._n_threads)

    def probabilities(self, rows: PageRows) -> NDArray[np.float32]:
        """Say how likely each type is, for every page of a book.

        Args:
            rows: The book's pages; vectors that are masked may be of any size.

        Returns:
            float32 (P, len(config.classes)); rows sum to 1.

        Raises:
            ModelError: Vectors that are not masked are not of the size trained with.
        """
        n_pages = rows.n_pages
        if n_pages == 0:
            return np.zeros((0, len(self.config.classes)), np.float32)
        features = book_features(self._fitted(rows))
        total = np.zeros((n_pages, len(self.config.classes)), np.float64)
        weights = np.zeros((n_pages, 1), np.float64)
        for start, end in windows(n_pages):
            weight = _ramp(start, end, n_pages)
            total[start:end] += weight * self._answer(features, start, end)
            weights[start:end] += weight
        scores = total / weights
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), np.float32)

    def _answer(self, features: BookFeatures, start: int, end: int) -> NDArray[np.float32]:
        inputs = {
            "picture": features.picture[start:end],
            "seen": features.seen[start:end],
            "sentence": features.sentence[start:end],
            "written": features.written[start:end],
        }
        batch = {name: rows[None].astype(np.float32) for name, rows in inputs.items()}
        batch["is_page"] = np.ones((1, end - start), np.float32)
        answer = self._session.run(["scores"], batch)[0]
        return np.asarray(answer[0], np.float32)

    def _fitted(self, rows: PageRows) -> PageRows:
        """Give masked vectors the size that the graph takes."""
        n = rows.n_pages
        picture, sentence = rows.picture, rows.sentence
        if not rows.picture_mask.any():
            picture = np.zeros((n, self.config.picture_size), np.float32)
        if not rows.sentence_mask.any():
            sentence = np.zeros((n, self.config.sentence_size), np.float32)
        sizes = (self.config.picture_size, self.config.sentence_size)
        if (picture.shape[1], sentence.shape[1]) != sizes:
            raise ModelError(
                f"the page type model takes vectors of {sizes[0]} and {sizes[1]} numbers, not "
                f"{picture.shape[1]} and {sentence.shape[1]}; mask those of other encoders"
            )
        return PageRows(
            rows.look,
            rows.look_mask,
            rows.layout,
            picture,
            rows.picture_mask,
            sentence,
            rows.sentence_mask,
        )


def windows(n_pages: int) -> list[tuple[int, int]]:
    """Cut a book into windows of at most WINDOW_PAGES pages that overlap, as (start, end)."""
    if n_pages <= WINDOW_PAGES:
        return [(0, n_pages)]
    step = WINDOW_PAGES - _OVERLAP_PAGES
    starts = [*range(0, n_pages - WINDOW_PAGES, step), n_pages - WINDOW_PAGES]
    return [(start, start + WINDOW_PAGES) for start in starts]


def _ramp(start: int, end: int, n_pages: int) -> NDArray[np.float64]:
    """Weigh a window's pages: less near a cut, where context is missing; (end - start, 1)."""
    at = np.arange(end - start, dtype=np.float64)
    left = np.full(len(at), np.inf) if start == 0 else at + 1
    right = np.full(len(at), np.inf) if end == n_pages else at[::-1] + 1
    return np.asarray(np.minimum(np.minimum(left, right), _OVERLAP_PAGES)[:, None] / _OVERLAP_PAGES)


def _read_config(path: Path) -> ModelConfig:
    try:
        said: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        number = said["format"]
        if number != FORMAT:
            raise ModelError(
                f"{path}: page type model of format {number}, this version reads {FORMAT}; "
                f"install Longbox again or train with this version"
            )
        if tuple(said["seen_features"]) != SEEN_FEATURES or (
            tuple(said["written_features"]) != WRITTEN_FEATURES
        ):
            raise ModelError(f"{path}: the model was trained on other features; train it again")
        return ModelConfig(
            tuple(PageType(name) for name in said["classes"]),
            str(said["picture_fingerprint"]),
            str(said["sentence_fingerprint"]),
            int(said["picture_size"]),
            int(said["sentence_size"]),
        )
    except OSError as error:
        raise ModelError(
            f"{path}: the page type model is missing ({error}); set [page_types] labeller = "
            f'"rules" or install Longbox again'
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a page type model ({error!r}); train it again") from error
