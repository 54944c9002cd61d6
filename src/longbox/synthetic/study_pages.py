"""Draw one page of a study shelf: what its archetype asks for, in the look of its work."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, PageType, TextKind
from longbox.synthetic.balloons import Lettered, Room, place_texts
from longbox.synthetic.binding import draw_insert
from longbox.synthetic.cast import Character, cast_character
from longbox.synthetic.layouts import Frame
from longbox.synthetic.page_art import draw_page
from longbox.synthetic.palette import WHITE
from longbox.synthetic.plan import PagePlan, PanelPlan, PlacedText
from longbox.synthetic.recipe import Style
from longbox.synthetic.staging import clear_part, stage
from longbox.synthetic.story import Line, PanelStory, Presence
from longbox.synthetic.study_plan import PageSketch, Planting, sketch_page
from longbox.synthetic.study_truth import Archetype, StudyPage, StudyPanel
from longbox.synthetic.study_words import (
    EMOTIONS,
    KINDS,
    LIGHTS,
    PLACES,
    PLAIN,
    POSES,
    TOPICS,
    Motif,
)

Pixels = NDArray[np.uint8]

_LETTER_PX = 17
_LEAST_SPOKEN = 0.27  # of the page's shorter side: panels less wide or high stay silent
_DARKENED = 0.55
_SPOKEN_IN_THE_DARK = 0.4  # of the panels of a dark page
_NIGHT_PAPER = (8, 8, 12)
_DARK_PLACES = ("cave", "forest", "roof", "castle")
_TEMPLATES: dict[Archetype, tuple[PageType, tuple[str, ...]]] = {
    Archetype.COVER: (PageType.COVER, ("bleed", "framed", "volume")),
    Archetype.PROSE_PAGE: (PageType.TEXT_PAGE, ("columns", "plain", "notes")),
    Archetype.WHITE: (PageType.BLANK, ("paper", "line")),
    Archetype.NOT_COMIC: (PageType.NOT_COMIC, ("code", "form")),
}


@dataclass(frozen=True, slots=True)
class BookLook:
    """How the pages of a book look, and who is in it."""

    style: Style
    tint: tuple[float, float, float]
    letters: int
    cast: tuple[Character, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What is wanted of a page.

    Attributes:
        source: Name of its picture in the book.
        plantings: By panel.
        scene: Seeds the place, the light and who is there.
        names: Lettered where nothing is planted.
        seed: Of everything else.
    """

    source: str
    plantings: dict[int, Planting]
    scene: str
    names: tuple[str, ...]
    seed: str


def draw_study_page(
    sketch: PageSketch, look: BookLook, order: PageOrder
) -> tuple[Pixels, StudyPage]:
    """Draw a page, uint8 (H, W, 3), and say what is on it."""
    rng = random.Random(order.seed)
    if sketch.archetype in _TEMPLATES:
        pixels, panels = _from_template(sketch, look, rng)
    else:
        pixels, panels = _story(sketch, look, order, rng)
    if sketch.archetype is not Archetype.NOT_COMIC:  # another printer's paper
        pixels = (pixels * np.array(look.tint, np.float32)).astype(np.uint8)
    height, width = pixels.shape[:2]
    return pixels, StudyPage(order.source, width, height, sketch.archetype, panels)


def _from_template(
    sketch: PageSketch, look: BookLook, rng: random.Random
) -> tuple[Pixels, tuple[StudyPanel, ...]]:
    def art(of: random.Random) -> Pixels:
        order = PageOrder("", {}, f"cover-{look.seed}-{of.random()}", (), f"art-{of.random()}")
        return _story(sketch_page(Archetype.SPLASH, of), look, order, of)[0]

    page_type, names = _TEMPLATES[sketch.archetype]
    size = int(sketch.sheet.width), int(sketch.sheet.height)
    made = draw_insert(page_type, rng.choice(names), size, art, rng)
    return made.pixels, tuple(StudyPanel(p.box.as_tuple()) for p in made.panels)


