"""Networks in ONNX Runtime, opened the same way wherever one is used.

Sessions do not spin while they wait, because worker processes share the cores, and run without
memory patterns, which are kept for every input shape ever seen and only help when all are alike.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from longbox.errors import ModelError


def new_session(graph: Path | bytes, n_threads: int, *, keeps_memory: bool = True) -> Any:
    """Open a network; what ONNX Runtime has against it is raised as it is.

    Args:
        graph: An ONNX file, or its contents.
        n_threads: Threads of one inference.
        keeps_memory: Keep memory from one inference to the next. Faster, but what stays is the
            peak of every shape seen: off where inputs differ much in size.

    Returns:
        An onnxruntime.InferenceSession.
    """
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = n_threads
    settings.inter_op_num_threads = 1
    settings.enable_mem_pattern = False
    settings.enable_cpu_mem_arena = keeps_memory
    settings.log_severity_level = 4
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(source, settings, providers=["CPUExecutionProvider"])


def open_session(
    path: Path, n_threads: int, sha256: str | None = None, *, keeps_memory: bool = True
) -> Any:
    """Open a network that came with a package.

    Args:
        path: An ONNX file.
        n_threads: Threads of one inference.
        sha256: What the file must hash to, in hex; None where its package is trusted.
        keeps_memory: See `new_session`.

    Raises:
        ModelError: The file is missing, is another one, or is no network.
    """
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    try:
        graph = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: no such model ({error.strerror}); reinstall it") from error
    if sha256 is not None and hashlib.sha256(graph).hexdigest() != sha256:
        raise ModelError(f"{path}: the model is damaged, its checksum is another; reinstall it")
    try:
        return new_session(graph, n_threads, keeps_memory=keeps_memory)
    except (state.InvalidProtobuf, state.InvalidGraph, state.Fail, state.NotImplemented) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: not a usable ONNX model ({reason}); reinstall it") from error
