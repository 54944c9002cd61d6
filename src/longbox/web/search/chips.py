"""What a search looks for, as chips: each with the addresses that change it.

Every button of a chip is a link to another search, so arithmetic can be built by clicking, without
a script, and undone with the back button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from longbox.book import PanelId
from longbox.retrieval import PanelTerm, PictureTerm, Term, WordsTerm
from longbox.web.addresses import panel_address, panel_picture, query_picture
from longbox.web.search.state import SearchState
from longbox.web.search.terms import picture_id, write_added, write_query

_WEIGHTS: Final = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0)


class ChipKind(StrEnum):
    """What a term is."""

    WORDS = "words"
    PANEL = "panel"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Chip:
    """One term of a search.

    Attributes:
        label: What it is, in words.
        weight: Without its sign.
        picture: Address of what it looks like; empty for words.
        link: Address of the panel that it is; empty for others.
        picture_id: Of a picture that was sent; empty for others.
        region: The part of that picture that is meant, "x0,y0,x1,y1"; empty for all of it.
        place: Its number beside the box, from 0; None where it stands in the box.
        removed: Address of the search without it.
        turned: Address of the search with the other sign.
        lighter, heavier: Addresses of the search where it counts less or more; empty at the ends.
    """

    kind: ChipKind
    label: str
    weight: float
    is_subtracted: bool
    picture: str
    link: str
    picture_id: str
    region: str
    place: int | None
    removed: str
    turned: str
    lighter: str
    heavier: str


def chips_of(
    state: SearchState, terms: Sequence[Term], titles: Mapping[PanelId, str]
) -> tuple[Chip, ...]:
    """Return the chips of a search; plain words in the box need none.

    Args:
        state: The search.
        terms: From `read_terms`: the typed ones, then one for each that stands beside the box.
        titles: Of the books of the panels among them.
    """
    n_typed = len(terms) - len(state.also)
    if len(terms) == 1 and isinstance(terms[0], WordsTerm) and not terms[0].is_phrase:
        return ()
    made = (_chip(state, terms, n_typed, number) for number in range(len(terms)))
    return tuple(
        replace(chip, label=f"{titles[term.panel_id]}, {chip.label}")
        if isinstance(term, PanelTerm) and term.panel_id in titles
        else chip
        for chip, term in zip(made, terms, strict=True)
    )


def _chip(state: SearchState, terms: Sequence[Term], n_typed: int, number: int) -> Chip:
    term = terms[number]

    def address(changed: Term | None) -> str:
        kept = [*terms[:number], *([] if changed is None else [changed]), *terms[number + 1 :]]
        n = n_typed - (changed is None and number < n_typed)
        also = tuple(write_added(t) for t in kept[n:] if not isinstance(t, WordsTerm))
        query = state.query if number >= n_typed else write_query(kept[:n]) if n else ""
        return state.asking(query, also).address

    weight = abs(term.weight)
    sign = -1 if term.weight < 0 else 1
    less = [w for w in _WEIGHTS if w < weight]
    more = [w for w in _WEIGHTS if w > weight]
    label, picture, link = _looks(term)
    sent = term if isinstance(term, PictureTerm) else None
    return Chip(
        kind=_kind(term),
        label=label,
        weight=weight,
        is_subtracted=sign < 0,
        picture=picture,
        link=link,
        picture_id=picture_id(sent) if sent else "",
        region=",".join(f"{x:g}" for x in sent.region) if sent and sent.region else "",
        place=number - n_typed if number >= n_typed else None,
        removed=address(None),
        turned=address(replace(term, weight=-term.weight)),
        lighter=address(replace(term, weight=sign * less[-1])) if less else "",
        heavier=address(replace(term, weight=sign * more[0])) if more else "",
    )


def _kind(term: Term) -> ChipKind:
    match term:
        case WordsTerm():
            return ChipKind.WORDS
        case PanelTerm():
            return ChipKind.PANEL
        case PictureTerm():
            return ChipKind.PICTURE


def _looks(term: Term) -> tuple[str, str, str]:
    match term:
        case WordsTerm():
            return term.text, "", ""
        case PanelTerm():
            return (
                name_of(term.panel_id),
                panel_picture(term.panel_id, 160),
                panel_address(term.panel_id),
            )
        case PictureTerm():
            what = "your picture" if term.region is None else "a part of your picture"
            return what, query_picture(picture_id(term)), ""


def name_of(panel_id: PanelId) -> str:
    """Return what people call a panel: its page and its place there, from 1."""
    return f"page {panel_id.page_index + 1}, panel {panel_id.panel + 1}"
