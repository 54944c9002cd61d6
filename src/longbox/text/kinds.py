"""What a piece of lettering is to the story: rules on what stands around it.

The pixels say most. The commonest colour under the letters is their ground; its connected area,
up to the panel's border, is a balloon or a box when it is closed, and the shape says which (a box
fills its rectangle). Then size, slant and words decide, in this order:

- prose: a dense paragraph, many long lines; shorter ones too on a page full of words and no story;
- other: page numbers, addresses, copyright, sideways credits; and on a page that tells no story
  (one panel, and hardly a balloon: a cover, an advertisement) all that is no long sentence;
- sound effect: few words twice as large as the page's usual letters, whatever they stand on;
- caption: in a box with straight sides;
- dialogue: in a balloon, unless it is nothing but noises on a plain wall;
- sound effect: known noises; or few words that are large for the page, slanted, or on the art;
- dialogue on a plain ground, caption on the art: longer lettering without a balloon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, TextKind
from longbox.geometry import Box, bounding_box
from longbox.text.group import is_mostly_vertical
from longbox.text.lines import Line, is_cjk, join_lines
from longbox.text.sounds import SOUND_WORDS

_PROSE_MIN_WORDS = 55
_PROSE_MIN_LINE_CHARACTERS = 28
_TOLERANCE = 26  # grey levels per channel that still count as the same ground
_WINDOW_PX = 160  # the surroundings are sampled to about this many pixels
_OPEN_EDGE = 0.1  # of a window's edge; more, and the ground goes on beyond it
_PLAIN = 0.4  # share of one colour under letters from which the ground is called plain
_BOX_EXTENT = 0.93  # share of its rectangle that a caption box fills; an ellipse fills 0.785
_LARGE = 1.5  # times the page's usual letter size
_HUGE = 2.0  # the same, from which a balloon's outline is taken for the letters' own
_BALLOON_EXTENTS = (0.55, _BOX_EXTENT)
_BALLOON_PLAIN = 0.5  # as _PLAIN, where a balloon is to be told from any closed patch
_CUT_BALLOON = (0.62, 0.7)  # extent below, plainness from: one that a border or a tail opens
_TEXT_PAGE_MIN_WORDS = 90
_PARAGRAPH_MIN_WORDS = 10
_BALLOONS_OF_A_STORY = 0.5  # share of a page's texts that stand in balloons
_SENTENCE_MIN_WORDS = 8
_SLANT = 0.14  # height over width of a line's rise: 8 degrees
_ADDRESS = re.compile(
    r"(https?:|www\.|\.(com|org|net|fr|de|jp|cc|info|eu)\b|©|\(c\)\s*\d|\bcopyright\b|@\w+\.)", re.I
)
_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1")
_DRAWN_OUT_CONSONANT = re.compile(r"^(?=.*(.)\1\1)[b-df-hj-np-tv-xz]+$")
_PAGE_NUMBER = re.compile(r"^(p(age)?\.?\s*)?[-–—]?\s*\d{1,4}\s*[-–—]?$", re.I)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pixels around one piece of lettering show.

    Attributes:
        is_closed: The ground around the letters is a closed shape: a balloon or a box.
        extent: Share of its bounding rectangle that the closed shape fills, 0 to 1.
        plainness: Share of the lines' boxes that has the ground's colour, 0 to 1; letters take
            up to half.
    """

    is_closed: bool
    extent: float
    plainness: float


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a group is compared with.

    Attributes:
        width: Of the page in pixels.
        height: As width.
        letter_px: The page's usual line thickness in pixels.
        tells_story: Whether people speak on it; False for covers, titles, advertisements.
        n_words: On the whole page.
    """

    width: int
    height: int
    letter_px: float
    tells_story: bool = True
    n_words: float = 0.0


def page_context(
    shape: tuple[int, ...], lines: Sequence[Line], *, tells_story: bool = True
) -> PageContext:
    """Describe a page by its size and its usual line thickness, weighted by length."""
    if not lines:
        return PageContext(shape[1], shape[0], 1.0, tells_story)
    sizes = np.array([line.thickness for line in lines])
    weights = np.array([max(1, len(line.text)) for line in lines], dtype=float)
    order = np.argsort(sizes)
    middle = int(np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2))
    n_words = sum(_n_words(line.text) for line in lines)
    return PageContext(shape[1], shape[0], float(sizes[order][middle]), tells_story, n_words)


def tells_story(n_panels: int, direction: Direction, surroundings: Sequence[Surroundings]) -> bool:
    """Say whether a page goes on with the story, as far as its lettering shows.

    Args:
        n_panels: Of the page; 0 where they are not known.
        direction: A vertical strip is cut for the screen, so a single panel says nothing there.
        surroundings: Of every piece of lettering on the page.
    """
    if n_panels != 1 or direction is Direction.TTB or not surroundings:
        return True
    n_balloons = sum(map(_is_balloon, surroundings))
    return n_balloons >= _BALLOONS_OF_A_STORY * len(surroundings)


def _is_balloon(around: Surroundings) -> bool:
    low, high = _BALLOON_EXTENTS
    cut_extent, cut_plainness = _CUT_BALLOON
    is_whole = (
        around.is_closed and around.plainness >= _BALLOON_PLAIN and low <= around.extent < high
    )
    return is_whole or (around.extent < cut_extent and around.plainness >= cut_plainness)


def look_around(
    pixels: NDArray[np.uint8], lines: Sequence[Line], within: Box | None = None
) -> Surroundings:
    """Look at the ground that a group of lines stands on.

    Args:
        pixels: The page, RGB, uint8 (H, W, 3).
        lines: The group, not empty.
        within: The panel: the ground ends at its border. None for the whole page.
    """
    height, width = pixels.shape[:2]
    box = bounding_box(line.box for line in lines)
    letter_px = float(np.median([line.thickness for line in lines]))
    page = Box(0.0, 0.0, float(width), float(height))
    limit = (within.intersection(page) if within else None) or page
    limit = bounding_box([limit, box.clip(width, height)])
    reach = 2.5 * letter_px + 0.35 * max(box.width, box.height)
    window = box.expand(reach).intersection(limit) or limit
    x0, y0, x1, y1 = window.rounded()
    x1, y1 = min(x1, width), min(y1, height)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return Surroundings(is_closed=False, extent=0.0, plainness=0.0)
    stride = max(1, round(max(x1 - x0, y1 - y0) / _WINDOW_PX))
    seen = pixels[y0:y1:stride, x0:x1:stride].astype(np.int16)
    on_lines = np.zeros(seen.shape[:2], dtype=np.bool_)
    for line in lines:
        on_lines[
            max(0, int((line.box.y0 - y0) / stride)) : int((line.box.y1 - y0) / stride) + 1,
            max(0, int((line.box.x0 - x0) / stride)) : int((line.box.x1 - x0) / stride) + 1,
        ] = True
    ground = _commonest_colour(seen[on_lines])
    same = (np.abs(seen - ground).max(axis=2) <= _TOLERANCE) & np.True_
    may_leak = (y0 > limit.y0, y1 < limit.y1, x0 > limit.x0, x1 < limit.x1)
    is_closed, extent = _shape_of_ground(same | on_lines, on_lines, may_leak)
    return Surroundings(is_closed, extent, float(same[on_lines].mean()))


def _commonest_colour(colours: NDArray[np.int16]) -> NDArray[np.float64]:
    """Mean of the fullest of 512 bins of colour; under letters, that is what they stand on."""
    coarse = colours >> 5
    bins = (coarse[:, 0] * 8 + coarse[:, 1]) * 8 + coarse[:, 2]
    fullest = np.bincount(bins).argmax()
    return np.asarray(np.median(colours[bins == fullest], axis=0), dtype=np.float64)


def _shape_of_ground(
    ground: NDArray[np.bool_], on_lines: NDArray[np.bool_], may_leak: tuple[bool, ...]
) -> tuple[bool, float]:
    """Say whether the ground under the lines is closed, and how much of its rectangle it fills."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(ground.astype(np.uint8), connectivity=4)
    label = int(np.bincount(labels[on_lines]).argmax())
    here = labels == label
    edges = (here[0], here[-1], here[:, 0], here[:, -1])
    is_open = any(
        leaks and float(edge.mean()) > _OPEN_EDGE
        for leaks, edge in zip(may_leak, edges, strict=True)
    )
    x, y, w, h = (int(v) for v in stats[label][:4])
    outline = here[y : y + h, x : x + w].astype(np.uint8)
    contours, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(outline), contours, -1, (1,), cv2.FILLED)
    return not is_open, float(whole.mean())


