"""Reading a book: its pacing, scenes, surprises and characters in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.reading.lines import (
    OpenedBook,
    open_book,
    page_lines,
    panel_lines,
    with_curves,
)
from longbox.analysis.reading.pacing import LEVEL, rhythms, tempo_changes
from longbox.analysis.reading.presence import presence_of
from longbox.analysis.reading.scenes import FoundBorders, SceneOptions, find_borders
from longbox.analysis.reading.values import (
    BookReading,
    Floats,
    Pace,
    PageLines,
    PanelLines,
    Rhythm,
    SceneBorder,
    Scenes,
    Surprising,
)
from longbox.book import PanelId
from longbox.errors import ModelError
from longbox.library import Library
from longbox.wording import plural

if TYPE_CHECKING:
    from longbox.analysis.reading.fingerprints import Fingerprints

_MOST_SURPRISING: Final = 10
_MOST_WEAKER: Final = 20
_UNUSUAL: Final = 0.1
_MOST_UNUSUAL: Final = 6
NO_VECTORS: Final = "no vectors in context; run `longbox embed`"
TOO_FEW: Final = "too few panels, or all alike"


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What is done with a book.

    Attributes:
        scenes: How scenes are looked for.
        with_surprise: Whether the model is opened and asked (it needs torch, and some seconds).
        seed: Of everything drawn.
    """

    scenes: SceneOptions = field(default_factory=SceneOptions)
    with_surprise: bool = True
    seed: int = 0


_USUAL: Final = ReadingOptions()


def read_book(
    library: Library,
    book_id: str,
    shelf: Fingerprints | None = None,
    options: ReadingOptions = _USUAL,
) -> BookReading:
    """Read one book along its pages.

    Args:
        library: Open.
        book_id: The book.
        shelf: What is usual (`fingerprints`), to set the book beside; nothing when None.
        options: What to do.

    Raises:
        LibraryError: The book is not in the library, or is damaged.
    """
    opened = open_book(library, book_id)
    rng = np.random.default_rng(options.seed)
    pages = page_lines(opened.book)
    panels = panel_lines(opened.book, pages, library.descriptions(book_id))
    surprise, why_not = _surprise(library, opened, options)
    found, inside, why_none = scene_borders(library, opened, panels, options.scenes, rng)
    scenes = _scenes(book_id, pages, panels, (found, inside, why_none))
    novelty = np.full(panels.page.size, np.nan)
    if found is not None:
        novelty[inside] = found.novelty
    panels = with_curves(panels, surprise, novelty, [border.at for border in scenes.borders])
    beats = rhythms(panels, rng)
    changes = tempo_changes(pages, rng)
    presence = presence_of(library, opened, pages, panels)
    pace = _pace(book_id, pages, shelf)
    words = (*_pace_words(pace), *_rhythm_words(beats), *(change.words for change in changes))
    notes = tuple(
        f"{what}: {why}"
        for what, why in (
            ("scenes", scenes.why_none),
            ("surprise", why_not),
            ("characters", presence.why_none),
            ("rhythm", "" if beats else "too few story panels, or all alike"),
        )
        if why
    )
    return BookReading(
        book_id,
        opened.book.book.title,
        opened.book.book.direction,
        pages,
        panels,
        pace,
        beats,
        changes,
        scenes,
        _surprising(book_id, pages, panels),
        why_not,
        presence,
        (*words, *_scene_words(scenes)),
        notes,
        options.seed,
    )


def scene_borders(
    library: Library,
    opened: OpenedBook,
    panels: PanelLines,
    options: SceneOptions,
    rng: np.random.Generator,
) -> tuple[FoundBorders | None, NDArray[np.int64], str]:
    """Look for scenes among the story panels that have a vector in context.

    Returns:
        What was found, the places of the panels looked at, and why nothing was found.
    """
    none = np.empty(0, dtype=np.int64)
    learned = library.learned_vectors(opened.book.book.book_id)
    if learned is None:
        return None, none, NO_VECTORS
    mask = learned.contextual.mask
    known = (opened.stored >= 0) & (opened.stored < mask.size)
    known[known] = mask[opened.stored[known]]
    inside = np.flatnonzero(known & panels.is_story)
    vectors = learned.contextual.vectors[opened.stored[inside]]
    found = find_borders(vectors, rng, options)
    return found, inside, "" if found else TOO_FEW


