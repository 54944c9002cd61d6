"""The panel network: every cell of a page says which panel it lies in.

A page of some 287,000 pixels (640 x 448 for a common book page) is folded to stride 4, goes
through residual blocks at strides 8, 16 and 32, four transformer layers over the stride-32 cells
(a panel is often decided at the far side of the page), and back up to stride 16. There every cell
says whether it is in a panel, how good its box will be (IoU, as in IoU-Net and FCOS's centre-ness,
arXiv 1807.11590 and 1904.01355), and the distances to the four sides of its panel. During training
a further head says where panels end, at stride 4; it is dropped afterwards.

Shapes: B batch, H W page pixels, h w = H/16, W/16 cells.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

DISTANCE_SCALE = 0.25


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return functional.relu(x + self.body(x))


def convolution(n_in: int, n_out: int, size: int, stride: int) -> nn.Sequential:
    """Return convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, size, stride, padding=(size - 1) // 2, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    )


class Attention(nn.Module):
    """A pre-norm transformer layer over all cells, written out so that it exports plainly."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Mix cells; (B, L, D) to (B, L, D)."""
        batch, length, width = x.shape
        qkv = self.qkv(self.norm(x)).view(batch, length, 3, self.n_heads, width // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, L, d)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.out(mixed)
        return x + self.mlp(x)


class PanelNetwork(nn.Module):
    """See the module's text.

    Args:
        widths: Channels at strides 4, 8, 16, 32.
        n_layers: Transformer layers.
    """

    def __init__(
        self, widths: tuple[int, int, int, int] = (24, 48, 96, 160), n_layers: int = 4
    ) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(nn.PixelUnshuffle(4), convolution(48, a, 3, 1))
        self.at8 = nn.Sequential(convolution(a, b, 3, 2), Residual(b))
        self.at16 = nn.Sequential(convolution(b, c, 3, 2), Residual(c), Residual(c))
        self.at32 = nn.Sequential(convolution(c, d, 3, 2), Residual(d))
        self.place = nn.Sequential(nn.Linear(4 * 6, d), nn.GELU(), nn.Linear(d, d))
        self.layers = nn.ModuleList(Attention(d, 5) for _ in range(n_layers))
        self.down = nn.Conv2d(d, c, 1)
        self.lateral = nn.Conv2d(c, c, 1)
        self.merge = nn.Sequential(convolution(c, c, 3, 1), Residual(c))
        self.answer = nn.Conv2d(c, 6, 1)
        self.ends = nn.Conv2d(c, 16, 1)

    def features(self, pages: Tensor) -> Tensor:
        """Return (B, c, h, w) from pages, float (B, 3, H, W) in 0 to 1."""
        x16 = self.at16(self.at8(self.stem(pages * 2 - 1)))
        x32 = self.at32(x16)
        batch, width, rows, columns = x32.shape
        tokens = x32.flatten(2).transpose(1, 2) + self.place(_waves(rows, columns, x32))
        for layer in self.layers:
            tokens = layer(tokens)
        x32 = tokens.transpose(1, 2).reshape(batch, width, rows, columns)
        up = functional.interpolate(self.down(x32), scale_factor=2.0, mode="nearest")
        merged: Tensor = self.merge(functional.relu(self.lateral(x16) + up))
        return merged

    def cells(self, features: Tensor) -> Tensor:
        """Return (B, 6, h, w): in-panel logit, quality logit, then x0, y0, x1, y1 of the panel.

        Boxes are fractions of the page.
        """
        raw = self.answer(features)
        distance = functional.softplus(raw[:, 2:]) * DISTANCE_SCALE  # left, top, right, bottom
        rows, columns = raw.shape[2], raw.shape[3]
        y = ((torch.arange(rows, device=raw.device) + 0.5) / rows).view(1, 1, rows, 1)
        x = ((torch.arange(columns, device=raw.device) + 0.5) / columns).view(1, 1, 1, columns)
        boxes = [
            x - distance[:, 0:1],
            y - distance[:, 1:2],
            x + distance[:, 2:3],
            y + distance[:, 3:4],
        ]
        return torch.cat([raw[:, :2], *boxes], 1)

    def end_logits(self, features: Tensor) -> Tensor:
        """Return the logit of a panel's end, (B, 1, 4h, 4w)."""
        return functional.pixel_shuffle(self.ends(features), 4)


class PageOfCells(nn.Module):
    """What is shipped: pages to cells, probabilities instead of logits."""

    def __init__(self, network: PanelNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pages: Tensor) -> Tensor:
        """Return (B, h, w, 6) from uint8 pages (B, H, W, 3)."""
        x = pages.permute(0, 3, 1, 2).float() / 255
        cells = self.network.cells(self.network.features(x))
        return torch.cat([cells[:, :2].sigmoid(), cells[:, 2:]], 1).permute(0, 2, 3, 1)


def _waves(rows: int, columns: int, like: Tensor) -> Tensor:
    """Return sines and cosines of the place on the page; (1, L, 24)."""
    y = (torch.arange(rows, device=like.device, dtype=torch.float32) + 0.5) / rows
    x = (torch.arange(columns, device=like.device, dtype=torch.float32) + 0.5) / columns
    places = torch.stack(
        [y.view(rows, 1).expand(rows, columns), x.view(1, columns).expand(rows, columns)], -1
    )
    turn = places.reshape(1, rows * columns, 2, 1) * (
        math.pi * 2.0 ** torch.arange(6, device=like.device)
    )
    return torch.cat([turn.sin(), turn.cos()], -1).flatten(2)


def losses(
    cells: Tensor, ends: Tensor, labels: Tensor, boxes: Tensor, edges: Tensor
) -> dict[str, Tensor]:
    """Return the training losses by name, each a scalar.

    A panel counts by the square root of its cells: small ones are not lost beside a splash, and
    large ones are not one cell's vote.

    Args:
        cells: (B, 6, h, w) as `PanelNetwork.cells` gives them.
        ends: Logits, (B, 1, 4h, 4w).
        labels: Weight of each cell: 0 outside of panels, else 1 / sqrt(cells of its panel);
            (B, h, w).
        boxes: The panel of each cell as fractions of the page, (B, 4, h, w).
        edges: 1 where two panels, or a panel and the gutter, meet; (B, 1, 4h, 4w).
    """
    inside = (labels > 0).float()
    weight = labels + (1 - inside) * 0.06
    found = functional.binary_cross_entropy_with_logits(cells[:, 0], inside, reduction="none")
    found = (found * weight).sum() / weight.sum()
    total = labels.sum().clamp(min=1e-3)
    overlap, wide = _generalised_iou(cells[:, 2:], boxes)
    size = torch.cat([boxes[:, 2:] - boxes[:, :2]] * 2, 1).clamp(min=0.02)
    off = functional.smooth_l1_loss(
        cells[:, 2:] / size, boxes / size, beta=0.05, reduction="none"
    ).mean(1)
    quality = functional.binary_cross_entropy_with_logits(
        cells[:, 1], overlap.detach().clamp(0, 1), reduction="none"
    )
    rare = 1 + 3 * edges
    border = functional.binary_cross_entropy_with_logits(ends, edges, weight=rare)
    return {
        "found": found,
        "box": ((1 - wide) * labels).sum() / total,
        "off": (off * labels).sum() / total * 2.0,
        "quality": (quality * labels).sum() / total * 0.5,
        "ends": border * 0.7,
    }


def _generalised_iou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return IoU and generalised IoU (arXiv 1902.09630) of boxes (B, 4, h, w)."""
    area_a = (a[:, 2] - a[:, 0]).clamp(min=0) * (a[:, 3] - a[:, 1]).clamp(min=0)
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    width = (torch.minimum(a[:, 2], b[:, 2]) - torch.maximum(a[:, 0], b[:, 0])).clamp(min=0)
    height = (torch.minimum(a[:, 3], b[:, 3]) - torch.maximum(a[:, 1], b[:, 1])).clamp(min=0)
    shared = width * height
    union = (area_a + area_b - shared).clamp(min=1e-6)
    hull_w = torch.maximum(a[:, 2], b[:, 2]) - torch.minimum(a[:, 0], b[:, 0])
    hull_h = torch.maximum(a[:, 3], b[:, 3]) - torch.minimum(a[:, 1], b[:, 1])
    hull = (hull_w * hull_h).clamp(min=1e-6)
    iou = shared / union
    return iou, iou - (hull - union) / hull
