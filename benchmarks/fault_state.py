"""The states that faults begin from, what a library holds, and the way back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fault_injection import Outcome, in_child
from fault_work import (
    WORKS,
    age,
    back_up,
    correct,
    describe,
    draw_shelf,
    embed,
    index,
    redo,
    repair,
)
from longbox.errors import LibraryError
from longbox.library import (
    Library,
    check_library,
    corrected_books,
    put_back,
    read_corrections,
    restore_library,
)

_NEXT_STEP: Final = re.compile(
    r"\b(run|again|check|make room|upgrade|put|move|restore|repair|name|delete|index|migrate)\b"
)
# From which state each work begins.
BASES: Final = {
    "index": "empty",
    "merge": "stores",
    "update indexes": "merged",
    "describe": "indexed",
    "embed": "described",
    "correct": "embedded",
    "rebuild": "full",
    "migrate": "old",
    "backup": "full",
    "restore": "lost",
    "repair": "broken",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a library holds.

    Attributes:
        fingerprint: Of everything that a search can see.
        typed: Everything that people typed.
        findings: What a check finds.
        leftovers: Files under partial/.
    """

    fingerprint: str
    typed: frozenset[str]
    findings: tuple[str, ...]
    leftovers: int

    def holds(self, other: Kept) -> bool:
        """Whether nothing of another state is missing, and nothing else is wrong."""
        is_same = self.fingerprint == other.fingerprint and self.typed >= other.typed
        return is_same and not self.findings and not self.leftovers


@dataclass(frozen=True, slots=True)
class Scratch:
    """Folders of one run of the benchmark."""

    folder: Path

    @property
    def shelf(self) -> Path:
        """Where the comic files lie."""
        return self.folder / "shelf"

    @property
    def root(self) -> Path:
        """The library that the present fault befalls."""
        return self.folder / "run" / "library"

    def base(self, name: str) -> Path:
        """Return the folder of a state to begin from."""
        return self.folder / "bases" / name


def make_bases(scratch: Scratch) -> None:
    """Make every state that a fault may begin from."""
    draw_shelf(scratch.shelf)
    steps: dict[str, tuple[str, Callable[[Path], Any]]] = {
        "empty": ("", lambda _: None),
        "stores": ("", lambda r: index(r, scratch.shelf, merges=False, updates=False)),
        "merged": ("", lambda r: index(r, scratch.shelf, updates=False)),
        "indexed": ("", lambda r: index(r, scratch.shelf)),
        "described": ("indexed", lambda r: describe(r, scratch.shelf)),
        "embedded": ("described", lambda r: embed(r, scratch.shelf)),
        "full": ("embedded", lambda r: (correct(r, scratch.shelf), back_up(r, scratch.shelf))),
        "old": ("indexed", age),
        "lost": ("full", shutil.rmtree),
        "broken": ("full", _break),
    }
    for name, (before, step) in steps.items():
        if before:
            shutil.copytree(scratch.base(before), scratch.base(name))
        else:
            scratch.base(name).mkdir(parents=True)
        root = scratch.base(name) / "library"
        made = in_child(lambda step=step, root=root: step(root) and None)
        if made.how != "ok":
            raise SystemExit(f"{name}: {made.message}")


def _break(root: Path) -> None:
    """Damage a book's store, a description store and a segment."""
    for pattern in ("books/*1.zarr.zip", "descriptions/*3.zarr.zip", "index/text-*/rows.npy"):
        path = next(iter(sorted(root.glob(pattern))))
        path.write_bytes(path.read_bytes()[:-20])


def copied(scratch: Scratch, base: str) -> Path:
    """Put a fresh copy of a state at the place where faults happen."""
    shutil.rmtree(scratch.root.parent, ignore_errors=True)
    shutil.copytree(scratch.base(base), scratch.root.parent)
    return scratch.root


def typed_in(root: Path) -> frozenset[str]:
    """Return all that people typed, a line each."""
    from longbox.library.saved_searches import read_searches

    lines = {f"search {s.name} {s.query}" for s in read_searches(root)}
    for book in corrected_books(root):
        for c in read_corrections(root, book):
            lines.add(f"{book} {c.page_index} {c.field} {c.value} {c.made_at}")
    return frozenset(lines)


