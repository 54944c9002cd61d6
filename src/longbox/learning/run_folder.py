"""A run's folder: its settings beside the weights, and whether it is over.

| file | holds |
|---|---|
| train.toml | what the run was told: settings, and a digest of the books it learns from |
| config.json, weights.safetensors | the best model so far |
| history.jsonl | losses and scores beside their chance marks |
| checkpoint.pt | where the run is; removed when it is over |
| report.json | how it ended; only a run that is over has one |

The same command again goes on with a run, or does nothing when it is over. With other settings or
other books it is refused, because half a run of each is neither: `--refresh` begins anew. A model
that is there stays until the new run has its first.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from longbox.errors import ModelError
from longbox.features import MODALITIES, BookFeatures
from longbox.learning.checkpoint import CHECKPOINT_NAME
from longbox.learning.progress import RunReport

SETTINGS_NAME: Final = "train.toml"
REPORT_NAME: Final = "report.json"
_MOST_BYTES: Final = 1 << 20

Value = str | int | float | bool
Settings = Mapping[str, Mapping[str, Value]]


class RunState(StrEnum):
    """What is in a run's folder."""

    NEW = "new"
    STOPPED = "stopped"
    OVER = "over"


def open_run(folder: Path, settings: Settings, *, refresh: bool = False) -> RunState:
    """Open a run's folder for a run with these settings, and say what is in it.

    Args:
        folder: Made where there is none.
        settings: Tables of plain values; None is left out by the caller.
        refresh: Forget the run that is there.

    Raises:
        ModelError: The folder holds a run with other settings or books, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if refresh:
            for name in (CHECKPOINT_NAME, REPORT_NAME, SETTINGS_NAME):
                (folder / name).unlink(missing_ok=True)
        path = folder / SETTINGS_NAME
        is_over = (folder / REPORT_NAME).is_file()
        is_begun = is_over or (folder / CHECKPOINT_NAME).is_file()
        if is_begun:
            _require_same(path, _plain(settings))
        else:
            _write(path, _toml(settings))
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from error
    if is_over:
        return RunState.OVER
    return RunState.STOPPED if is_begun else RunState.NEW


def close_run(folder: Path, report: RunReport) -> None:
    """Keep how a run ended, and remove what it would need to go on; a stopped run stays open.

    Raises:
        ModelError: The disk refuses.
    """
    if report.was_interrupted:
        return
    try:
        _write(folder / REPORT_NAME, json.dumps(asdict(report), indent=1) + "\n")
        (folder / CHECKPOINT_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from error


def read_report(folder: Path) -> RunReport:
    """Read how a run ended.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    path = folder / REPORT_NAME
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path}: too large for a report; give --refresh to train anew")
        return msgspec.json.decode(path.read_bytes(), type=RunReport)
    except OSError as error:
        raise ModelError(f"{path}: no finished run here ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: damaged ({error}); give --refresh to train anew") from error


def books_digest(books: Sequence[BookFeatures]) -> str:
    """Name everything that a run learns from these books, 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for book in books:
        digest.update(
            f"{book.book_id}\n{book.series}\n{book.language}\n".encode("utf-8", "replace")
        )
        for array in (book.pages, book.is_story, book.kinds):
            digest.update(array.tobytes())
        for space in MODALITIES:
            vectors = book.of(space)
            digest.update(vectors.fingerprint.encode("utf-8", "replace"))
            digest.update(vectors.mask.tobytes())
            digest.update(vectors.vectors.tobytes())
        if book.utterances is not None:
            for array in (book.utterances.vectors, book.utterances.kinds, book.utterances.panels):
                digest.update(array.tobytes())
    return digest.hexdigest()


def _require_same(path: Path, given: dict[str, dict[str, Value]]) -> None:
    known = _read(path)
    for table in sorted(given.keys() | known.keys()):
        new, old = given.get(table, {}), known.get(table, {})
        if not isinstance(old, dict):
            raise ModelError(f"{path}: {table} is no table; give --refresh to train anew")
        for name in sorted(new.keys() | old.keys()):
            if new.get(name) == old.get(name):
                continue
            raise ModelError(
                f"{path.parent}: holds a run with {name} {old.get(name)}, now it is "
                f"{new.get(name)}; give --refresh to train anew, or another --out"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path}: too large for settings; give --refresh to train anew")
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.parent}: holds a run but not its settings ({SETTINGS_NAME}); give --refresh to "
            f"train anew"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: damaged ({error}); give --refresh to train anew") from error


def _plain(settings: Settings) -> dict[str, dict[str, Value]]:
    """Return settings as they are read back."""
    read: dict[str, dict[str, Value]] = tomllib.loads(_toml(settings))
    return read


def _toml(settings: Settings) -> str:
    lines = ["# What `longbox train` was told; the same command goes on with this run."]
    for table, values in settings.items():
        lines += ["", f"[{table}]", *(f"{name} = {_value(v)}" for name, v in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value.encode("utf-8", "replace").decode()  # a file name may hold what is no text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)
