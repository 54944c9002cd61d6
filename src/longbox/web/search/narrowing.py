"""What the page offers to narrow and to weigh a search by, in words.

The library counts; this says what the values are called and which of them are chosen. Sliders are
offered for lists that this library can answer with, and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from longbox.book import PageFlag, PageType
from longbox.library import Facet, Facets
from longbox.vectors import Space
from longbox.web.search.state import LIST_NAMES, SearchState
from longbox.wording import spoken

_LANGUAGES: Final = {
    "ar": "Arabic", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "la": "Latin",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_NAMES: Final[Mapping[str, str]] = {
    "ltr": "left to right",
    "rtl": "right to left",
    "ttb": "one long strip",
    "yes": "with lettering",
    "no": "without lettering",
    PageType.TEXT_PAGE: "text page",
    PageType.BACK_COVER: "back cover",
    PageType.NOT_COMIC: "no comic",
    PageFlag.NEAR_BLANK: "nearly blank",
    PageFlag.NOT_COMIC_BOOK: "book is no comic",
}
# Each list, and what a person says whose weight they move.
_WEIGHED: Final[Mapping[str, str]] = {
    "vision": "the picture",
    "text": "the meaning of the lettering",
    "words": "the lettering's words",
    "substring": "parts of the lettering's words",
    "description": "the meaning of the description",
    "description_words": "the description's words",
    "description_substring": "parts of the description's words",
    "fused": "everything at once",
    "contextual": "what happens around it",
    "composition": "place and shape on the page",
}
HIGHEST_WEIGHT: Final = 3.0
# Without a word: where a search needs something that not every query has.
_CAVEATS: Final[Mapping[str, str]] = {"contextual": "needs a panel to start from"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a search can be narrowed to.

    Attributes:
        n_panels: Panels of the library that would remain.
        is_chosen: Whether the search is narrowed to it already.
    """

    value: str
    label: str
    n_panels: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Values of one kind.

    Attributes:
        name: What they are called in the address.
        is_single: Whether only one of them can be chosen.
        n_more: How many more there are than are listed.
    """

    name: str
    label: str
    choices: tuple[Choice, ...]
    is_single: bool
    n_more: int

    @property
    def n_chosen(self) -> int:
        """How many are chosen."""
        return sum(choice.is_chosen for choice in self.choices)


@dataclass(frozen=True, slots=True)
class YearBar:
    """The panels of one stretch of years, for a small chart; `height` is 0 to 1."""

    first: int
    last: int
    n_panels: int
    height: float


@dataclass(frozen=True, slots=True)
class Slider:
    """How much a list counts.

    Attributes:
        name: What it is called in the address.
        label: What counts.
        weight: What it counts now; `usual` what it does unless somebody moves it.
        highest: End of the slider; it starts at 0.
    """

    name: str
    label: str
    caveat: str
    weight: float
    usual: float
    highest: float


def choice_groups(facets: Facets, state: SearchState) -> tuple[ChoiceGroup, ...]:
    """Return what a search can be narrowed to, without kinds that have one value or none."""
    kept = state.filters
    lettering = {None: (), True: ("yes",), False: ("no",)}[kept.has_text]
    direction = () if kept.direction is None else (kept.direction.value,)
    folded = tuple(name.casefold() for name in kept.series_exact)
    groups = (
        _group("series", "Series", facets.series, folded),
        _group("type", "Page", facets.page_types, kept.page_types),
        _group("language", "Language", facets.languages, kept.languages),
        _group("direction", "Reading direction", facets.directions, direction, is_single=True),
        _group("lettering", "Lettering", facets.has_text, lettering, is_single=True),
        _group("flag", "Flagged", facets.flags, kept.flags),
        _group("book", "Book", facets.books, kept.book_ids),
    )
    return tuple(group for group in groups if len(group.choices) > 1 or group.n_chosen)


def year_bars(facets: Facets, n_bars: int = 24) -> tuple[YearBar, ...]:
    """Return a small chart of the years that panels are from; empty for fewer than two."""
    counts = {int(value.value): value.n_panels for value in facets.years.values}
    if len(counts) < 2:
        return ()
    first, last = min(counts), max(counts)
    step = max(1, -(-(last - first + 1) // n_bars))
    sums = dict.fromkeys(range(first, last + 1, step), 0)
    for year, n in counts.items():
        sums[first + (year - first) // step * step] += n
    most = max(1, *sums.values())
    return tuple(YearBar(at, min(at + step - 1, last), n, n / most) for at, n in sums.items())


def sliders(
    state: SearchState, usual: Mapping[str, float], spaces: Mapping[Space, tuple[str, ...]]
) -> tuple[Slider, ...]:
    """Return a slider for every list that the library can answer with.

    Args:
        state: The search.
        usual: The settings' weights.
        spaces: The library's.
    """
    given = dict(state.weights)
    found = []
    for name in _WEIGHED:
        if not _is_there(name, spaces) or name not in LIST_NAMES:
            continue
        usually = usual[name] if state.space is None else float(name == state.space.value)
        weight = given.get(name, usually)
        highest = max(HIGHEST_WEIGHT, weight)
        caveat = _CAVEATS.get(name, "")
        found.append(Slider(name, _WEIGHED[name], caveat, weight, usually, highest))
    return tuple(found)


def _is_there(name: str, spaces: Mapping[Space, tuple[str, ...]]) -> bool:
    """Whether a library with these spaces can answer with a list."""
    if name in ("words", "substring"):
        return True
    base = name.removesuffix("_words").removesuffix("_substring")
    return bool(spaces.get(Space(base)))


def _group(
    name: str, label: str, facet: Facet, chosen: tuple[str, ...], *, is_single: bool = False
) -> ChoiceGroup:
    choices = tuple(
        Choice(
            value.value,
            _label(name, value.label),
            value.n_panels,
            (value.value.casefold() if name == "series" else value.value) in chosen,
        )
        for value in facet.values
    )
    return ChoiceGroup(name, label, choices, is_single, max(0, facet.n_values - len(choices)))


def _label(name: str, label: str) -> str:
    if name in ("series", "book"):
        return label
    if name == "language":
        return _LANGUAGES.get(label, label)
    return _NAMES.get(label, spoken(label))
