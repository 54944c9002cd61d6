from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longbox.encoders import PictureEncoder, picture_encoder
from longbox.encoders.graph_cache import GraphRecipe, check_digest, open_graph
from longbox.encoders.graph_writer import GraphWriter
from longbox.errors import ModelError


def _doubling(factor: float = 2.0) -> Any:
    graph = GraphWriter()
    graph.constant("factor", np.float32(factor))
    graph.add("Mul", [graph.cast("x", "floats"), "factor"], "vector")
    return graph.model("doubling", {"x": ("B", "D")}, 2)


def _recipe(build: Any = _doubling) -> GraphRecipe:
    return GraphRecipe("doubling-v1", build, {"x": np.array([[3, 4]])}, (6.0, 8.0))


def _path(cache: Path) -> Path:
    return cache / "encoders" / "doubling-v1.onnx"


def test_graph_is_built_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def build() -> Any:
        calls.append(1)
        return _doubling()

    for _ in range(3):
        session = open_graph(_recipe(build), tmp_path, 1)
        np.testing.assert_array_equal(session.run({"x": np.array([[1, 5]])}), [[2, 10]])
    assert len(calls) == 1
    assert [p.name for p in _path(tmp_path).parent.iterdir()] == ["doubling-v1.onnx"]


@pytest.mark.parametrize("damage", [b"", b"not a graph", b"\x08\x08" * 40])
def test_damaged_graph_is_built_again(tmp_path: Path, damage: bytes) -> None:
    open_graph(_recipe(), tmp_path, 1)
    whole = _path(tmp_path).read_bytes()
    _path(tmp_path).write_bytes(damage)
    session = open_graph(_recipe(), tmp_path, 1)
    np.testing.assert_array_equal(session.run({"x": np.array([[1, 5]])}), [[2, 10]])
    assert _path(tmp_path).read_bytes() == whole


def test_graph_that_answers_wrongly_is_built_again_then_refused(tmp_path: Path) -> None:
    _path(tmp_path).parent.mkdir()
    _path(tmp_path).write_bytes(_doubling(2.5).SerializeToString())
    session = open_graph(_recipe(), tmp_path, 1)
    np.testing.assert_array_equal(session.run({"x": np.array([[1, 5]])}), [[2, 10]])
    with pytest.raises(ModelError, match="does not give this model's vectors"):
        open_graph(_recipe(lambda: _doubling(2.5)), tmp_path / "other", 1)


def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    folder = _path(tmp_path).parent
    folder.mkdir()
    old, young = folder / ".doubling-v1.onnx.a.tmp", folder / ".doubling-v1.onnx.b.tmp"
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    os.utime(old, (0, 0))
    open_graph(_recipe(), tmp_path, 1)
    assert not old.exists()
    assert young.exists()


def test_cache_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ModelError, match="make the folder writable"):
        open_graph(_recipe(), blocked, 1)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"weights")
    check_digest(weights, hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(ModelError, match="other weights"):
        check_digest(weights, hashlib.sha256(b"others").hexdigest())
    with pytest.raises(ModelError, match="cannot read the weights"):
        check_digest(tmp_path / "missing", "0" * 64)


def test_two_processes_may_build_at_once(tmp_path: Path, lite0: PictureEncoder) -> None:
    code = (
        "import sys, pathlib, numpy\n"
        "from longbox.encoders import picture_encoder\n"
        "p = picture_encoder(cache=pathlib.Path(sys.argv[1]))\n"
        "v = p.encode([numpy.full((40, 50, 3), 77, numpy.uint8)])\n"
        "sys.stdout.write(v.tobytes().hex())\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    expected = lite0.encode([np.full((40, 50, 3), 77, np.uint8)])
    for answer in answers:
        found = np.frombuffer(bytes.fromhex(answer.decode()), np.float32)
        np.testing.assert_allclose(found, expected[0], atol=1e-4)
    assert len(list((tmp_path / "encoders").iterdir())) == 1


def test_unknown_picture_encoder_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match="use efficientnet-lite0, efficientnet-comics or hf:NAME"):
        picture_encoder("alexnet")
