"""One calm look for every figure: paper and ink, thin grids, words beside what they name.

Figures are made by the object interface of matplotlib; no global setting is touched, so a notebook
or a server that draws with matplotlib too is left as it was. Every font, colour and line is given
where it is used.

- Colours of groups are Okabe and Ito's and then Tol's muted ones, which people with any colour
  vision can tell apart. Sixteen cannot all be told apart at a glance by anybody: groups are
  therefore named where they are, and numbered.
- Words are measured before they are placed, in the widest of the fonts; a browser that has a
  narrower one leaves some air.
- Words may be a stranger's title: they are never read as formulas, control characters are taken
  out, and characters that no font of ours has are left to the browser's.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

PAPER: Final = "#fffdf8"
INK: Final = "#1d1a16"
FAINT: Final = "#6b6258"
LINE: Final = "#e2d9c8"
EMPTY: Final = "#f4efe5"
ACCENT: Final = "#b42d16"
BLUE: Final = "#2166ac"
GROUPS: Final = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#882255", "#999933",
    "#332288", "#44aa99", "#aa4499", "#c9b458", "#661100", "#6699cc", "#117733", "#8a8276",
)  # fmt: skip

SIZE: Final = 9.5
SMALL: Final = 8.5
TITLE: Final = 12.0
WIDTH_IN: Final = 9.0
DPI: Final = 100

_EDGE_IN: Final = 0.2
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_JAPANESE: Final = "IPAexGothic"
DRAWING: Final = threading.RLock()  # some settings of a drawing are the whole program's


@dataclass(frozen=True, slots=True)
class Margins:
    """Space around axes, in inches."""

    left: float
    right: float
    top: float
    bottom: float


@cache
def fonts() -> tuple[str, ...]:
    """Return the font families of all words; glyphs that the first lacks come from the next."""
    from matplotlib import font_manager

    found = importlib.util.find_spec("matplotlib_fontja")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "fonts" / "ipaexg.ttf"
        if path.is_file():
            font_manager.fontManager.addfont(str(path))
            own = font_manager.fontManager.ttflist[-1]
            bold = replace(own, weight=700)  # it has one weight; asked for another, it is told so
            font_manager.fontManager.ttflist.append(bold)
            return ("DejaVu Sans", _JAPANESE)
    return ("DejaVu Sans",)


def plain(words: str) -> str:
    """Return words that can stand in any figure: without control characters or half characters."""
    return _CONTROL.sub(" ", words)


def shortened(words: str, most: int) -> str:
    """Return words of at most so many columns; a Japanese character takes two."""
    words = plain(words)
    if _columns(words) <= most:
        return words
    kept = 0
    for at, character in enumerate(words):
        kept += _columns(character)
        if kept > most - 1:
            return words[:at].rstrip() + "…"
    return words


def wrapped(words: str, width: int, most_lines: int = 3) -> str:
    """Break words into lines of at most so many columns, the rest cut off."""
    lines: list[str] = []
    line = ""
    for word in re.split(r"(?<=[\s/])|(?<=[\u3000-\u9fff\uff00-\uffef])", plain(words)):
        if line and _columns((line + word).rstrip()) > width:
            lines.append(line.strip())
            line = ""
        line += word
    lines.append(line.strip())
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], " ".join(lines[most_lines - 1 :])]
    return "\n".join(shortened(one, width) for one in lines)


def _columns(words: str) -> int:
    return sum(2 if character > "\u2e7f" else 1 for character in words)


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure on our paper."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=DPI, facecolor=PAPER)


def axes_in(figure: Figure, margins: Margins, **others: Any) -> Axes:
    """Add axes that keep these margins to the figure's edges."""
    width, height = figure.get_size_inches()
    return boxed_axes(
        figure,
        margins.left,
        margins.bottom,
        max(0.2, width - margins.left - margins.right),
        max(0.2, height - margins.top - margins.bottom),
        **others,
    )


def boxed_axes(
    figure: Figure, left: float, bottom: float, width: float, height: float, **others: Any
) -> Axes:
    """Add axes at a place in inches from the lower left."""
    whole_width, whole_height = figure.get_size_inches()
    box = (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
    axes = figure.add_axes(box, facecolor="none", **others)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=LINE, linewidth=0.8)
    axes.tick_params(
        length=0, pad=4, labelsize=SMALL, labelcolor=FAINT, labelfontfamily=list(fonts())
    )
    return axes


