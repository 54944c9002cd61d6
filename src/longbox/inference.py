"""Networks in ONNX Runtime, opened the same way wherever one is used.

Sessions do not spin while they wait (worker processes share the cores), and run without memory
patterns, which only help when every batch has the same shape.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from longbox.errors import ModelError


def open_session(path: Path, n_threads: int, sha256: str | None = None) -> Any:
    """Open a network.

    Args:
        path: An ONNX file.
        n_threads: Threads of one inference.
        sha256: What the file must hash to, in hex; None for files that are checked otherwise.

    Returns:
        An onnxruntime.InferenceSession.

    Raises:
        ModelError: The file is missing, is another one, or is no network.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime

    try:
        graph = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}); install Longbox again"
        ) from error
    if sha256 is not None and hashlib.sha256(graph).hexdigest() != sha256:
        raise ModelError(f"{path}: damaged, its checksum is another; install Longbox again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except (runtime.Fail, runtime.InvalidProtobuf, runtime.InvalidGraph, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path}: not a readable network ({reason}); install Longbox again"
        ) from error
