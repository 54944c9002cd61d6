"""What is said and shown on a study shelf: names, sentences, motifs, styles of works.

All lettering of the shelf is made alike: a sentence with a name in it. So a panel with a planted
name differs from one with any other name by that name alone, and not by having lettering or by how
its sentence is built. Names are such as letters in capitals are read well from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.synthetic.recipe import Style

NAMES: Final = tuple(
    (
        "Marlow Brandt Keller Tanner Fenwick Hobart Sawyer Langdon Becker Conrad Draper Garner "
        "Jensen Kramer Lambert Mercer Norton Palmer Quentin Ramsey Sutton Vaughn Barlow Dalton "
        "Everett Farrow Gordon Hogarth Kendall Lowell Morgan Nelson Osborn Parker Rowan Stanton "
        "Thorne Upton Vernon Warner Yates Abbott Baxter Calder Denton Edmund Fulton Granger Hadley "
        "Jarvis Kenton Lawson Maddox Newton Orson Preston Redford Shelton Trenton Watson Weston "
        "Wendell Burton Colton Duncan Emmet Gilbert Harmon Jordan Kemper Landon Merton Nathan "
        "Oswald Perkins Rupert Samson Talbot Vincent Wexford"
    ).split()
)

PLAIN: Final = (
    "{w} was here before us.",
    "Have you seen {w}?",
    "Nobody told {w}.",
    "Ask {w} tomorrow.",
    "It must be {w} again.",
    "Only {w} would know.",
    "Wait for {w}!",
    "I never trusted {w}.",
    "Is that you, {w}?",
    "They all follow {w}.",
)

TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "sea": (
        "Hoist the sails for {w}!",
        "{w} steers the ship home.",
        "The tide carries {w}'s boat.",
        "Drop the anchor, {w}!",
        "{w} rows to the harbor.",
    ),
    "kitchen": (
        "{w} bakes fresh bread.",
        "More salt in {w}'s soup.",
        "Stir the pot for {w}.",
        "{w} cooks the best dinner.",
        "{w} burnt the cake.",
    ),
    "court": (
        "{w} stands before the judge.",
        "The jury will hang {w}.",
        "{w} needs a good lawyer.",
        "The court finds {w} guilty!",
        "{w} must obey the law.",
    ),
}


@dataclass(frozen=True, slots=True)
class Motif:
    """Who, where, in which light, with what in hand: the same in every book that has it."""

    name: str
    kind: str
    place: str
    light: str
    pose: str
    prop: str | None


MOTIFS: Final = (
    Motif("witch in the forest at dusk", "witch", "forest", "dusk", "hold", "potion"),
    Motif("pirate by the sea", "pirate", "sea", "day", "cheer", "sword"),
    Motif("chef in the kitchen", "chef", "kitchen", "day", "point", "cake"),
)

# What the other panels show: neither a motif's place nor its character, and no night, so that a
# dark page is one that was meant to be.
PLACES: Final = ("castle", "roof", "market", "mountain", "library", "hall", "ship")
LIGHTS: Final = ("day", "dusk", "rain")
KINDS: Final = ("cat", "knight", "robot", "fox", "astronaut", "ghost", "detective", "bear")
POSES: Final = ("stand", "point", "run", "think", "wave", "sneak")
EMOTIONS: Final = ("happy", "angry", "surprised", "determined", "sad")

# Each work's own look: how it is drawn, and what its paper does to red, green and blue.
LOOKS: Final[tuple[tuple[Style, tuple[float, float, float]], ...]] = (
    (Style.FLAT, (1.0, 1.0, 1.0)),
    (Style.INK, (1.0, 1.0, 1.0)),
    (Style.HALFTONE, (1.0, 1.0, 0.96)),
    (Style.SCREENTONE, (1.0, 0.99, 0.95)),
    (Style.PAPER, (1.0, 1.0, 1.0)),
    (Style.FLAT, (0.93, 1.0, 0.97)),
    (Style.HALFTONE, (0.94, 0.97, 1.0)),
    (Style.FLAT, (1.0, 0.93, 0.90)),
)
SERIES: Final = (
    "Lantern Street",
    "Paper Harbor",
    "Tin Moon",
    "Odd Corners",
    "Glass Orchard",
    "Seven Bells",
    "Copper Hill",
    "Winter Road",
)
