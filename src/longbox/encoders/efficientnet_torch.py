"""EfficientNet-Lite0 in torch: what the ONNX graph is checked against, and what can be trained.

Written from the paper's table and TensorFlow's padding rule, without a line shared with the graph
builder but the strides, so that a mistake in one of them shows as a difference. Encoding never
imports this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from longbox.encoders.efficientnet_graph import (
    BATCH_NORM_EPSILON,
    BLOCK_STRIDES,
    PIXEL_MEAN,
    PIXEL_STD,
)

if TYPE_CHECKING:
    from torch import Tensor


def lite0_features(weights: Mapping[str, Tensor], pixels: Tensor) -> dict[str, Tensor]:
    """Run the network.

    Args:
        weights: The state dict of the package.
        pixels: RGB, 0 to 255, any type (B, H, W, 3).

    Returns:
        The output of every block by its name ("block 0" ...) and "head", each (B, C, h, w).
    """
    from torch.nn.functional import relu6

    maps: dict[str, Tensor] = {}
    x = (pixels.float() - PIXEL_MEAN).div(PIXEL_STD).permute(0, 3, 1, 2)  # (B, 3, H, W)
    x = relu6(_conv_and_norm(weights, x, "_conv_stem", "_bn0", 2))
    for index, stride in enumerate(BLOCK_STRIDES):
        name, y = f"_blocks.{index}", x
        if f"{name}._expand_conv.weight" in weights:
            y = relu6(_conv_and_norm(weights, y, f"{name}._expand_conv", f"{name}._bn0"))
        y = relu6(_conv_and_norm(weights, y, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        y = _conv_and_norm(weights, y, f"{name}._project_conv", f"{name}._bn2")
        x = x + y if y.shape == x.shape else y
        maps[f"block {index}"] = x
    maps["head"] = relu6(_conv_and_norm(weights, x, "_conv_head", "_bn1"))
    return maps


def _conv_and_norm(
    weights: Mapping[str, Tensor], x: Tensor, conv: str, norm: str, stride: int = 1
) -> Tensor:
    from torch.nn.functional import batch_norm, conv2d, pad

    kernel = weights[f"{conv}.weight"]
    side = kernel.shape[-1]
    borders = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((-(-length // stride) - 1) * stride + side - length, 0)
        borders += [missing // 2, missing - missing // 2]
    groups = x.shape[1] // kernel.shape[1]
    y = conv2d(pad(x, borders), kernel, stride=stride, groups=groups)
    mean, variance = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
    scale, shift = weights[f"{norm}.weight"], weights[f"{norm}.bias"]
    return batch_norm(y, mean, variance, scale, shift, eps=BATCH_NORM_EPSILON)
