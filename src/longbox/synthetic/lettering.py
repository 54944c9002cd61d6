"""Lettering: break a text into lines or columns, measure its ink, draw it.

A Lettering is placed later: its offsets are relative to the top left corner of its ink, so that
the box in the truth is exactly the ink's. Japanese right-to-left books are lettered in columns,
from the right; small marks turn or move as print does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from longbox.synthetic.fonts import load_font

RGB = tuple[int, int, int]

_TURNED = frozenset("ー…〜―（）「」『』-—=")
_SMALL = frozenset("ぁぃぅぇぉっゃゅょァィゥェォッャュョ、。")


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A run of letters: where its origin (left, baseline) is from the ink's top left corner."""

    text: str
    x: float
    y: float
    is_turned: bool = False


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text broken into runs, with the size of its ink in pixels."""

    runs: tuple[Glyphs, ...]
    face: str
    size_px: int
    width: int
    height: int
    is_vertical: bool


def set_lines(
    text: str,
    face: str,
    size_px: int,
    max_width: float,
    *,
    align: str = "center",
    leading: float = 1.12,
) -> Lettering:
    """Set a text in lines no wider than max_width where words allow."""
    font = load_font(face, size_px)
    lines = _wrap(text, font, max_width)
    placed = []
    for i, line in enumerate(lines):
        x0, y0, x1, y1 = font.getbbox(line, anchor="ls")
        placed.append(
            (
                line,
                x0,
                y0 + i * size_px * leading,
                x1,
                y1 + i * size_px * leading,
                i * size_px * leading,
            )
        )
    width = max(p[3] - p[1] for p in placed)
    top = min(p[2] for p in placed)
    runs = []
    for line, x0, _, x1, _, base in placed:
        shift = {"center": (width - (x1 - x0)) / 2, "left": 0.0}[align]
        runs.append(Glyphs(line, round(shift - x0), round(base - top)))
    return _measured(tuple(runs), face, size_px, is_vertical=False)


def set_columns(text: str, face: str, size_px: int, max_height: float) -> Lettering:
    """Set a text in columns from right to left, breaking at max_height."""
    step = size_px * 1.06
    per_column = max(2, int(max_height // step))
    columns = _even_columns(text.replace(" ", ""), per_column)
    font = load_font(face, size_px)
    runs = []
    for c, column in enumerate(columns):
        for r, char in enumerate(column):
            left = (len(columns) - 1 - c) * size_px * 1.28
            x0, y0, x1, y1 = font.getbbox(char, anchor="ls")
            dx = (size_px - (x1 - x0)) / 2 - x0
            dy = (size_px - (y1 - y0)) / 2 - y0
            if char in _SMALL:
                dx, dy = dx + size_px * 0.14, dy - size_px * 0.12
            if char in "、。":
                dx, dy = dx + size_px * 0.2, dy - size_px * 0.2
            runs.append(Glyphs(char, round(left + dx), round(r * step + dy), char in _TURNED))
    return _measured(tuple(runs), face, size_px, is_vertical=True)


def draw_lettering(page: Image.Image, lettering: Lettering, x: int, y: int, color: RGB) -> None:
    """Draw the letters with the ink's top left corner on (x, y)."""
    draw = ImageDraw.Draw(page)
    font = load_font(lettering.face, lettering.size_px)
    for run in lettering.runs:
        if run.is_turned:
            _draw_turned(page, run, font, (x, y), color)
        else:
            draw.text((x + run.x, y + run.y), run.text, font=font, fill=color, anchor="ls")


def ink_mask(lettering: Lettering, margin: int = 0) -> Image.Image:
    """Return the letters alone, white on black, mode L."""
    mask = Image.new("RGB", (lettering.width + 2 * margin, lettering.height + 2 * margin))
    draw_lettering(mask, lettering, margin, margin, (255, 255, 255))
    return mask.getchannel(0)


