"""Damage done to the files of a small library: what disks, copies and people do to them."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

Damage = Callable[[Path, random.Random], None]


def flipped(path: Path, rng: random.Random) -> None:
    """Flip one bit."""
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut(path: Path, rng: random.Random) -> None:
    """Keep only a beginning, as a torn write does."""
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))])


def blanked(path: Path, rng: random.Random) -> None:
    """Let a sector read as zeros."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(max(1, len(data) - 512))
    data[at : at + 512] = bytes(len(data[at : at + 512]))
    path.write_bytes(data)


def gone(path: Path, _rng: random.Random) -> None:
    """Delete the file."""
    path.unlink()


def swapped(path: Path, rng: random.Random) -> None:
    """Give it the contents of another of its folder."""
    others = [p for p in sorted(path.parent.iterdir()) if p != path and p.suffix == path.suffix]
    other = rng.choice(others)
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def renamed(path: Path, _rng: random.Random) -> None:
    """Give it the name of a book that is none of the library's."""
    path.rename(path.with_name(f"{0xFEED:016x}.zarr.zip"))


HOW: Final[dict[str, Damage]] = {
    "bit flipped": flipped,
    "truncated": cut,
    "sector of zeros": blanked,
    "deleted": gone,
}
STORE_HOW: Final[dict[str, Damage]] = {**HOW, "swapped": swapped, "renamed": renamed}


def newer_catalog(root: Path, _rng: random.Random) -> None:
    """Let a Longbox of the future have written the catalog."""
    connection = sqlite3.connect(root / "catalog.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()


def newer_stores(folder: str) -> Damage:
    """Let a Longbox of the future have written a store of a folder."""

    def change(root: Path, rng: random.Random) -> None:
        path = rng.choice(sorted((root / folder).rglob("*.zarr.zip")))
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        said = json.loads(members["zarr.json"])
        said["attributes"]["format"] = 99
        members["zarr.json"] = json.dumps(said).encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(members):
                archive.writestr(name, members[name])

    return change


def newer_text(name: str) -> Damage:
    """Let a Longbox of the future have written a file of what people typed."""

    def change(root: Path, rng: random.Random) -> None:
        path = rng.choice(sorted(root.glob(name)))
        whole = json.loads(path.read_bytes())
        path.write_text(json.dumps({**whole, "format": 99}))

    return change


def clocked(moment: float) -> Damage:
    """Let every file seem to be of another time."""

    def change(root: Path, _rng: random.Random) -> None:
        for path in root.rglob("*"):
            os.utime(path, (moment, moment))

    return change


def log_damage(how: str) -> Damage:
    """Leave a write-ahead log behind a kill, and damage it."""

    def change(root: Path, rng: random.Random) -> None:
        log = root / "catalog.sqlite-wal"
        if log.exists() and log.stat().st_size:
            HOW[how](log, rng)

    return change