def _scenes(
    book_id: str,
    pages: PageLines,
    panels: PanelLines,
    looked: tuple[FoundBorders | None, NDArray[np.int64], str],
) -> Scenes:
    found, inside, why = looked
    if found is None:
        return Scenes((), (), float("nan"), 0, why)
    borders: list[SceneBorder] = []
    weaker: list[SceneBorder] = []
    for at, p in zip(found.at.tolist(), found.p.tolist(), strict=True):
        place = int(inside[at])
        page = int(pages.page_index[panels.page[place]])
        name = PanelId(book_id, page, int(panels.panel[place]))
        border = SceneBorder(place, name, float(found.novelty[at]), float(p))
        (borders if border.strength >= found.threshold else weaker).append(border)
    weaker.sort(key=lambda border: -border.strength)
    return Scenes(tuple(borders), tuple(weaker[:_MOST_WEAKER]), found.threshold, inside.size)


def _surprise(library: Library, opened: OpenedBook, options: ReadingOptions) -> tuple[Floats, str]:
    """Return the surprise of every panel, and why it is unknown."""
    unknown = np.full(opened.stored.size, np.nan)
    if not options.with_surprise:
        return unknown, "the model was not asked"
    learned = library.learned_vectors(opened.book.book.book_id)
    if learned is None:
        return unknown, NO_VECTORS
    from longbox.pipeline import library_model, surprise_of

    try:
        model = library_model(library.root)
        if model.fingerprint != library.answering_model():
            return unknown, "the vectors are of another model; run `longbox embed`"
        curve = surprise_of(model.sequence, learned.fused)
    except ModelError as error:
        return unknown, str(error)
    known = (opened.stored >= 0) & (opened.stored < curve.size)
    surprise = unknown.copy()
    surprise[known] = curve[opened.stored[known]]
    return surprise, ""


def _surprising(book_id: str, pages: PageLines, panels: PanelLines) -> tuple[Surprising, ...]:
    """Return the panels at the peaks of the surprise."""
    from scipy.signal import find_peaks

    curve = np.where(panels.is_story, panels.surprise, np.nan)
    if not np.isfinite(curve).any():
        return ()
    level = float(np.nanmedian(curve))
    peaks, _ = find_peaks(np.r_[level, np.nan_to_num(curve, nan=level), level], height=level)
    best = sorted((peaks - 1).tolist(), key=lambda at: -curve[at])[:_MOST_SURPRISING]
    return tuple(
        Surprising(
            at,
            PanelId(book_id, int(pages.page_index[panels.page[at]]), int(panels.panel[at])),
            float(curve[at]),
        )
        for at in best
    )


def _pace(book_id: str, pages: PageLines, shelf: Fingerprints | None) -> Pace:
    story = pages.is_story
    n = int(story.sum())
    if not n:
        return Pace(0, float("nan"), float("nan"))
    a_panel = pages.n_characters[story] / np.maximum(pages.n_panels[story], 1)
    beside = shelf.percentiles_of(book_id) if shelf is not None else ()
    return Pace(n, float(np.median(pages.n_panels[story])), float(np.median(a_panel)), beside)


def _pace_words(pace: Pace) -> list[str]:
    if not pace.n_pages:
        return ["The book has no page with panels."]
    words = [
        f"{plural(pace.n_pages, 'story page')}; half of them have {pace.panels_a_page:g} panels or "
        f"fewer, and {pace.characters_a_panel:.0f} characters a panel or fewer."
    ]
    unusual = sorted(pace.percentiles, key=lambda named: -abs(named[1] - 0.5))[:_MOST_UNUSUAL]
    for name, share in unusual:
        if min(share, 1 - share) <= _UNUSUAL:
            how, of = ("more", share) if share >= 0.5 else ("less", 1 - share)
            words.append(f"Unusual on this shelf: {name}, {how} than {of:.0%} of the other books.")
    return words


def _rhythm_words(found: tuple[Rhythm, ...]) -> list[str]:
    words = []
    for rhythm in found:
        echo = np.array(rhythm.echo)
        best = int(np.argmax(echo))
        if echo[best] <= rhythm.chance:
            continue
        how = "like the panel before" if best == 0 else f"like the one {best + 1} panels before"
        words.append(
            f"The {rhythm.of} of a panel is {how} (autocorrelation {echo[best]:.2f}, "
            f"by chance at most {rhythm.chance:.2f})."
        )
    return words


def _scene_words(scenes: Scenes) -> list[str]:
    if scenes.why_none:
        return []
    if not scenes.borders:
        return [
            f"No scene border stands out of {plural(scenes.n, 'panel')} "
            f"(novelty below {scenes.threshold:.2f}, p above {LEVEL})."
        ]
    pages = ", ".join(str(border.panel_id.page_index + 1) for border in scenes.borders)
    return [f"{plural(scenes.n_scenes, 'scene')}; new ones begin on page {pages}."]