def _measured(runs: tuple[Glyphs, ...], face: str, size_px: int, *, is_vertical: bool) -> Lettering:
    """Draw the runs once, and shift them so that their ink starts on (0, 0)."""
    pad = size_px
    font = load_font(face, size_px)
    right = max(r.x + font.getlength(r.text) for r in runs) + 2 * pad + size_px
    bottom = max(r.y for r in runs) + 2 * pad + size_px
    sketch = Image.new("RGB", (max(1, round(right)), max(1, round(bottom))))
    moved = Lettering(runs, face, size_px, 0, 0, is_vertical)
    draw_lettering(sketch, moved, pad, pad, (255, 255, 255))
    found = sketch.getbbox() or (0, 0, 1, 1)
    dx, dy = pad - found[0], pad - found[1]
    shifted = tuple(Glyphs(r.text, r.x + dx, r.y + dy, r.is_turned) for r in runs)
    return Lettering(shifted, face, size_px, found[2] - found[0], found[3] - found[1], is_vertical)


def _draw_turned(
    page: Image.Image, run: Glyphs, font: ImageFont.FreeTypeFont, at: tuple[int, int], color: RGB
) -> None:
    x0, y0, x1, y1 = (round(v) for v in font.getbbox(run.text, anchor="ls"))
    w, h = max(1, x1 - x0), max(1, y1 - y0)
    mask = Image.new("L", (w, h))
    ImageDraw.Draw(mask).text((-x0, -y0), run.text, font=font, fill=255, anchor="ls")
    turned = mask.transpose(Image.Transpose.ROTATE_270)
    cx, cy = at[0] + run.x + (x0 + x1) / 2, at[1] + run.y + (y0 + y1) / 2
    page.paste(
        Image.new("RGB", turned.size, color),
        (round(cx - turned.width / 2), round(cy - turned.height / 2)),
        turned,
    )


def _wrap(text: str, font: ImageFont.FreeTypeFont, max_width: float) -> list[str]:
    """Break into lines of even length: first greedily, then as narrow as that many lines allow."""
    words = _words(text) if " " in text else _pieces(text)
    glue = " " if " " in text else ""
    widths = [font.getlength(w) for w in words]
    space = font.getlength(glue) if glue else 0.0
    n_lines = len(_greedy(words, widths, space, max_width))
    low, high = max(widths), max(max_width, *widths)
    for _ in range(7):
        middle = (low + high) / 2
        if len(_greedy(words, widths, space, middle)) > n_lines:
            low = middle
        else:
            high = middle
    return [glue.join(line) for line in _greedy(words, widths, space, high)]


def _words(text: str) -> list[str]:
    """Split at spaces; a mark that stands alone (French writes "ici !") stays with its word."""
    words: list[str] = []
    for word in text.split(" "):
        if words and (not any(c.isalnum() for c in word) or words[-1] in ("«", "¿", "¡")):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _greedy(
    words: list[str], widths: list[float], space: float, max_width: float
) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    used = 0.0
    for word, width in zip(words, widths, strict=True):
        if lines[-1] and used + space + width > max_width:
            lines.append([])
            used = 0.0
        used += width + (space if lines[-1] else 0.0)
        lines[-1].append(word)
    return lines


def _pieces(text: str) -> list[str]:
    """Cut a text without spaces where a line may break: never before a closing mark."""
    out: list[str] = []
    for char in text:
        if out and char in "、。！？!?…ー」』）っゃゅょッャュョ":
            out[-1] += char
        else:
            out.append(char)
    return out


def _even_columns(text: str, per_column: int) -> list[str]:
    pieces = _pieces(text)
    n = math.ceil(len(text) / per_column)
    target = math.ceil(len(text) / n)
    columns = [""]
    for piece in pieces:
        if columns[-1] and len(columns[-1]) + len(piece) > max(target, 2):
            columns.append("")
        columns[-1] += piece
    return columns
