"""Graphs are built once, kept in the user's cache, and opened as lean ONNX Runtime sessions.

A graph is built from weights whose SHA-256 is pinned, so the name of the cached file (model,
start of that digest, version of the builder) says all of its contents. It is written under a
temporary name and renamed: two processes that build at once both write the same file, and a kill
leaves nothing half written under the real name.

Every time a graph is opened it answers one fixed question whose right answer is known from the
original network in torch. A damaged cache file is built again; a machine that computes something
else is an error and never a slightly different library.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.inference import new_session

if TYPE_CHECKING:
    from onnx import ModelProto

_STALE_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True)
class GraphRecipe:
    """How to make and recognise one graph.

    Attributes:
        name: File name in the cache without ending, different for every different graph.
        build: Reads and checks the weights and writes the graph.
        probe: Inputs of the fixed question.
        answer: The first numbers of the vector that the original network answers.
        tolerance: Largest difference allowed between answer and vector.
    """

    name: str
    build: Callable[[], ModelProto]
    probe: Mapping[str, NDArray[Any]]
    answer: tuple[float, ...]
    tolerance: float = 1e-4


class GraphSession:
    """An opened graph; plain arrays in, one array of vectors out."""

    def __init__(self, path: Path, n_threads: int) -> None:
        self._session = new_session(path, n_threads)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run the graph: float32 (B, D)."""
        vectors: NDArray[np.float32] = self._session.run(["vector"], dict(inputs))[0]
        return vectors


def open_graph(recipe: GraphRecipe, cache: Path, n_threads: int) -> GraphSession:
    """Open a graph, building it first where the cache lacks it or holds a damaged one.

    Args:
        recipe: What to open.
        cache: Folder for built graphs; made if missing.
        n_threads: Threads that one run uses.

    Raises:
        ModelError: Weights are missing or altered, the cache cannot be written, or the graph
            answers its question wrongly on this machine.
    """
    path = cache / "encoders" / f"{recipe.name}.onnx"
    if path.is_file():
        session = _try_open(recipe, path, n_threads)
        if session is not None:
            return session
    _write(recipe, path)
    session = _try_open(recipe, path, n_threads)
    if session is None:
        raise ModelError(
            f"{recipe.name}: ONNX Runtime on this machine does not give this model's vectors; "
            f"try another version of onnxruntime"
        )
    return session


def check_digest(path: Path, sha256: str) -> None:
    """Check that a weights file is the pinned one.

    Raises:
        ModelError: It is missing or another file.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot read the weights ({error}); reinstall them") from error
    if found != sha256:
        raise ModelError(
            f"{path}: SHA-256 is {found[:16]}..., expected {sha256[:16]}...; "
            f"these are other weights: reinstall the package with constraints.txt"
        )


def default_cache() -> Path:
    """Return the user's cache folder for Longbox."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("longbox"))


def _try_open(recipe: GraphRecipe, path: Path, n_threads: int) -> GraphSession | None:
    from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

    try:
        session = GraphSession(path, n_threads)
        vector = session.run(recipe.probe)[0]
    except (
        ort_errors.Fail,
        ort_errors.InvalidArgument,
        ort_errors.InvalidGraph,
        ort_errors.InvalidProtobuf,
        ort_errors.NoSuchFile,
        ort_errors.NotImplemented,
        ort_errors.RuntimeException,
    ):
        return None
    head = vector[: len(recipe.answer)]
    expected = np.array(recipe.answer, np.float32)
    if head.shape != expected.shape or not np.allclose(head, expected, 0, recipe.tolerance):
        return None
    return session


def _write(recipe: GraphRecipe, path: Path) -> None:
    data = recipe.build().SerializeToString()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise ModelError(
            f"{path}: cannot write the model cache ({error}); make the folder writable or "
            f"name another one as the cache"
        ) from error


def _remove_stale(folder: Path) -> None:
    """Remove what processes that were killed while writing left behind."""
    for leftover in folder.glob(".*.tmp"):
        try:
            if time.time() - leftover.stat().st_mtime > _STALE_AFTER_S:
                leftover.unlink()
        except FileNotFoundError:
            continue
