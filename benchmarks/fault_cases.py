"""The list of faults, more than 500: which work, from which state, disturbed how."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fault_damage import (
    HOW,
    STORE_HOW,
    Damage,
    clocked,
    log_damage,
    newer_catalog,
    newer_stores,
    newer_text,
)
from fault_injection import NO_FAULT, Fault, Outcome, in_child
from fault_state import BASES, Scratch, copied
from fault_work import WORKS

# How many points of each work are tried, before --share.
_KILLS: Final = 11
_REFUSALS: Final = (("full", 8), ("write error", 5), ("read error", 5))
_DISTURBED: Final = tuple(name for name in WORKS if name != "merge")
_FUTURE, _PAST = 4_102_444_800.0, 1.0  # 2100, 1970


@dataclass(frozen=True, slots=True)
class Case:
    """One fault.

    Attributes:
        kind: Row of the table.
        work: What is disturbed; of damage, what is run when it is there.
        detail: What exactly.
        base: The state it begins from.
        fault: What befalls the process.
        damage: What is done to the files before.
        wrap: What else is done to the work: a second writer, another clock, another disk.
        disk_bytes: Size of the small disk that the library lies on.
        is_newer: A file is of a newer format: nothing may be moved.
        has_backup: A copy from the backup is the way back.
    """

    kind: str
    work: str
    detail: str
    base: str
    fault: Fault = NO_FAULT
    damage: Damage | None = None
    wrap: str = ""
    disk_bytes: int = 0
    is_newer: bool = False
    has_backup: bool = False


def cases(scratch: Scratch, rng: random.Random, share: float, only: str = "") -> Iterator[Case]:
    """Yield every fault, the same for the same seed; those that must be counted only if asked."""
    yield from _kills(scratch, share, only)
    yield from _refusals(scratch, share, only)
    yield from _limits(rng, share)
    yield from _damaged(share)
    yield from _others(share)


def _spread(total: int, n: int) -> list[int]:
    """Return at most n different points from 1 to total, evenly over all of it."""
    return sorted({max(1, math.ceil((i + 0.5) * total / n)) for i in range(n)}) if total else []


def _n(wanted: int, share: float) -> int:
    return max(1, round(wanted * share))


def _counted(scratch: Scratch, work: str, kind: str) -> int:
    root = copied(scratch, BASES[work])
    done: Outcome = in_child(lambda: WORKS[work](root, scratch.shelf), count=kind)
    return done.n_calls


def _kills(scratch: Scratch, share: float, only: str) -> Iterator[Case]:
    for work in (w for w in WORKS if only in f"kill -9: {w}"):
        total = _counted(scratch, work, "kill")
        for at in _spread(total, _n(_KILLS, share)):
            detail = f"call {at} of {total}"
            yield Case(f"kill -9: {work}", work, detail, BASES[work], Fault("kill", at))


def _refusals(scratch: Scratch, share: float, only: str) -> Iterator[Case]:
    names = {"full": "disk full", "write error": "write error", "read error": "read error"}
    for kind, wanted in _REFUSALS:
        if only not in names[kind]:
            continue
        for work in _DISTURBED:
            total = _counted(scratch, work, kind)
            for at in _spread(total, _n(wanted, share)):
                detail = f"{work}, call {at} of {total}"
                yield Case(names[kind], work, detail, BASES[work], Fault(kind, at))


def _limits(rng: random.Random, share: float) -> Iterator[Case]:
    for work in ("index", "describe", "embed", "rebuild", "migrate", "backup", "restore"):
        for _ in range(_n(3, share)):
            size = rng.randrange(0, 200_000)
            detail = f"{work}, no file above {size:,} bytes"
            fault = Fault("file size", size)
            yield Case("disk full (in SQLite)", work, detail, BASES[work], fault)
    for work in ("index", "merge", "describe", "embed", "rebuild", "migrate"):
        for _ in range(_n(2, share)):
            pages = rng.randrange(0, 20)
            fault = Fault("pages", pages)
            detail = f"{work}, catalog grows by {pages} pages"
            yield Case("disk full (in SQLite)", work, detail, BASES[work], fault)
    for work in ("index", "update indexes", "describe", "embed", "correct", "rebuild", "migrate"):
        for _ in range(_n(4, share)):
            size = rng.randrange(4_096, 400_000, 4_096)
            detail = f"{work}, {size // 1024:,} KiB free"
            yield Case("a disk that is full", work, detail, BASES[work], disk_bytes=size)


def _damaged(share: float) -> Iterator[Case]:
    for folder in ("books", "descriptions", "vectors"):
        for name, how in STORE_HOW.items():
            for turn in range(_n(3, share)):
                damage = _chosen(f"{folder}/**/*.zarr.zip", how)
                yield Case(
                    f"store damaged: {folder}",
                    "index",
                    f"{name}, {turn}",
                    "full",
                    damage=damage,
                    has_backup=turn == 1,
                )
    places = {
        "catalog damaged": "catalog.sqlite",
        "segment damaged": "index/*/*",
        "typed text damaged": "corrections/*.json",
        "saved searches damaged": "searches.json",
        "choice of model damaged": "vectors/answering.json",
    }
    for kind, pattern in places.items():
        is_typed = kind in ("typed text damaged", "saved searches damaged")
        for name, how in HOW.items():
            for turn in range(_n(4 if kind == "catalog damaged" else 3, share)):
                if is_typed and name == "deleted":
                    continue  # a person may delete a file; a backup has it
                yield Case(
                    kind,
                    "index",
                    f"{name}, {turn}",
                    "full",
                    damage=_chosen(pattern, how),
                    has_backup=is_typed,
                )


def _others(share: float) -> Iterator[Case]:
    newer = {
        "the catalog": newer_catalog,
        "a book store": newer_stores("books"),
        "a description store": newer_stores("descriptions"),
        "a learned store": newer_stores("vectors"),
        "corrections": newer_text("corrections/*.json"),
        "saved searches": newer_text("searches.json"),
    }
    for name, damage in newer.items():
        for work in ("repair", "rebuild", "embed"):
            yield Case(
                "newer format", work, f"{name}: {work}", "full", damage=damage, is_newer=True
            )
    for work in ("index", "embed", "migrate", "backup", "correct"):
        for name, moment in (("2100", _FUTURE), ("1970", _PAST)):
            yield Case(
                "clock", work, f"files of {name}: {work}", BASES[work], damage=clocked(moment)
            )
        yield Case("clock", work, f"set back ten years: {work}", BASES[work], wrap="clock back")
    for work in ("index", "embed", "describe", "correct", "rebuild", "migrate", "backup"):
        yield Case("two writers", work, work, BASES[work], wrap="twice")
        yield Case("two writers", work, f"{work}, one killed", BASES[work], wrap="twice, killed")
    for work in ("index", "rebuild", "correct"):
        for wrap in ("no shared memory", "no locks"):
            yield Case("network folder", work, f"{wrap}: {work}", BASES[work], wrap=wrap)
    for name in ("bit flipped", "truncated", "sector of zeros"):
        for turn in range(_n(2, share)):
            yield Case(
                "log damaged after a kill",
                "index",
                f"{name}, {turn}",
                "empty",
                Fault("kill", 2_000 + 900 * turn),
                damage=log_damage(name),
            )


def _chosen(pattern: str, how: Callable[[Path, random.Random], None]) -> Damage:
    def damage(root: Path, rng: random.Random) -> None:
        how(rng.choice(sorted(p for p in root.glob(pattern) if p.is_file())), rng)

    return damage