def state_of(root: Path) -> Kept:
    """Look at a library as it is; to be called in a child."""
    found = check_library(root)
    with Library.open(root) as library:
        fingerprint = library.fingerprint_contents()
    partial = root / "partial"
    n_left = len(list(partial.iterdir())) if partial.is_dir() else 0
    lines = tuple(finding.line for finding in found.findings)
    return Kept(fingerprint, typed_in(root), lines, n_left)


def reference(scratch: Scratch, work: str) -> Kept:
    """Return what a library holds after undisturbed work."""
    root = copied(scratch, BASES[work])
    done = in_child(lambda: _undisturbed(root, scratch.shelf, work))
    if done.how != "ok" or done.value.findings:
        raise SystemExit(f"{work}, undisturbed: {done}")
    kept: Kept = done.value
    return kept


def _undisturbed(root: Path, shelf: Path, work: str) -> Kept:
    WORKS[work](root, shelf)
    if work == "repair":
        redo(root, shelf)
    return state_of(root)


def told(outcome: Outcome) -> bool:
    """Say whether a person was told what to do: in one line, or by nothing having happened."""
    if outcome.how in ("ok", "killed"):
        return True
    is_line = "\n" not in outcome.message and bool(_NEXT_STEP.search(outcome.message))
    return outcome.how == "error" and is_line


Step = tuple[str, Callable[[Path, Path], None]]


def ways_back(work: str, *, is_damage: bool, has_backup: bool) -> list[Step]:
    """Return what a person does after a fault, in the order of trying."""
    again = WORKS[work]

    def same(root: Path, shelf: Path) -> None:
        again(root, shelf)
        if work == "repair":
            redo(root, shelf)

    def repaired(root: Path, shelf: Path) -> None:
        repair(root, shelf)
        redo(root, shelf) if is_damage else same(root, shelf)

    def from_backup(root: Path, shelf: Path) -> None:
        put_back(root, check_library(root), root.parent / "backup")
        repaired(root, shelf)

    def rebuilt(root: Path, shelf: Path) -> None:
        Library.rebuild(root)
        redo(root, shelf) if is_damage else same(root, shelf)

    ways: list[Step] = [] if is_damage else [("the same command", same)]
    ways += [("a copy from the backup", from_backup)] if has_backup else []
    return [*ways, ("check --repair", repaired), ("rebuild", rebuilt)]


def recover(
    scratch: Scratch, wanted: Kept, ways: list[Step], *, is_backup: bool = False
) -> tuple[str | None, list[str]]:
    """Go the ways back until the library holds what it should.

    Returns:
        The way that led there (None for none), and what the others ended with.
    """
    failed = []
    for name, way in ways:
        done = in_child(lambda way=way: way(scratch.root, scratch.shelf))
        if done.how != "ok":
            failed.append(f"{name}: {done.how}: {done.message}")
            continue
        found = in_child(lambda: state_of(scratch.root))
        if found.how != "ok":
            failed.append(f"{name}, then looking: {found.message}")
        elif not found.value.holds(wanted):
            failed.append(f"{name}: {_difference(found.value, wanted)}")
        elif is_backup and (trouble := in_child(lambda: _restored(scratch, wanted)).value):
            failed.append(f"{name}: {trouble}")
        else:
            return name, failed
    return None, failed


def _restored(scratch: Scratch, wanted: Kept) -> str:
    """Restore the backup beside the library; return what is wrong with what comes of it."""
    root = scratch.root.parent / "restored"
    shutil.rmtree(root, ignore_errors=True)
    try:
        restore_library(scratch.root.parent / "backup", root)
    except LibraryError as error:
        return str(error)
    found = state_of(root)
    return "" if found.holds(wanted) else f"restored: {_difference(found, wanted)}"


def _difference(found: Kept, wanted: Kept) -> str:
    parts = [] if found.fingerprint == wanted.fingerprint else ["holds something else"]
    parts += [f"lost: {line}" for line in sorted(wanted.typed - found.typed)]
    parts += [f"found: {line}" for line in found.findings]
    parts += [f"{found.leftovers} leftovers"] if found.leftovers else []
    return "; ".join(parts)