def _story(
    sketch: PageSketch, look: BookLook, order: PageOrder, rng: random.Random
) -> tuple[Pixels, tuple[StudyPanel, ...]]:
    is_dark = sketch.archetype is Archetype.DARK
    scene = _Scene(look, order, sketch)
    panels: list[PanelPlan] = []
    texts: list[PlacedText] = []
    truth: list[StudyPanel] = []
    for i, frame in enumerate(sketch.frames):
        planting = order.plantings.get(i)
        panel, said = scene.panel(i, frame, planting, rng)
        panels.append(panel)
        texts += said
        told = planting if said else None
        truth.append(
            StudyPanel(
                frame.box.as_tuple(),
                planting.motif.name if planting and planting.motif else "",
                told.topic if told else "",
                (told.word,) if told else (),
            )
        )
    gutter = _NIGHT_PAPER if is_dark else WHITE
    plan = PagePlan(
        0,
        PageType.STORY,
        int(sketch.sheet.width),
        int(sketch.sheet.height),
        tuple(panels),
        tuple(texts),
        gutter,
    )
    pixels = draw_page(plan, Style.DARK if is_dark else look.style, look.seed)
    return (_darkened(pixels, look.style) if is_dark else pixels), tuple(truth)


def _darkened(pixels: Pixels, style: Style) -> Pixels:
    dim = pixels * np.float32(_DARKENED)
    if style in (Style.INK, Style.SCREENTONE):  # a black and white book has no blue nights
        dim = np.repeat(dim.mean(axis=2, keepdims=True), 3, axis=2)
    return dim.astype(np.uint8)


class _Scene:
    """Where a page takes place and who is there."""

    def __init__(self, look: BookLook, order: PageOrder, sketch: PageSketch) -> None:
        is_dark = sketch.archetype is Archetype.DARK
        rng = random.Random(f"study-scene-{look.seed}-{order.scene}")
        self._look = look
        self._names = order.names
        self._paper = sketch.sheet.width, sketch.sheet.height
        self._place = rng.choice(_DARK_PLACES if is_dark else PLACES)
        self._light = "night" if is_dark else rng.choice(LIGHTS)
        self._who = rng.choice(look.cast)
        self._spoken = _SPOKEN_IN_THE_DARK if is_dark else 1.0
        self._letters = Lettered(_LETTER_PX, look.letters, Direction.LTR, False, True)

    def panel(
        self, at: int, frame: Frame, planting: Planting | None, rng: random.Random
    ) -> tuple[PanelPlan, tuple[PlacedText, ...]]:
        """Plan a panel and its lettering."""
        motif = planting.motif if planting else None
        story = self._motif(motif, rng) if motif else self._plain(rng)
        who = _motif_character(motif) if motif else self._who
        line = self._line(who, frame, planting, rng)
        story = replace(story, lines=(line,) if line else ())
        clear = clear_part(frame, (frame,))
        figures = stage(story, clear, {who.name: who}, Direction.LTR, rng)
        seed = 7 if motif else random.Random(f"{self._look.seed}-{story.place}").randrange(97)
        texts = place_texts(story.lines, Room(at, clear, figures, ()), self._letters, rng)
        return PanelPlan(frame, story, figures, seed), texts

    def _motif(self, motif: Motif, rng: random.Random) -> PanelStory:
        who = _motif_character(motif)
        presence = Presence(who.name, who.kind, motif.pose, rng.choice(EMOTIONS))
        holder = who.name if motif.prop else None
        shot = rng.choice(("long", "establishing"))
        return PanelStory(
            "study",
            0,
            "motif",
            motif.place,
            motif.light,
            shot,
            (presence,),
            holder,
            motif.prop,
            "",
            (),
        )

    def _plain(self, rng: random.Random) -> PanelStory:
        presence = Presence(self._who.name, self._who.kind, rng.choice(POSES), rng.choice(EMOTIONS))
        shot = rng.choice(("establishing", "long", "medium", "close"))
        present = () if self._spoken < 1 and rng.random() < 0.4 else (presence,)
        return PanelStory(
            "study", 0, "plain", self._place, self._light, shot, present, None, None, "", ()
        )

    def _line(
        self, who: Character, frame: Frame, planting: Planting | None, rng: random.Random
    ) -> Line | None:
        """Choose what is said in a panel that has room for it."""
        least = _LEAST_SPOKEN * min(self._paper)
        if not self._names or min(frame.box.width, frame.box.height) < least:
            return None
        if rng.random() >= self._spoken:
            return None
        name = planting.word if planting else rng.choice(self._names)
        sentences = TOPICS[planting.topic] if planting and planting.topic else PLAIN
        return Line(TextKind.DIALOGUE, "say", rng.choice(sentences).format(w=name), who.name)


def _motif_character(motif: Motif) -> Character:
    """The same in every book: the motif is who it is as much as where it is."""
    return cast_character(motif.kind, random.Random(f"study-motif-{motif.name}"))


def cast_of(work: int, seed: int) -> tuple[Character, ...]:
    """Choose the characters of a work."""
    rng = random.Random(f"study-cast-{seed}-{work}")
    return tuple(cast_character(kind, rng) for kind in rng.sample(KINDS, 4))
