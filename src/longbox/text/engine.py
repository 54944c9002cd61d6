"""The OCR networks, loaded once per process.

The PP-OCRv6 models come with the rapidocr wheel; we run them on ONNX Runtime ourselves, because
rapidocr logs to stderr, starts its own threads, pads every line to 320 pixels and would download a
model that is missing. Threads do not spin while they wait (two processes share the cores), and
the memory arena is off: it keeps the peak of every page shape it has seen (measured: 830 MB
against 350 MB) for a tenth of the time.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError, PageError
from longbox.text.options import TextOptions

FloatArray = NDArray[np.float32]

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"


class Engine(Protocol):
    """Two networks: where text is, and what a line says."""

    @property
    def name(self) -> str:
        """Recorded as the source of every text region."""

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The V characters that the recogniser knows, the space last."""

    def text_map(self, batch: FloatArray) -> FloatArray:
        """Give each pixel its probability of being text: (1, 3, h, w) -> (h, w)."""

    def characters(self, batch: FloatArray) -> FloatArray:
        """Give each step its character probabilities: (1, 3, 48, w) -> (T, V + 1)."""


def load_engine(options: TextOptions) -> Engine:
    """Load the engine that the options name.

    Raises:
        ModelError: There is no such engine, or its models are missing or damaged.
    """
    choices = {"rapidocr": _load_rapidocr}
    if options.engine not in choices:
        raise ModelError(f"there is no OCR engine {options.engine!r}; choose {', '.join(choices)}")
    return choices[options.engine](options)


@dataclass(frozen=True, slots=True)
class OnnxEngine:
    """PP-OCR on ONNX Runtime."""

    name: str
    detector: Any
    recogniser: Any
    alphabet: tuple[str, ...]

    def text_map(self, batch: FloatArray) -> FloatArray:
        """Give each pixel its probability of being text: (1, 3, h, w) -> (h, w)."""
        return np.asarray(_run(self.detector, batch)[0, 0])

    def characters(self, batch: FloatArray) -> FloatArray:
        """Give each step its character probabilities: (1, 3, 48, w) -> (T, V + 1)."""
        return np.asarray(_run(self.recogniser, batch)[0])


def _load_rapidocr(options: TextOptions) -> Engine:
    package = importlib.util.find_spec("rapidocr")
    if package is None or package.origin is None:
        raise ModelError("the package rapidocr is not installed; run `pip install rapidocr`")
    folder = Path(package.origin).parent / "models"
    detector = open_session(folder / _DETECTOR, options.n_threads)
    recogniser = open_session(folder / _RECOGNISER, options.n_threads)
    described = recogniser.get_modelmeta().custom_metadata_map.get("character")
    if not described:
        raise ModelError(f"{folder / _RECOGNISER} names no characters; reinstall rapidocr")
    return OnnxEngine("rapidocr", detector, recogniser, (*described.splitlines(), " "))


def open_session(path: Path, n_threads: int) -> Any:
    """Open an ONNX model on the CPU.

    Raises:
        ModelError: The file is missing or is not a model.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    if not path.is_file():
        raise ModelError(
            f"the OCR model {path} is missing; run `pip install --force-reinstall rapidocr`"
        )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = n_threads
    settings.inter_op_num_threads = 1
    settings.enable_cpu_mem_arena = False
    settings.enable_mem_pattern = False  # a pattern is kept for every input shape ever seen
    settings.log_severity_level = 4
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except (state.InvalidProtobuf, state.InvalidGraph, state.Fail, state.NotImplemented) as error:
        raise ModelError(f"{path} is not a usable ONNX model: {_first_line(error)}") from error


def _run(session: Any, batch: FloatArray) -> FloatArray:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    try:
        output = session.run(None, {session.get_inputs()[0].name: batch})[0]
    except (state.RuntimeException, state.Fail, state.InvalidArgument) as error:
        raise PageError(
            f"the OCR network failed on a picture of {batch.shape[3]} x {batch.shape[2]} pixels: "
            f"{_first_line(error)}"
        ) from error
    return np.asarray(output, dtype=np.float32)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
