"""Choosing a folder with comics on the machine that the server runs on.

Only what lies below the home of the server's user, below folders that comics of the library came
from, and below the places where disks are mounted is listed: whoever has the page may look for
comics, not through the whole machine. Folders whose names begin with a dot are left out, and links
are followed only where they lead to such a place again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import QueryError
from longbox.ingest import COMIC_SUFFIXES
from longbox.library import Library
from longbox.web.jobs import checked_folder

_MOST_LISTED: Final = 500
_MOST_LOOKED_AT: Final = 20_000
_MOST_PLACES: Final = 20


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that can be opened or read.

    Attributes:
        path: Absolute.
        name: What people read.
    """

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What the chooser shows.

    Attributes:
        path: The folder that is shown; None for the list of places to begin at.
        parents: Folders above it that may be shown, the outermost first.
        folders: In it, or the places to begin at; the first 500.
        n_comics: Comic files right in it.
        is_cut: Whether there are more folders than are listed.
    """

    path: str | None
    parents: tuple[Folder, ...]
    folders: tuple[Folder, ...]
    n_comics: int
    is_cut: bool


def list_folders(library: Library, text: str) -> FolderListing:
    """List a folder; without one, the places to begin at.

    Raises:
        QueryError: The path is none, or lies outside the places that are shown.
    """
    places = _places(library)
    if not text.strip():
        return FolderListing(None, (), tuple(_folder(place) for place in places), 0, False)
    path = checked_folder(text)
    if path.is_file():
        path = path.parent
    place = _place_of(path, places)
    if place is None:
        raise QueryError(
            f"{text.strip()[:200]}: is not below the home folder or a disk, so it is not listed "
            "here; it can still be read if it is typed in"
        )
    names, n_comics = _look(path, places)
    above = [p for p in reversed(path.parents) if p.is_relative_to(place)]
    return FolderListing(
        str(path),
        tuple(_folder(p) for p in above),
        tuple(_folder(path / name) for name in names[:_MOST_LISTED]),
        n_comics,
        len(names) > _MOST_LISTED,
    )


def _places(library: Library) -> list[Path]:
    """Return where choosing may begin, each one once."""
    user = Path.home().name
    mounts = [Path("/media") / user, Path("/run/media") / user, Path("/Volumes")]
    known = (Path(path).parent for path in library.known_files())
    found = [Path.home(), *_outermost(known), *mounts]
    return list(dict.fromkeys(place for place in found if place.is_dir()))


def _outermost(folders: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in sorted(set(folders), key=lambda f: (len(f.parts), f)):
        if not any(folder.is_relative_to(other) for other in found):
            found.append(folder)
        if len(found) == _MOST_PLACES:
            break
    return found


def _place_of(path: Path, places: Iterable[Path]) -> Path | None:
    """Return the place that a path lies in, also after all links are followed."""
    real = path.resolve()
    for place in places:
        if path.is_relative_to(place) and any(real.is_relative_to(p.resolve()) for p in places):
            return place
    return None


def _look(path: Path, places: list[Path]) -> tuple[list[str], int]:
    """Return the names of the folders in a folder, in order, and the number of comic files."""
    names: list[str] = []
    n_comics = 0
    try:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_LOOKED_AT:
                    break
                if entry.name.startswith("."):
                    continue
                if entry.is_dir() and _may_show(entry, path, places):
                    names.append(entry.name)
                elif entry.name.lower().endswith(tuple(COMIC_SUFFIXES)):
                    n_comics += 1
    except OSError as error:
        raise QueryError(f"{path}: cannot be listed ({error.strerror})") from error
    return sorted(names, key=str.casefold), n_comics


def _may_show(entry: os.DirEntry[str], path: Path, places: list[Path]) -> bool:
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not entry.is_symlink() or _place_of(path / entry.name, places) is not None


def _folder(path: Path) -> Folder:
    return Folder(str(path), path.name or str(path))
