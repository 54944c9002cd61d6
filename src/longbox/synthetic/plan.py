"""What is going to be on a page, before anything is drawn: the truth and the drawing share it."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import PageType
from longbox.geometry import Box
from longbox.synthetic.cast import Character
from longbox.synthetic.layouts import Frame
from longbox.synthetic.lettering import Lettering
from longbox.synthetic.palette import RGB
from longbox.synthetic.story import Line, PanelStory


@dataclass(frozen=True, slots=True)
class PlacedFigure:
    """A character in a panel; x and ground are page pixels, facing is 1 right, -1 left.

    Attributes:
        breaks_out: Drawn over the frame's line, into the gutter.
    """

    character: Character
    pose: str
    emotion: str
    x: float
    ground: float
    height: float
    facing: int
    prop: str | None
    breaks_out: bool = False

    @property
    def name(self) -> str:
        """The character's name."""
        return self.character.name


@dataclass(frozen=True, slots=True)
class PlacedText:
    """Lettering at its place on the page.

    Attributes:
        box: Box of the ink in page pixels.
        balloon: Half-axes box of the balloon or caption around it, None for bare lettering.
        shape: ellipse, cloud, burst, robot, wave, caption, bare.
        tail: Where the tail points, page pixels, or None.
        angle: Turn of a sound effect in degrees, counterclockwise.
        panel: Order of its panel, None when it stands outside all.
        text: As lettered, where that differs from the line (capitals).
    """

    line: Line
    lettering: Lettering
    box: Box
    panel: int | None
    shape: str = "bare"
    balloon: Box | None = None
    tail: tuple[float, float] | None = None
    angle: float = 0.0
    color: RGB = (0, 0, 0)
    outline: RGB | None = None
    text: str = ""

    @property
    def lettered(self) -> str:
        """The text as it stands on the page, in capitals where it is lettered so."""
        return self.text or self.line.text


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """One panel: its frame, what happens, who stands where."""

    frame: Frame
    story: PanelStory
    figures: tuple[PlacedFigure, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class PagePlan:
    """One page.

    Attributes:
        gutter: Colour between the panels.
        motif: For pages around the story: which one, else "".
    """

    index: int
    page_type: PageType
    width: int
    height: int
    panels: tuple[PanelPlan, ...]
    texts: tuple[PlacedText, ...]
    gutter: RGB
    motif: str = ""
    is_spread: bool = False
