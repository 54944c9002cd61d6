"""Figures as SVG and PNG.

SVG keeps words as text (they can be searched, copied and read aloud) and is the same, byte for
byte, for the same figure: no date, and ids from a hash. Every id begins with a name of the figure,
so that many of them can stand in one page. matplotlib reads these choices from settings of the
whole program; they are changed for the time of writing only, one figure at a time.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Final

from longbox.analysis.plots.styles import DPI, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TAG: Final = re.compile(r"<[A-Za-z][^<>]*>")
_ID: Final = re.compile(r'(?P<before>\sid="|url\(#|href="#)')
_STYLE: Final = re.compile(r"\s*<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_FONTS: Final = re.compile(r"'DejaVu Sans'(, 'IPAexGothic')?")
_BROWSER_FONTS: Final = (
    "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', 'Hiragino Sans', 'Yu Gothic', 'IPAexGothic', "
    "sans-serif"
)
_NO_METADATA: Final = ("Date", "Creator", "Format", "Type")


def svg_of(figure: Figure, name: str = "", title: str = "") -> str:
    """Return a figure as an `<svg>` element, to stand in a page or alone.

    Args:
        figure: Any.
        name: What its ids begin with, unique in the page; a hash of the drawing when empty.
        title: What a screen reader says of it.
    """
    import matplotlib

    buffer = io.StringIO()
    with quiet(), matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "longbox"}):
        figure.savefig(
            buffer,
            format="svg",
            facecolor=figure.get_facecolor(),
            metadata=dict.fromkeys(_NO_METADATA),
        )
    drawn = buffer.getvalue()
    drawn = _STYLE.sub("", drawn[drawn.index("<svg") :].strip())  # it would hold for the whole page
    prefix = re.sub(r"[^0-9A-Za-z_-]", "-", name) or hashlib.sha256(drawn.encode()).hexdigest()[:10]

    def own(tag: re.Match[str]) -> str:
        named = _ID.sub(lambda found: f"{found['before']}f-{prefix}-", tag[0])
        return _FONTS.sub(_BROWSER_FONTS, named)

    said = f' aria-label="{_attribute(title)}"' if title else ""
    root = f'<svg role="img"{said} style="stroke-linejoin: round; stroke-linecap: butt"'
    return _TAG.sub(own, drawn).replace("<svg", root, 1)


def png_of(figure: Figure, dpi: int = 2 * DPI) -> bytes:
    """Return a figure as the bytes of a PNG picture."""
    buffer = io.BytesIO()
    with quiet():
        figure.savefig(
            buffer,
            format="png",
            dpi=dpi,
            facecolor=figure.get_facecolor(),
            metadata={"Software": None},
        )
    return buffer.getvalue()


def _attribute(words: str) -> str:
    kept = re.sub(r"[\x00-\x1f]", " ", words)
    return (
        kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
