"""Fonts for lettering, found inside the installed font packages.

Each role has a list of faces; the book's seed picks one that is to be used throughout. A text with
a character that the picked face lacks falls back: to the first other face of the role that has
them all, and last to IPAexGothic, which has kana, kanji and Latin. No font is looked for on the
system, so the same recipe has the same letters everywhere.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from longbox.errors import ConfigError

_FACES: dict[str, tuple[str, str]] = {
    "kalam-bold": ("fontpkg_kalam", "files/Kalam-Bold.ttf"),
    "kalam": ("fontpkg_kalam", "files/Kalam-Regular.ttf"),
    "delius": ("fontpkg_delius", "files/Delius-Regular.ttf"),
    "acme": ("fontpkg_acme", "files/Acme-Regular.ttf"),
    "marker": ("fontpkg_permanent_marker", "files/PermanentMarker-Regular.ttf"),
    "luckiest": ("fontpkg_luckiest_guy", "files/LuckiestGuy-Regular.ttf"),
    "titan": ("fontpkg_titan_one", "files/TitanOne-Regular.ttf"),
    "lilita": ("fontpkg_lilita_one", "files/LilitaOne-Regular.ttf"),
    "bungee": ("fontpkg_bungee", "files/Bungee-Regular.ttf"),
    "anton": ("fontpkg_anton", "files/Anton-Regular.ttf"),
    "serif": ("fontpkg_pt_serif", "files/PT_Serif-Web-Regular.ttf"),
    "serif-bold": ("fontpkg_pt_serif", "files/PT_Serif-Web-Bold.ttf"),
    "gothic": ("matplotlib_fontja", "fonts/ipaexg.ttf"),
}
ROLES: dict[str, tuple[str, ...]] = {
    "dialogue": ("kalam-bold", "delius", "acme"),
    "caption": ("kalam", "delius"),
    "sound": ("luckiest", "bungee", "marker", "titan"),
    "title": ("lilita", "titan", "anton", "luckiest"),
    "prose": ("serif",),
    "headline": ("serif-bold", "anton"),
}
_LAST = "gothic"


def face_for(text: str, role: str, pick: int) -> str:
    """Return the face that letters a text: the picked one, or the first that has its characters."""
    faces = ROLES[role]
    picked = faces[pick % len(faces)]
    needed = frozenset(c for c in text if not c.isspace())
    for face in (picked, *faces):
        if needed <= _coverage(face):
            return face
    return _LAST


@lru_cache(maxsize=256)
def load_font(face: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a face at a size.

    Raises:
        ConfigError: The package of the face is not installed.
    """
    return ImageFont.truetype(str(_path(face)), size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=32)
def _path(face: str) -> Path:
    package, inside = _FACES[face]
    # find_spec and not importlib.resources: matplotlib_fontja changes matplotlib when imported.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"font package {package} is not installed; run pip install longbox again")
    return Path(spec.submodule_search_locations[0]) / inside


@lru_cache(maxsize=32)
def _coverage(face: str) -> frozenset[str]:
    """Return the characters that a face has glyphs for, among those that stories use."""
    from fontTools.ttLib import TTFont

    with TTFont(str(_path(face)), lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))
