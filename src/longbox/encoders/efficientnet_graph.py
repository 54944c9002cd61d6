"""EfficientNet-Lite0 as an ONNX graph, built from the weights that its pip package ships.

The graph is written directly, not exported from torch: reading the weights and writing the graph
takes a fraction of a second and never loads torch. A test checks it against a plain torch
implementation of the same network.

Batch normalisation is folded into the convolutions. Padding is TensorFlow's "same": on an even
side with stride 2 the odd pixel goes to the right and the bottom.

A picture's features are pooled from seven depths, not only from the last: the head says what is
shown, the early blocks how it is drawn, and a harsh crop of a panel keeps both. Each pooled map is
scaled to length 1 so that none outvotes the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.graph_writer import GraphWriter, Weights

if TYPE_CHECKING:
    from onnx import ModelProto

BATCH_NORM_EPSILON = 1e-3
PIXEL_MEAN = 127.0
PIXEL_STD = 128.0
_INPUTS: dict[str, tuple[str | int, ...]] = {"pixels": ("B", "H", "W", 3)}


# Kernels, channels and expansions are read off the weights; only the strides are not in them.
BLOCK_STRIDES: tuple[int, ...] = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)


# The feature maps that are pooled: the outputs of these blocks and of the head.
POOLED_BLOCKS: tuple[int, ...] = (15, 14, 10, 7, 4, 2)
N_FEATURES = 1280 + 320 + 192 + 112 + 80 + 40 + 24


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What turns pooled features into a vector: vector = (features - mean) @ matrix.

    Attributes:
        mean: float32 (F,).
        matrix: float32 (F, D).
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]


def efficientnet_graph(weights: Weights, projection: Projection | None) -> ModelProto:
    """Write the network as a graph from pixels to one vector a picture.

    Args:
        weights: The state dict of the package.
        projection: The last step; None leaves the pooled features as they are (F = 2048), which
            is what a projection is fitted on.

    Returns:
        A model with input "pixels", uint8 (B, H, W, 3), and output "vector", float32 (B, D).
    """
    graph = GraphWriter()
    for name, value in (("zero", 0.0), ("six", 6.0), ("smallest", 1e-9)):
        graph.constant(name, np.float32(value))
    graph.constant("pixel mean", np.float32(PIXEL_MEAN))
    graph.constant("pixel std", np.float32(PIXEL_STD))
    x = graph.add("Sub", [graph.cast("pixels", "floats"), "pixel mean"], "centred")
    x = graph.add("Div", [x, "pixel std"], "scaled")
    x = graph.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])  # (B, 3, H, W)
    x = _relu6(graph, _conv(graph, weights, x, "_conv_stem", "_bn0", stride=2))
    maps = []
    for index, stride in enumerate(BLOCK_STRIDES):
        x = _block(graph, weights, x, f"_blocks.{index}", stride)
        maps.append(x)
    x = _relu6(graph, _conv(graph, weights, x, "_conv_head", "_bn1"))  # (B, 1280, H/32, W/32)
    pooled = [_unit(graph, _root_mean_square(graph, x))]
    pooled += [_unit(graph, _mean(graph, maps[index])) for index in POOLED_BLOCKS]
    if projection is None:
        graph.add("Concat", pooled, "vector", axis=1)
        return graph.model("efficientnet-lite0", _INPUTS, N_FEATURES)
    features = graph.add("Concat", pooled, "features", axis=1)  # (B, F)
    x = graph.add("Sub", [features, graph.constant("mean", projection.mean)], "features.centred")
    graph.add("MatMul", [x, graph.constant("matrix", projection.matrix)], "vector")
    return graph.model("efficientnet-lite0", _INPUTS, projection.matrix.shape[1])


def _mean(graph: GraphWriter, x: str) -> str:
    return graph.add("ReduceMean", [x], f"{x}.mean", axes=[2, 3], keepdims=0)


def _root_mean_square(graph: GraphWriter, x: str) -> str:
    """Pool with weight on the strong places (GeM with p = 2)."""
    return graph.add("Sqrt", [_mean(graph, graph.add("Mul", [x, x], f"{x}.squared"))], f"{x}.rms")


def _unit(graph: GraphWriter, x: str) -> str:
    length = graph.add("ReduceL2", [x], f"{x}.length", axes=[1], keepdims=1)
    return graph.add("Div", [x, graph.add("Max", [length, "smallest"], f"{x}.safe")], f"{x}.unit")


def _block(graph: GraphWriter, weights: Weights, x: str, name: str, stride: int) -> str:
    """One inverted bottleneck: widen, filter each channel, narrow, add the input."""
    y = x
    if f"{name}._expand_conv.weight" in weights:
        y = _relu6(graph, _conv(graph, weights, y, f"{name}._expand_conv", f"{name}._bn0"))
    y = _relu6(
        graph, _conv(graph, weights, y, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
    )
    y = _conv(graph, weights, y, f"{name}._project_conv", f"{name}._bn2")
    has_shortcut = stride == 1 and _channels_in(weights, name) == _channels_out(weights, name)
    return graph.add("Add", [x, y], f"{name}.out") if has_shortcut else y


def _channels_in(weights: Weights, name: str) -> int:
    expand = weights.get(f"{name}._expand_conv.weight")
    return int(
        (weights[f"{name}._depthwise_conv.weight"].shape[0]) if expand is None else expand.shape[1]
    )


def _channels_out(weights: Weights, name: str) -> int:
    return int(weights[f"{name}._project_conv.weight"].shape[0])


def _conv(
    graph: GraphWriter, weights: Weights, x: str, name: str, norm: str, stride: int = 1
) -> str:
    kernel, bias = _fold_batch_norm(weights, name, norm)
    side = kernel.shape[-1]
    return graph.add(
        "Conv",
        [x, graph.constant(f"{name}.weight", kernel), graph.constant(f"{name}.bias", bias)],
        f"{name}.out",
        kernel_shape=[side, side],
        strides=[stride, stride],
        group=kernel.shape[0] if name.endswith("_depthwise_conv") else 1,
        auto_pad="SAME_UPPER",
    )


def _relu6(graph: GraphWriter, x: str) -> str:
    return graph.add("Clip", [x, "zero", "six"], f"{x}.relu6")


def _fold_batch_norm(
    weights: Weights, conv: str, norm: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return kernel and bias of a convolution with its batch normalisation in them."""
    variance = weights[f"{norm}.running_var"].astype(np.float64) + BATCH_NORM_EPSILON
    scale = weights[f"{norm}.weight"] / np.sqrt(variance)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    kernel = weights[f"{conv}.weight"] * scale[:, None, None, None]
    return kernel.astype(np.float32), bias.astype(np.float32)