def classify_kind(lines: Sequence[Line], around: Surroundings, page: PageContext) -> TextKind:
    """Say what a group of lines is to the story.

    Args:
        lines: The group, in reading order, not empty.
        around: What its pixels show.
        page: What it is compared with.
    """
    text = join_lines([line.text for line in lines])
    box = bounding_box(line.box for line in lines)
    if _is_prose(lines, text, page):
        return TextKind.PROSE
    if _is_apart(lines, text, box, page) or not (page.tells_story or _is_sentence(text)):
        return TextKind.OTHER
    if _is_huge(lines, text, page):
        return TextKind.SOUND_EFFECT
    is_plain = around.plainness >= _PLAIN
    if around.is_closed and is_plain and around.extent >= _BOX_EXTENT:
        return TextKind.CAPTION
    if around.is_closed and is_plain and not _is_only_sounds(text, is_closed=True):
        return TextKind.DIALOGUE
    if _is_sound(lines, text, is_plain, page):
        return TextKind.SOUND_EFFECT
    return TextKind.DIALOGUE if is_plain else TextKind.CAPTION


def _is_prose(lines: Sequence[Line], text: str, page: PageContext) -> bool:
    n_units = len(text) / 3 if is_cjk(text[:1] or " ") else len(text.split())
    if not page.tells_story and page.n_words >= _TEXT_PAGE_MIN_WORDS:
        return n_units >= _PARAGRAPH_MIN_WORDS and len(lines) >= 2
    per_line = len(text) / len(lines)
    return n_units >= _PROSE_MIN_WORDS and per_line >= _PROSE_MIN_LINE_CHARACTERS


