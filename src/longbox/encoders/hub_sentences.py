"""Sentence encoders from the Hugging Face hub, through sentence-transformers.

Choices a reader would question:
- Prompts come from the model's own configuration. The e5 models were published without one but
  need "query: " and "passage: " in front of every text, so they get them by their name.
- A text longer than the model reads is cut at token borders into windows of nearly equal length,
  each with its prompt, and the windows' vectors are averaged by length.
- What a model can read is told by its tokenizer (legible.py); without an unknown token, it is every
  text with a letter or digit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.hub_files import find_model, hub_fingerprint, loading, torch_threads
from longbox.encoders.legible import is_legible, learned_scripts
from longbox.errors import ModelError
from longbox.vectors import unit

_VERSION = "v1"
_MAX_BATCH = 16
_MAX_TOKENS = 512
_E5 = re.compile(r"(^|[-_./])e5([-_.]|$)", re.IGNORECASE)


class HubSentenceEncoder:
    """Any text model that sentence-transformers loads."""

    def __init__(self, name: str, n_threads: int) -> None:
        self._name = name
        self._n_threads = n_threads
        folder = find_model(name)
        self.fingerprint = hub_fingerprint(name, folder, _VERSION)
        with loading(name):
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(
                str(folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        self._query_prompt, self._document_prompt = _prompts(name, self._model.prompts)
        self._limit = min(int(self._model.max_seq_length or _MAX_TOKENS), _MAX_TOKENS)
        with loading(name):
            self.dimension: int = self._encode_windows([""], "").shape[1]

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts that are searched: unit vectors, float32 (N, D)."""
        return self._encode(texts, self._document_prompt)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode what a person typed: unit vectors, float32 (N, D)."""
        return self._encode(texts, self._query_prompt)

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Say which texts the tokenizer knows, bool (N,); the prompts do not count."""
        return np.array([self._is_legible(text) for text in texts], dtype=np.bool_)

    def _is_legible(self, text: str) -> bool:
        readable = text.encode("utf-8", "replace").decode("utf-8")
        tokens = self._tokenize(readable)
        unknown = self._model.tokenizer.unk_token_id
        is_unknown = [unknown is not None and token == unknown for token in tokens["input_ids"]]
        return is_legible(readable, tokens["offset_mapping"], is_unknown, self._scripts)

    @cached_property
    def _scripts(self) -> frozenset[str] | None:
        """The scripts that a WordPiece vocabulary learned, else None."""
        from tokenizers.models import WordPiece

        backend: Any = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if backend is None or not isinstance(backend.model, WordPiece):
            return None
        return learned_scripts(self._model.tokenizer.get_vocab())

    def _encode(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        windows: list[str] = []
        lengths: list[int] = []
        owners: list[int] = []
        room = self._limit - self._n_tokens(prompt)
        if room < 1:
            raise ModelError(
                f"hf:{self._name}: its prompt fills all {self._limit} tokens that it reads; "
                f"correct max_seq_length in sentence_bert_config.json"
            )
        for index, text in enumerate(texts):
            for window, n_tokens in self._windows(text, room):
                windows.append(window)
                lengths.append(n_tokens)
                owners.append(index)
        sums = np.zeros((len(texts), self.dimension), np.float32)
        if windows:
            weights = np.array(lengths, np.float32)[:, None]
            np.add.at(sums, owners, self._encode_windows(windows, prompt) * weights)
        return unit(sums)

    def _n_tokens(self, prompt: str) -> int:
        return len(self._model.tokenizer(prompt)["input_ids"])

    def _tokenize(self, readable: str) -> Any:
        return self._model.tokenizer(
            readable, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )

    def _windows(self, text: str, room: int) -> Iterator[tuple[str, int]]:
        """Yield pieces of a text that the model can read whole, with their lengths in tokens."""
        readable = text.encode("utf-8", "replace").decode("utf-8")
        spans = self._tokenize(readable)["offset_mapping"]
        n_windows = max(math.ceil(len(spans) / room), 1)
        if n_windows == 1:
            yield readable, max(len(spans), 1)
            return
        borders = [i * len(spans) // n_windows for i in range(n_windows + 1)]
        for start, end in pairwise(borders):
            yield readable[spans[start][0] : spans[end - 1][1]], end - start

    def _encode_windows(self, windows: list[str], prompt: str) -> NDArray[np.float32]:
        with torch_threads(self._n_threads):
            vectors = self._model.encode(
                windows,
                prompt=prompt or None,
                batch_size=_MAX_BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.asarray(vectors, np.float32)


def _prompts(name: str, declared: Mapping[str, str | None]) -> tuple[str, str]:
    """Return what goes in front of a query and of a document."""
    query = declared.get("query") or ""
    document = declared.get("document") or declared.get("passage") or ""
    if not query and not document and _E5.search(name.rstrip("/")):
        return "query: ", "passage: "
    return query, document
