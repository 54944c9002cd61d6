"""Arcs: what happens, step by step, in each kind of story, from phrases/arcs.json.

An arc is a list of beats; a beat is one panel. Its causes come before it (nobody chases a thief
before something is stolen), so the order of panels can be told from what they show and say. Roles
are filled with characters of the book, A, B and C with places. In `who`, a role is followed by
pose and emotion; in `says`, a star is a thought and an exclamation mark a shout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Beat:
    """One panel of an arc.

    Attributes:
        step: Name within the arc, which is also the event's.
        shot: establishing, long, medium or close.
        place: A, B or C.
        who: "role/pose/emotion" of all present, leading figure first.
        deed: What is done, in English, for the summary.
        says: Lines in speaking order: caption, sound, role, role* (thinks), role! (shouts).
        holder: Role that has the arc's thing in hand, or None.
        is_optional: Left out first when there is little room.
        light: Hour that the beat insists on, or None.
        prop: Another thing than the arc's, or None.
    """

    step: str
    shot: str
    place: str
    who: str
    deed: str
    says: str
    holder: str | None = None
    is_optional: bool = False
    light: str | None = None
    prop: str | None = None


@dataclass(frozen=True, slots=True)
class Arc:
    """A kind of story.

    Attributes:
        roles: In the order in which the cast fills them.
        prop: The thing it is about, or None where any will do.
        wishes: Role to the kinds of characters that suit it best.
        places: A, B or C to the places that suit it; others may be anywhere.
    """

    name: str
    roles: tuple[str, ...]
    beats: tuple[Beat, ...]
    prop: str | None
    wishes: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, ...]]

    @property
    def n_least(self) -> int:
        """Beats that cannot be left out."""
        return sum(not b.is_optional for b in self.beats)


@dataclass(frozen=True, slots=True)
class Grammar:
    """All that stories are made of.

    Attributes:
        arcs: By name.
        short: Arcs of a few beats, for what is left of a book after its arcs.
        interludes: Single panels between arcs.
        finale: The last panel of a book that has room for one.
    """

    arcs: Mapping[str, Arc]
    short: Mapping[str, Arc]
    interludes: tuple[Beat, ...]
    finale: Beat


@lru_cache(maxsize=1)
def load_grammar() -> Grammar:
    """Read the arcs."""
    text = (files("longbox.synthetic") / "phrases" / "arcs.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return Grammar(
        {a["name"]: _arc(a) for a in data["arcs"]},
        {a["name"]: _arc(a) for a in data["short"]},
        tuple(Beat(**b) for b in data["interludes"]),
        Beat(**data["finale"]),
    )


def _arc(record: dict[str, Any]) -> Arc:
    return Arc(
        record["name"],
        tuple(record["roles"]),
        tuple(Beat(**b) for b in record["beats"]),
        record["prop"],
        {role: tuple(kinds) for role, kinds in record["wishes"].items()},
        {letter: tuple(places) for letter, places in record["places"].items()},
    )
