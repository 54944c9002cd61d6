"""EfficientNet-Lite0 as it is trained: early blocks frozen, batch norm folded as it runs.

Choices a reader would question:
- The statistics of batch normalisation stay ImageNet's; its scales and shifts are trained. So the
  kernel that a convolution runs with is weight x scale, a product over weights and not over maps,
  and one pass over every map is saved. What is trained keeps the names of the package's state dict,
  so the graph builder reads tuned weights like any others.
- The stem and the first blocks stay as they are. They are a quarter of the arithmetic but, trained,
  half of the time, and edges and colours are the same in comics.
- Symmetric padding is left to the convolution; only stride 2 needs TensorFlow's uneven one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import conv2d, normalize, pad, relu6

from longbox.encoders.efficientnet_graph import (
    BATCH_NORM_EPSILON,
    BLOCK_STRIDES,
    PIXEL_MEAN,
    PIXEL_STD,
    POOLED_BLOCKS,
)

FIRST_TUNED_BLOCK = 6


def tuned_names(weights: Mapping[str, Tensor], first_block: int = FIRST_TUNED_BLOCK) -> list[str]:
    """Name the tensors that training changes.

    Args:
        weights: The state dict of the package.
        first_block: Blocks before this one, and the stem, are frozen.
    """
    names = []
    for name in weights:
        part = name.split(".")
        if part[-1] in ("running_mean", "running_var", "num_batches_tracked"):
            continue
        is_late_block = part[0] == "_blocks" and int(part[1]) >= first_block
        if is_late_block or part[0] in ("_conv_head", "_bn1"):
            names.append(name)
    return names


def pooled_features(
    weights: Mapping[str, Tensor], pixels: Tensor, first_block: int = FIRST_TUNED_BLOCK
) -> Tensor:
    """Compute the pooled features of seven depths, with gradients from `first_block` on.

    Args:
        weights: The state dict of the package, or a tuned one.
        pixels: RGB, 0 to 255, uint8 (B, H, W, 3).
        first_block: The first block that has gradients.

    Returns:
        float32 (B, 2048), the features that the ONNX graph pools.
    """
    with torch.no_grad():
        x = (pixels.float() - PIXEL_MEAN).div_(PIXEL_STD).permute(0, 3, 1, 2)  # (B, 3, H, W)
        x = relu6(_conv(weights, x, "_conv_stem", "_bn0", 2))
        maps = []
        for index in range(first_block):
            x = _block(weights, x, index)
            maps.append(x)
    for index in range(first_block, len(BLOCK_STRIDES)):
        x = _block(weights, x, index)
        maps.append(x)
    head = relu6(_conv(weights, x, "_conv_head", "_bn1"))
    pooled = [head.float().square().mean((2, 3)).clamp_min(1e-12).sqrt()]
    pooled += [maps[i].float().mean((2, 3)) for i in POOLED_BLOCKS]
    return torch.cat([normalize(p, dim=1) for p in pooled], dim=1)


def _block(weights: Mapping[str, Tensor], x: Tensor, index: int) -> Tensor:
    name, stride, y = f"_blocks.{index}", BLOCK_STRIDES[index], x
    if f"{name}._expand_conv.weight" in weights:
        y = relu6(_conv(weights, y, f"{name}._expand_conv", f"{name}._bn0"))
    y = relu6(_conv(weights, y, f"{name}._depthwise_conv", f"{name}._bn1", stride))
    y = _conv(weights, y, f"{name}._project_conv", f"{name}._bn2")
    return x + y if y.shape == x.shape else y


def _conv(
    weights: Mapping[str, Tensor], x: Tensor, conv: str, norm: str, stride: int = 1
) -> Tensor:
    scale = weights[f"{norm}.weight"] * torch.rsqrt(
        weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON
    )
    kernel = weights[f"{conv}.weight"] * scale[:, None, None, None]
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    side = kernel.shape[-1]
    groups = x.shape[1] // kernel.shape[1]
    if stride == 1:
        return conv2d(x, kernel, bias, padding=side // 2, groups=groups)
    borders = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((-(-length // stride) - 1) * stride + side - length, 0)
        borders += [missing // 2, missing - missing // 2]
    return conv2d(pad(x, borders), kernel, bias, stride=stride, groups=groups)
