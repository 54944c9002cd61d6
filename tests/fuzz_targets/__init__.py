"""Every door that strangers' bytes come through, as a fuzz target.

tests/fuzzing tries each for a moment, benchmarks/fuzz.py for long. Whoever imports this has tests,
tests/ingest and tests/library on the path. A target's file is imported when it is asked for, so
that a process that tries one needs no more than that one does.
"""

from __future__ import annotations

from importlib import import_module

from fuzz_targets.contract import Target

_FILES = {
    "comic_files": ("zip", "zip-members", "tar", "7z", "rar", "folder", "epub", "pdf"),
    "pictures": ("pictures",),
    "documents": ("comicinfo", "names", "answers", "replies"),
    "sidecars": ("sidecars",),
    "typed": ("queries", "addresses", "config", "corrections", "searches"),
    "stores": ("book-stores", "description-stores", "learned-stores", "segments"),
    "libraries": ("catalogs", "beside", "models"),
    "web": ("web",),
}  # fmt: skip
NAMES: tuple[str, ...] = tuple(name for names in _FILES.values() for name in names)


def target_of(name: str) -> Target:
    """Return the target of a name."""
    file = next(file for file, names in _FILES.items() if name in names)
    targets: tuple[Target, ...] = import_module(f"fuzz_targets.{file}").TARGETS
    return next(target for target in targets if target.name == name)
