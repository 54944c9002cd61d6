"""MiniLM (a small BERT) as an ONNX graph, built from its safetensors weights.

As with the picture model the graph is written directly: under a second, no torch. Query, key and
value are one matrix product. Tokens beyond a text's end are masked out of the attention and of
the mean, so padding changes nothing. A test compares every vector with sentence-transformers'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from longbox.encoders.graph_writer import GraphWriter, Weights

if TYPE_CHECKING:
    from onnx import ModelProto

LAYER_NORM_EPSILON = 1e-12
_MASKED = -10000.0


@dataclass(frozen=True, slots=True)
class BertShape:
    """The numbers of a BERT encoder.

    Attributes:
        n_layers: Transformer layers.
        n_heads: Attention heads; D / n_heads is the size of one.
        dimension: D, the length of a token's and of a text's vector.
    """

    n_layers: int
    n_heads: int
    dimension: int


MINILM = BertShape(n_layers=6, n_heads=12, dimension=384)


def bert_graph(weights: Weights, shape: BertShape) -> ModelProto:
    """Write the network as a graph from tokens to one vector a text.

    Args:
        weights: The state dict, in the names of transformers' BertModel.
        shape: Its layers, heads and dimension.

    Returns:
        A model with inputs "tokens" int64 (B, T) and "mask" int64 (B, T), 1 where a token is
        real, and output "vector", float32 (B, D): the unit mean over the real tokens.
    """
    graph = GraphWriter()
    _constants(graph, shape)
    mask = graph.cast("mask", "floats.mask")  # (B, T)
    hidden = graph.add("Sub", ["one", mask], "hidden")
    hidden = graph.add("Mul", [hidden, "masked"], "bias.flat")
    bias = graph.add("Unsqueeze", [hidden, "axes.heads"], "bias")  # (B, 1, 1, T)
    x = _embed(graph, weights)
    for layer in range(shape.n_layers):
        x = _layer(graph, weights, f"encoder.layer.{layer}", x, bias)
    _mean(graph, x, mask)
    return graph.model("minilm", {"tokens": ("B", "T"), "mask": ("B", "T")}, shape.dimension)


def _constants(graph: GraphWriter, shape: BertShape) -> None:
    head = shape.dimension // shape.n_heads
    graph.constant("one", np.float32(1.0))
    graph.constant("half", np.float32(0.5))
    graph.constant("root two", np.float32(np.sqrt(2.0)))
    graph.constant("masked", np.float32(_MASKED))
    graph.constant("scale", np.float32(1 / np.sqrt(head)))
    graph.constant("smallest", np.float32(1e-9))
    graph.constant("axes.heads", np.array([1, 2], np.int64))
    graph.constant("axes.last", np.array([2], np.int64))
    graph.constant("axes.tokens", np.array([1], np.int64))
    graph.constant("heads", np.array([0, 0, 3, shape.n_heads, head], np.int64))
    graph.constant("merged", np.array([0, 0, shape.dimension], np.int64))


def _embed(graph: GraphWriter, weights: Weights) -> str:
    """Return token, place and sentence embeddings added and normalised, (B, T, D)."""
    name = "embeddings"
    # All texts are sentence 0 of a pair, so its embedding joins the places'.
    places = weights[f"{name}.position_embeddings.weight"]
    places = places + weights[f"{name}.token_type_embeddings.weight"][0]
    table = graph.constant("words", weights[f"{name}.word_embeddings.weight"])
    graph.constant("places", places)
    x = graph.add("Gather", [table, "tokens"], "words.taken")
    graph.constant("zero index", np.array([0], np.int64))
    graph.add("Shape", ["tokens"], "length", start=1, end=2)
    where = graph.add("Slice", ["places", "zero index", "length", "zero index"], "places.taken")
    return _norm(graph, weights, f"{name}.LayerNorm", graph.add("Add", [x, where], "embedded"))


def _layer(graph: GraphWriter, weights: Weights, name: str, x: str, bias: str) -> str:
    attended = _attention(graph, weights, f"{name}.attention.self", x, bias)
    y = _linear(graph, weights, f"{name}.attention.output.dense", attended)
    y = graph.add("Add", [y, x], f"{name}.attended")
    x = _norm(graph, weights, f"{name}.attention.output.LayerNorm", y)
    y = _gelu(graph, _linear(graph, weights, f"{name}.intermediate.dense", x))
    y = _linear(graph, weights, f"{name}.output.dense", y)
    y = graph.add("Add", [y, x], f"{name}.out")
    return _norm(graph, weights, f"{name}.output.LayerNorm", y)


def _attention(graph: GraphWriter, weights: Weights, name: str, x: str, bias: str) -> str:
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    matrix = np.concatenate([weights[f"{p}.weight"].T for p in parts], axis=1)  # (D, 3 D)
    offset = np.concatenate([weights[f"{p}.bias"] for p in parts])
    y = graph.add("MatMul", [x, graph.constant(f"{name}.weight", matrix)], f"{name}.product")
    y = graph.add("Add", [y, graph.constant(f"{name}.bias", offset)], f"{name}.sum")
    y = graph.add("Reshape", [y, "heads"], f"{name}.heads")  # (B, T, 3, heads, D / heads)
    y = graph.add("Transpose", [y], f"{name}.turned", perm=[2, 0, 3, 1, 4])
    query, key, value = (
        graph.add("Gather", [y, graph.constant(f"{p}.index", np.int64(i))], p, axis=0)
        for i, p in enumerate(parts)
    )  # each (B, heads, T, D / heads)
    query = graph.add("Mul", [query, "scale"], f"{name}.scaled")
    key = graph.add("Transpose", [key], f"{name}.key.turned", perm=[0, 1, 3, 2])
    scores = graph.add("MatMul", [query, key], f"{name}.scores")  # (B, heads, T, T)
    scores = graph.add("Add", [scores, bias], f"{name}.biased")
    scores = graph.add("Softmax", [scores], f"{name}.shares", axis=-1)
    y = graph.add("MatMul", [scores, value], f"{name}.mixed")
    y = graph.add("Transpose", [y], f"{name}.turned.back", perm=[0, 2, 1, 3])
    return graph.add("Reshape", [y, "merged"], f"{name}.merged")  # (B, T, D)


def _linear(graph: GraphWriter, weights: Weights, name: str, x: str) -> str:
    matrix = graph.constant(f"{name}.weight", weights[f"{name}.weight"].T)
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    return graph.add("Add", [graph.add("MatMul", [x, matrix], f"{name}.product"), bias], name)


def _norm(graph: GraphWriter, weights: Weights, name: str, x: str) -> str:
    scale = graph.constant(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    return graph.add(
        "LayerNormalization", [x, scale, bias], name, axis=-1, epsilon=LAYER_NORM_EPSILON
    )


def _gelu(graph: GraphWriter, x: str) -> str:
    """Return x (1 + erf(x / sqrt 2)) / 2, in the shape that ONNX Runtime fuses into one step."""
    y = graph.add("Div", [x, "root two"], f"{x}.scaled")
    y = graph.add("Add", [graph.add("Erf", [y], f"{x}.erf"), "one"], f"{x}.gate")
    return graph.add("Mul", [graph.add("Mul", [x, y], f"{x}.gated"), "half"], f"{x}.gelu")


def _mean(graph: GraphWriter, x: str, mask: str) -> None:
    column = graph.add("Unsqueeze", [mask, "axes.last"], "mask.column")  # (B, T, 1)
    total = graph.add("Mul", [x, column], "masked.tokens")
    total = graph.add("ReduceSum", [total, "axes.tokens"], "total", keepdims=0)  # (B, D)
    # The length of the sum and of the mean differ, their direction does not.
    length = graph.add("ReduceL2", [total], "vector.length", axes=[1], keepdims=1)
    length = graph.add("Max", [length, "smallest"], "vector.length.safe")
    graph.add("Div", [total, length], "vector")
