"""The OCR networks, loaded once per process, on ONNX Runtime or OpenVINO.

The PP-OCRv6 models come with the rapidocr wheel; we run them on ONNX Runtime ourselves, because
rapidocr logs to stderr, starts its own threads, pads every line to 320 pixels and would download a
model that is missing. Threads do not spin while they wait (two processes share the cores), and
the memory arena is off: it keeps the peak of every page shape it has seen (measured: 830 MB
against 350 MB) for a tenth of the time.

Finding lines is one inference on n threads. Reading them is many small ones, so there each runs on
one thread and several threads ask at once (measured on 2 cores: 15 % faster than one after another
on two threads each); both engines may be asked from several threads.

OpenVINO runs the same models and is the default: equal in errors, and on processors that know
bfloat16, which it then computes in, twice as fast (benchmarks/ocr_engines.py).
"""

from __future__ import annotations

import importlib.util
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError, PageError
from longbox.inference import open_session
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
    choices = {"rapidocr": _load_rapidocr, "openvino": _load_openvino}
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


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """PP-OCR on OpenVINO."""

    name: str
    detector: OpenVinoModel
    recogniser: OpenVinoModel
    alphabet: tuple[str, ...]

    def text_map(self, batch: FloatArray) -> FloatArray:
        """Give each pixel its probability of being text: (1, 3, h, w) -> (h, w)."""
        return np.asarray(self.detector.run(batch)[0, 0])

    def characters(self, batch: FloatArray) -> FloatArray:
        """Give each step its character probabilities: (1, 3, 48, w) -> (T, V + 1)."""
        return np.asarray(self.recogniser.run(batch)[0])


@dataclass(frozen=True, slots=True)
class OpenVinoModel:
    """A compiled model and its free requests: one for every thread that asks at once."""

    compiled: Any
    free: deque[Any] = field(default_factory=deque)

    def run(self, batch: FloatArray) -> FloatArray:
        """Run one batch.

        Raises:
            PageError: The network fails on it.
        """
        try:
            request = self.free.pop()
        except IndexError:
            request = self.compiled.create_infer_request()
        try:
            output = np.array(request.infer({0: batch})[0], dtype=np.float32)
        except RuntimeError as error:
            raise _failed_on(batch, error) from error
        self.free.append(request)
        return output


def _load_rapidocr(options: TextOptions) -> Engine:
    folder = _model_folder()
    detector = open_session(folder / _DETECTOR, options.n_threads, keeps_memory=False)
    recogniser = open_session(folder / _RECOGNISER, 1, keeps_memory=False)
    described = recogniser.get_modelmeta().custom_metadata_map.get("character")
    return OnnxEngine("rapidocr", detector, recogniser, _alphabet(described, folder))


def _load_openvino(options: TextOptions) -> Engine:
    folder = _model_folder()
    detector, _ = _compile(folder / _DETECTOR, options.n_threads, n_streams=1)
    recogniser, described = _compile(folder / _RECOGNISER, options.n_threads, options.n_threads)
    return OpenVinoEngine("openvino", detector, recogniser, _alphabet(described, folder))


def _model_folder() -> Path:
    package = importlib.util.find_spec("rapidocr")
    if package is None or package.origin is None:
        raise ModelError("the package rapidocr is not installed; run `pip install rapidocr`")
    return Path(package.origin).parent / "models"


def _alphabet(described: str | None, folder: Path) -> tuple[str, ...]:
    if not described:
        raise ModelError(f"{folder / _RECOGNISER} names no characters; reinstall rapidocr")
    return (*described.splitlines(), " ")


# What OpenVINO prepares for a shape of picture it keeps. A process that reads pictures of all sizes
# holds two thirds more with the 5,000 such things of its default (benchmarks/reading_memory.py).
_KEPT_SHAPES: Final = 500


def _compile(path: Path, n_threads: int, n_streams: int) -> tuple[OpenVinoModel, str | None]:
    """Compile a model for OpenVINO; also return the characters that its metadata names."""
    if importlib.util.find_spec("openvino") is None:
        raise ModelError(
            "the text engine openvino needs the package openvino; run `pip install openvino`, "
            "or choose the engine rapidocr"
        )
    import openvino

    _require_file(path)
    settings = {
        "INFERENCE_NUM_THREADS": n_threads,
        "NUM_STREAMS": n_streams,
        "ENABLE_CPU_PINNING": False,  # processes of several books share the cores
        "CPU_RUNTIME_CACHE_CAPACITY": _KEPT_SHAPES,
    }
    core = openvino.Core()
    try:
        model = core.read_model(str(path))
        compiled = core.compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ModelError(f"{path} is not a usable ONNX model: {_first_line(error)}") from error
    place = ["framework", "character"]
    described = model.get_rt_info(place).astype(str) if model.has_rt_info(place) else None
    return OpenVinoModel(compiled), described


def _run(session: Any, batch: FloatArray) -> FloatArray:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    try:
        output = session.run(None, {session.get_inputs()[0].name: batch})[0]
    except (state.RuntimeException, state.Fail, state.InvalidArgument) as error:
        raise _failed_on(batch, error) from error
    return np.asarray(output, dtype=np.float32)


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(
            f"the OCR model {path} is missing; run `pip install --force-reinstall rapidocr`"
        )


def _failed_on(batch: FloatArray, error: Exception) -> PageError:
    size = f"{batch.shape[3]} x {batch.shape[2]}"
    return PageError(f"the OCR network failed on a picture of {size} pixels: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
