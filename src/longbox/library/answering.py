"""Which trained model answers searches: `vectors/answering.json`.

The catalog is derived, so the choice has a file of its own, replaced whole. It also lists the
models that were retired by it: their folders go when nobody needs them any more. Replacing this
file is the one moment at which a library changes its model.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.library.learned_stores import VECTORS_NAME, is_model_name
from longbox.library.stores import disk_errors, partial_path, sync_folder

_NAME: Final = "answering.json"
_FORMAT: Final = 1
_KIND: Final = "longbox models"


@dataclass(frozen=True, slots=True)
class Answering:
    """The model that answers, or None for none yet, and those that were retired."""

    model: str | None = None
    retired: tuple[str, ...] = ()


def read_answering(root: Path) -> Answering:
    """Read the choice; one that is missing or cannot be read is none."""
    path = root / VECTORS_NAME / _NAME
    with disk_errors(path):
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return Answering()
    try:
        said = json.loads(data)
        model, retired = said["model"], said["retired"]
    except (ValueError, KeyError, TypeError):
        return Answering()
    if not (isinstance(model, str) and is_model_name(model) and isinstance(retired, list)):
        return Answering()
    names = tuple(n for n in retired if isinstance(n, str) and is_model_name(n) and n != model)
    return Answering(model, names)


def write_answering(root: Path, chosen: Answering) -> None:
    """Replace the choice, whole and synced.

    Raises:
        LibraryError: The disk refuses.
    """
    path = root / VECTORS_NAME / _NAME
    said = {
        "format": _FORMAT,
        "kind": _KIND,
        "model": chosen.model,
        "retired": sorted(set(chosen.retired)),
    }
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_path(root, _NAME)
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(json.dumps(said, indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)
