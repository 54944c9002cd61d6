"""The list of hostile kinds, and what the builders share.

Each builder gets an empty folder, writes one kind of file or folder there and returns what a person
would hand to Longbox. Each says what must come of it: "refused" (a typed error), "problem" (a book
with a recorded problem) or "read" (a book without one).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drawn_comics import page, write_zip

Builder = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One kind of hostile file: its name, what must come of it, and how to make it."""

    kind: str
    outcome: str
    build: Builder


KINDS: list[Hostile] = []


def hostile(outcome: str) -> Callable[[Builder], Builder]:
    """Add a builder to the list under its own name."""

    def register(build: Builder) -> Builder:
        KINDS.append(Hostile(build.__name__.replace("_", " ").strip(), outcome, build))
        return build

    return register


def with_page(folder: Path, name: str, data: bytes) -> Path:
    """A CBZ of one good page and one that is the matter."""
    return write_zip(folder / "book.cbz", [("page1.jpg", page(1)), (name, data)])