def _is_apart(lines: Sequence[Line], text: str, box: Box, page: PageContext) -> bool:
    """Page numbers, addresses and credits: not part of what happens."""
    if _ADDRESS.search(text):
        return True
    x, y = box.center
    is_at_edge = min(x, page.width - x) < 0.08 * page.width or (
        min(y, page.height - y) < 0.06 * page.height
    )
    if _PAGE_NUMBER.match(text) and is_at_edge:
        return True
    is_sideways = all(
        not line.is_vertical and line.box.height > 2 * line.box.width for line in lines
    )
    return is_sideways and len(text) >= 6 and is_at_edge and not is_mostly_vertical(list(lines))


def _n_words(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return len(letters) / 4 if any(is_cjk(c) for c in letters) else len(text.split())


def _is_sentence(text: str) -> bool:
    return _n_words(text) >= _SENTENCE_MIN_WORDS and text.rstrip("\"'”’»」』)")[-1:] in ".!?…。！？"


def _is_huge(lines: Sequence[Line], text: str, page: PageContext) -> bool:
    size = float(np.median([line.thickness for line in lines]))
    has_letters = any(c.isalpha() for c in text)
    return has_letters and _n_words(text) <= 2 and size >= _HUGE * page.letter_px


def _is_sound(lines: Sequence[Line], text: str, is_plain: bool, page: PageContext) -> bool:
    if _is_only_sounds(text, is_closed=False):
        return True
    n_words = _n_words(text)
    if n_words > 3 or not any(c.isalpha() for c in text):
        return False
    size = float(np.median([line.thickness for line in lines]))
    is_slanted = any(_rise(line) > _SLANT for line in lines)
    return size > _LARGE * page.letter_px or is_slanted or (not is_plain and n_words <= 2)


def _is_only_sounds(text: str, *, is_closed: bool) -> bool:
    """Say whether every word is a known noise or has a letter three times in a row.

    In a balloon people shout drawn-out words too ("NOOOO!"): there only those without a vowel
    ("Zzzz") are noises.
    """
    words = re.findall(r"[^\W\d_]+", text.casefold())
    drawn_out = _DRAWN_OUT_CONSONANT if is_closed else _DRAWN_OUT
    return bool(words) and all(w in SOUND_WORDS or drawn_out.search(w) for w in words)


def _rise(line: Line) -> float:
    """Slope of a line against its own axis, 0 for upright lettering."""
    if line.corners is None:
        return 0.0
    (ax, ay), (bx, by), _, (dx, dy) = line.corners
    run = (dx - ax, dy - ay) if line.is_vertical else (bx - ax, by - ay)
    long, short = max(abs(run[0]), abs(run[1])), min(abs(run[0]), abs(run[1]))
    return short / long if long else 0.0