def bare(axes: Axes) -> None:
    """Take away an axes' frame and ticks."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def write(where: Axes | Figure, x: float, y: float, words: str, **others: Any) -> None:
    """Put words somewhere: never as a formula, in our fonts.

    Level lines are put one by one, each by its own anchor: a browser whose font is narrower than
    ours then still centres every one of them.
    """
    given: dict[str, Any] = {"fontsize": SIZE, "color": INK, "family": list(fonts()), **others}
    lines = [plain(line) for line in words.split("\n")]
    if len(lines) == 1 or given.get("rotation"):
        where.text(x, y, "\n".join(lines), parse_math=False, **given)
        return
    from matplotlib.transforms import offset_copy

    figure = where.get_figure(root=True)
    default = getattr(where, "transData", None) or getattr(where, "transSubfigure", None)
    step = given["fontsize"] * given.pop("linespacing", 1.2)
    below = {"top": 0.0, "center": (len(lines) - 1) / 2}.get(
        given.get("va", "bottom"), len(lines) - 1
    )
    base = given.pop("transform", default)
    for at, line in enumerate(lines):
        moved = offset_copy(base, fig=figure, y=(below - at) * step, units="points")
        where.text(x, y, line, parse_math=False, transform=moved, **given)


def head(figure: Figure, title: str, note: str = "") -> None:
    """Write a figure's title and, below it, what it rests on."""
    width, height = figure.get_size_inches()
    left = _EDGE_IN / width
    top = (height - 0.16) / height
    write(figure, left, top, title, fontsize=TITLE, fontweight="bold", va="top")
    if note:
        below = (height - 0.40) / height
        write(figure, left, below, note, fontsize=SMALL, color=FAINT, va="top")


def head_height(note: str = "") -> float:
    """Return how much of a figure's top its title takes, in inches."""
    return 0.5 + (0.17 * (1 + note.count("\n")) if note else 0.0)


def name_ticks(axes: Axes, side: str, places: Sequence[float], words: Sequence[str]) -> None:
    """Put words at places of an axis, "x" or "y"; never as a formula."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_ticks(list(places))
    labels = axis.set_ticklabels([plain(one) for one in words])
    for label in labels:
        label.set(fontsize=SIZE, color=INK, fontfamily=list(fonts()))
        label.set_parse_math(False)


def size_of(words: str, fontsize: float = SIZE, *, is_bold: bool = False) -> tuple[float, float]:
    """Return how wide and high words are, in inches."""
    from matplotlib.font_manager import FontProperties

    weight = "bold" if is_bold else "normal"
    properties = FontProperties(family=list(fonts()), size=fontsize, weight=weight)
    lines = words.split("\n")
    with quiet():
        widths = [_line_width(plain(line), properties) for line in lines]
    return max(widths), len(lines) * fontsize * 1.2 / 72


def widest(words: Sequence[str], fontsize: float = SIZE) -> float:
    """Return the width of the widest of some words, in inches."""
    return max((size_of(one, fontsize)[0] for one in words), default=0.0)


def _line_width(line: str, properties: Any) -> float:
    from matplotlib.backends import backend_agg

    if not line:
        return 0.0
    drawing: Any = backend_agg
    renderer = drawing.RendererAgg(1, 1, 72)
    width, _, _ = renderer.get_text_width_height_descent(line, properties, ismath=False)
    return float(width) / 72


@contextmanager
def quiet() -> Iterator[None]:
    """Draw without a warning for every character that our fonts lack, one thread at a time."""
    import warnings

    with DRAWING, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", append=False)
        yield


def group_colour(number: int) -> str:
    """Return the colour of a group; grey for none (-1)."""
    return "#c9c1b3" if number < 0 else GROUPS[number % len(GROUPS)]


@cache
def diverging() -> Colormap:
    """Return colours from much less (blue) over paper to much more (brown)."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["#174a7c", "#5b97c4", "#c6dbe9", "#fbf7ee", "#f4cfa0", "#d98a3d", "#8f4710"]
    return LinearSegmentedColormap.from_list("longbox-diverging", stops)


@cache
def rising() -> Colormap:
    """Return colours from little (sand) to much (deep blue)."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["#d8c48f", "#9dbb95", "#4f9fa0", "#20698c", "#152f55"]
    return LinearSegmentedColormap.from_list("longbox-rising", stops)


def on(colour: Any) -> str:
    """Return the ink that can be read on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK
