"""The archetypes of pages and panels: each a rule that one page or panel fits or does not.

| pages | rule |
|---|---|
| not a comic | the book is flagged as no comic, or the page's type is not_comic |
| blank page | flagged near-blank, or of type blank |
| cover | of type cover or back_cover |
| title or credits | of type title |
| advertisement | of type advertisement or preview |
| prose page | flagged prose, of type text_page, or 300 characters of prose and more |
| webtoon strip | twice as tall as wide and read down, or three times as tall |
| dark page | half of the pixels and more are darker than a quarter of white |
| white page | three quarters of the pixels are lighter than nine tenths of white, few edges |
| splash | one or two panels, the largest .6 of a page not wide nor blank, 300 characters at most |
| single-panel page | one panel |
| dense grid | seven panels and more in a regular layout (.35 or more) |
| dense page | seven panels and more |
| dominant panel | three panels and more, the largest fills .4 of the page and is twice the mean |
| comic strip | two panels and more in one tier of a page at least half again as wide as tall |
| landscape page | wider than tall (log2 of width / height .1 and more) |
| extreme aspect | panels that are on average 2.5 times as wide as tall, or as tall as wide |
| dialogue-heavy page | 350 characters of dialogue and more |
| wordless page | 3 characters of lettering at most |
| multi-panel page | three panels and more: the usual page, named where nothing above fits |

| panels | rule |
|---|---|
| blank page, cover, prose page ... | what is said of its page by flag or type, as above |
| full-page panel | fills .7 of its page and more |
| prose panel | 150 characters of prose and more |
| lettering-heavy panel | 80 characters of lettering and more |
| wide panel | 1.75 times as wide as tall and more |
| tall panel | 1.5 times as tall as wide and more |
| small inset | .06 of its page at most |
| wordless panel | no lettering |
| sound-effect panel | sound effects and no dialogue |
| bleeding panel | touches two page edges and more |
| panel | any: the usual panel, named where nothing above fits |

The order is the priority. A cluster is named by the rule in `naming`. What a rule asks for may be
unknown (a look that was not measured): then nobody can say whether the page fits, and it is left
out of the count. A page fits if any way of fitting holds, and a way holds if all of it does. A way
that asks for a column which the frame does not have is no way; else pages could be judged only
where they fit by another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from longbox.analysis.clusters.measured import Measured, Numbers
from longbox.analysis.units import Unit


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of one measure.

    Attributes:
        measure: A column of the measures frame.
        least: The value is this or more; for what is true or not, 1 asks for true.
        most: The value is this or less.
        one_of: The word is one of these.
    """

    measure: str
    least: float | None = None
    most: float | None = None
    one_of: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The condition as people read it."""
        if self.one_of:
            return f"{self.measure} is {' or '.join(self.one_of)}"
        if self.measure.startswith(("is_", "has_")):
            return self.measure
        if self.least is not None and self.most is not None:
            return f"{self.least:g} <= {self.measure} <= {self.most:g}"
        return (
            f"{self.measure} >= {self.least:g}"
            if self.least is not None
            else f"{self.measure} <= {self.most:g}"
        )


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of page or panel.

    Attributes:
        name: As clusters are named.
        unit: Pages or panels.
        ways: Any of these fits; all conditions of a way must hold.
        is_usual: Whether it is what most are, and names only what nothing else fits.
    """

    name: str
    unit: Unit
    ways: tuple[tuple[Condition, ...], ...]
    is_usual: bool = False

    @property
    def words(self) -> str:
        """The rule as people read it: "n_panels <= 2 and largest_panel >= 0.6; or ..."."""
        ways = (" and ".join(condition.words for condition in way) for way in self.ways)
        return "; or ".join(ways)


def _least(measure: str, value: float) -> Condition:
    return Condition(measure, least=value)


def _most(measure: str, value: float) -> Condition:
    return Condition(measure, most=value)


def _is(measure: str) -> Condition:
    return Condition(measure, least=1.0)


def _type(*names: str) -> Condition:
    return Condition("page_type", one_of=names)


_KINDS: Final = (
    ("not a comic", ((_is("is_not_comic_book"),), (_type("not_comic"),))),
    ("blank page", ((_is("is_near_blank"),), (_type("blank"),))),
    ("cover", ((_type("cover", "back_cover"),),)),
    ("title or credits", ((_type("title"),),)),
    ("advertisement", ((_type("advertisement", "preview"),),)),
)
_OF_PAGES: Final = (
    *_KINDS,
    ("prose page", ((_is("is_prose"),), (_type("text_page"),), (_least("prose_characters", 300),))),
    (
        "webtoon strip",
        (
            (_most("page_aspect", -1.0), Condition("direction", one_of=("ttb",))),
            (_most("page_aspect", -1.585),),
        ),
    ),
    ("dark page", ((_least("dark_share", 0.5),),)),
    ("white page", ((_least("light_share", 0.75), _most("edge_share", 0.2)),)),
    (
        "splash",
        (
            (
                _most("n_panels", 2),
                _least("largest_panel", 0.6),
                _most("page_aspect", 0.5),
                _most("n_characters", 300),
                _most("is_near_blank", 0),
            ),
        ),
    ),
    ("single-panel page", ((_most("n_panels", 1),),)),
    ("dense grid", ((_least("n_panels", 7), _least("layout_regularity", 0.35)),)),
    ("dense page", ((_least("n_panels", 7),),)),
    (
        "dominant panel",
        (
            (
                _least("n_panels", 3),
                _least("largest_panel", 0.4),
                _least("panel_area_spread", 0.5),
            ),
        ),
    ),
    (
        "comic strip",
        ((_least("n_panels", 2), _most("n_tiers", 1), _least("page_aspect", 0.585)),),
    ),
    ("landscape page", ((_is("is_landscape"),), (_least("page_aspect", 0.1),))),
    ("extreme aspect", ((_least("mean_panel_aspect", 1.3),), (_most("mean_panel_aspect", -1.3),))),
    ("dialogue-heavy page", ((_least("dialogue_characters", 350),),)),
    ("wordless page", ((_most("n_characters", 3),),)),
)
_OF_PANELS: Final = (
    *_KINDS,
    ("prose page", ((_is("is_prose"),), (_type("text_page"),))),
    ("full-page panel", ((_least("area_share", 0.7),),)),
    ("prose panel", ((_least("prose_characters", 150),),)),
    ("lettering-heavy panel", ((_least("n_characters", 80),),)),
    ("wide panel", ((_least("panel_aspect", 0.8),),)),
    ("tall panel", ((_most("panel_aspect", -0.585),),)),
    ("small inset", ((_most("area_share", 0.06),),)),
    ("wordless panel", ((_most("n_characters", 0),),)),
    (
        "sound-effect panel",
        ((_least("sound_effect_characters", 1), _most("dialogue_characters", 0)),),
    ),
    ("bleeding panel", ((_least("bleed", 0.5),),)),
)

ARCHETYPES: Final[tuple[Archetype, ...]] = (
    *(Archetype(name, Unit.PAGES, ways) for name, ways in _OF_PAGES),
    Archetype("multi-panel page", Unit.PAGES, ((_least("n_panels", 3),),), is_usual=True),
    *(Archetype(name, Unit.PANELS, ways) for name, ways in _OF_PANELS),
    Archetype("panel", Unit.PANELS, ((_least("area_share", 0),),), is_usual=True),
)


def archetypes_of(unit: Unit) -> tuple[Archetype, ...]:
    """Return the archetypes of pages or of panels, the first before the others."""
    return tuple(archetype for archetype in ARCHETYPES if archetype.unit is unit)


def fits(archetype: Archetype, known: Measured) -> Numbers:
    """Hold units against a rule: 1 fits, 0 does not, nan cannot be told, float64 (N,)."""
    columns = {*known.numbers, *known.claims, *known.words}
    ways = [way for way in archetype.ways if all(asked.measure in columns for asked in way)]
    found = np.zeros(known.n) if ways else np.full(known.n, np.nan)
    for way in ways:
        own = np.ones(known.n)
        for condition in way:
            # All must hold: one that fails decides, whatever is unknown.
            own = _both(own, _holds(condition, known))
        found = 1 - _both(1 - found, 1 - own)
    return found


def name_page(row: Mapping[str, object], unit: Unit = Unit.PAGES) -> tuple[str, ...]:
    """Return the archetypes that one page or panel fits, in their order.

    Args:
        row: Its measures by name, as `frame.row(i, named=True)`.
        unit: Pages or panels.
    """
    numbers: dict[str, Numbers] = {}
    words = {}
    for name, value in row.items():
        if isinstance(value, str):
            words[name] = np.array([value], dtype=object)
        elif isinstance(value, bool | int | float):
            numbers[name] = np.array([float(value)])
    known = Measured(unit, 1, 0, numbers, {}, words)
    return tuple(a.name for a in archetypes_of(unit) if fits(a, known)[0] == 1)


def _both(a: Numbers, b: Numbers) -> Numbers:
    """Return whether both hold: no where one does not, unknown where it hangs on an unknown."""
    is_no = (a == 0) | (b == 0)
    both: Numbers = np.where(is_no, 0.0, a * b)
    return both


def _holds(condition: Condition, known: Measured) -> Numbers:
    if condition.one_of:
        words = known.words.get(condition.measure, np.full(known.n, None, dtype=object))
        is_none = np.array([word is None for word in words], dtype=np.bool_)
        return np.where(is_none, np.nan, np.isin(words, condition.one_of).astype(np.float64))
    values = (known.claims | known.numbers)[condition.measure]
    holds = np.ones(known.n, dtype=np.bool_)
    if condition.least is not None:
        holds &= values >= condition.least
    if condition.most is not None:
        holds &= values <= condition.most
    found: Numbers = np.where(np.isnan(values), np.nan, holds.astype(np.float64))
    return found
