"""Writes ONNX graphs node by node.

A thin layer over `onnx.helper`: it keeps the nodes and weights of a graph in order and names
every output, so that the two network files read like the networks. `onnx` is imported only here
and only when a graph is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

Weights = dict[str, NDArray[Any]]

_OPSET = 17
_IR_VERSION = 8


class GraphWriter:
    """Collects nodes and weights; every method returns the name of what it made."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """Add a weight or another fixed array."""
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add one operation of the ONNX standard with one output."""
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def cast(self, x: str, output: str) -> str:
        """Turn whole numbers into float32."""
        from onnx import TensorProto

        return self.add("Cast", [x], output, to=TensorProto.FLOAT)

    def model(
        self, name: str, inputs: dict[str, tuple[str | int, ...]], n_outputs: int
    ) -> ModelProto:
        """Close the graph.

        Args:
            name: Name of the graph.
            inputs: Name to shape; an input of four axes is uint8 pixels, of two int64 tokens.
            n_outputs: D of the output "vector", float32 (B, D).
        """
        from onnx import TensorProto, helper

        kinds = {4: TensorProto.UINT8, 2: TensorProto.INT64}
        body = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(k, kinds[len(s)], list(s)) for k, s in inputs.items()],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["B", n_outputs])],
            self._constants,
        )
        return helper.make_model(
            body,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="longbox",
        )
