"""What a panel attends to, as shapes to draw over its page (SVG, in page pixels).

The same picture as `longbox show --attention` makes: every panel is shaded the more, the more it is
looked at, against the most on the page; arcs lead from the panel to the others, wider for more.
What goes to other pages is said in words and by their panels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from longbox.book import PanelId
from longbox.geometry import Box
from longbox.web.panel.books import BookSeen
from longbox.web.panel.understanding import Attention

_LEAST_ARC: Final = 0.05  # of the most on the page; less has no arc
_MOST_SHADE: Final = 0.5
_WIDEST_ARC: Final = 0.014  # of the page's shorter side
_N_ELSEWHERE: Final = 6


@dataclass(frozen=True, slots=True)
class AttendedPanel:
    """A panel of the page.

    Attributes:
        share: Of all attention, 0 to 1.
        shade: Opacity of its shading.
        arc: Path from the asked panel, empty for little; its width in page pixels.
    """

    panel_id: PanelId
    box: Box
    share: float
    shade: float
    arc: str
    arc_width: float
    is_asked: bool


@dataclass(frozen=True, slots=True)
class AttentionView:
    """What to draw.

    Attributes:
        here, before, after: Shares of the panel's page, of the pages before and after.
        elsewhere: The most attended panels of other pages, with their shares.
        mark_px: Radius of the panels' numbers in page pixels.
    """

    width: int
    height: int
    panels: tuple[AttendedPanel, ...]
    here: float
    before: float
    after: float
    elsewhere: tuple[tuple[PanelId, float], ...]
    layer: int
    n_layers: int
    mark_px: float


def view_attention(panel_id: PanelId, seen: BookSeen, found: Attention) -> AttentionView:
    """Lay attention over a page.

    Args:
        panel_id: Who attends.
        seen: Its book.
        found: Shares of the book's panels.
    """
    page = seen.page(panel_id.page_index)
    pages = np.array([index for index, _ in seen.places])
    weights = found.weights
    own = np.flatnonzero(pages == panel_id.page_index)
    most = float(weights[own].max(initial=0.0)) or 1.0
    size = min(page.page.width, page.page.height)
    start = seen.panel(seen.row(panel_id)).box.center
    panels = []
    for row in own:
        here, panel = seen.panel_id(int(row)), seen.panel(int(row))
        share = float(weights[row])
        part = share / most
        has_arc = here != panel_id and part >= _LEAST_ARC
        panels.append(
            AttendedPanel(
                panel_id=here,
                box=panel.box,
                share=share,
                shade=round(_MOST_SHADE * part, 3),
                arc=_arc(start, panel.box.center) if has_arc else "",
                arc_width=round(max(0.003, _WIDEST_ARC * part) * size, 1),
                is_asked=here == panel_id,
            )
        )
    others = [int(row) for row in np.argsort(-weights) if pages[row] != panel_id.page_index]
    named = [(seen.panel_id(row), float(weights[row])) for row in others[:_N_ELSEWHERE]]
    return AttentionView(
        width=page.page.width,
        height=page.page.height,
        panels=tuple(panels),
        here=float(weights[own].sum()),
        before=float(weights[pages < panel_id.page_index].sum()),
        after=float(weights[pages > panel_id.page_index].sum()),
        elsewhere=tuple((each, share) for each, share in named if share > 0.005),
        layer=found.layer,
        n_layers=found.n_layers,
        mark_px=round(0.028 * size, 1),
    )


def _arc(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return a curve that bends to one side, so that there and back are two lines."""
    (xa, ya), (xb, yb) = start, end
    bend = (xa + xb) / 2 - (yb - ya) / 5, (ya + yb) / 2 + (xb - xa) / 5
    return f"M{xa:.1f} {ya:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {xb:.1f} {yb:.1f}"
