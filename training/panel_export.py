"""Makes what is shipped of a trained panel network.

    python -m training.panel_export DIR/panel_network.pt

Writes src/longbox/panels/panel_network.onnx (weights in half precision, computed in single) and its
card, panel_network.json, and checks that ONNX Runtime answers as torch does for pages of several
shapes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from longbox.panels.network import FORMAT
from longbox.panels.page_size import network_size
from training.panel_network import PageOfCells, PanelNetwork
from training.panels import BATCH

TARGET = Path(__file__).resolve().parent.parent / "src" / "longbox" / "panels"
SHAPES = ((1000, 1400), (1400, 1000), (1500, 480), (700, 1330))
SMALLEST_HALVED = 512
"""Tensors of fewer numbers stay as they are: they are nothing in bytes and much in precision."""


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large weights as float16 with a cast behind them, which ONNX Runtime folds away."""
    casts = []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < SMALLEST_HALVED:
            continue
        name = tensor.name
        half = numpy_helper.from_array(array.astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def write_card(path: Path, trained: dict[str, Any]) -> None:
    """Write the card of a network: format, checksum, and what it was trained on."""
    card = {
        "format": FORMAT,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        **trained,
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card))


def export(
    module: torch.nn.Module, example: tuple[Any, ...], path: Path, axes: dict[str, Any]
) -> None:
    """Write a module as ONNX with half-precision weights."""
    names = list(axes)
    torch.onnx.export(
        module,
        example,
        str(path),
        input_names=names[:-1],
        output_names=names[-1:],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    onnx.save(halved(onnx.load(str(path))), str(path))


def check(module: torch.nn.Module, path: Path) -> float:
    """Return the largest difference between torch and ONNX Runtime on pages of several shapes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for shape in SHAPES:
        width, height = network_size(*shape)
        pages = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = module(torch.from_numpy(pages)).numpy()
        (answer,) = session.run(None, {"pages": pages})
        worst = max(worst, float(np.abs(np.asarray(answer) - expected).max()))
    return worst


def main() -> None:
    """Export the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    network = PanelNetwork()
    network.load_state_dict(torch.load(arguments.weights, weights_only=True))
    module = PageOfCells(network).eval()
    path = arguments.target / "panel_network.onnx"
    example = (torch.zeros((1, 640, 448, 3), dtype=torch.uint8),)
    axes = {"pages": {1: "height", 2: "width"}, "cells": {1: "rows", 2: "columns"}}
    export(module, example, path, axes)
    worst = check(module, path)
    checkpoint = torch.load(arguments.weights.with_name("checkpoint.pt"), weights_only=True)
    trained = {
        "data": "training/panel_dataset.py on the train works of the real comics",
        "parameters": sum(p.numel() for p in network.parameters()),
        "steps": checkpoint["step"],
        "pages_seen": checkpoint["step"] * BATCH,
        "minutes": round(checkpoint["spent_s"] / 60),
        "seed": checkpoint.get("seed", 0),
        "off_torch": worst,
    }
    write_card(path, trained)
    if worst > 0.02:
        raise SystemExit(f"{path}: ONNX Runtime and torch differ by {worst}")


if __name__ == "__main__":
    main()
