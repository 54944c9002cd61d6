"""What happened in a training run: one JSON line an entry, in the run's folder.

Lines are appended and flushed one by one, so a killed run has lost at most the line that was being
written. A reader skips a last line that is cut; a damaged line in the middle is an error, because
then something else wrote to the file. A run that resumes from a checkpoint first drops what came
after it (`drop_after`), so that no step is there twice. A figure that is not finite is kept as null
and read back as nan: a loss that exploded must be seen.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from longbox.errors import ModelError
from longbox.evaluation import Curve, ModuleGradient

HISTORY_NAME: Final = "history.jsonl"
_MAX_BYTES: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A loss or a score.

    Attributes:
        value: As measured; nan (null in the file) where it was not finite.
        chance: What a guess gets, or None where that is not known.
    """

    name: str
    value: float | None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class HealthValue:
    """One measure of one space at this step: ("fused", "rank_share", .61)."""

    space: str
    measure: str
    value: float | None


@dataclass(frozen=True, slots=True)
class GradientNorm:
    """`ModuleGradient` as the file keeps it."""

    name: str
    norm: float | None
    n_parameters: int
    n_without: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line.

    Attributes:
        step: Optimizer steps so far.
        epoch: Passes over the data so far; may be a fraction.
        losses: Training losses, each beside its chance mark; the weighted sum is "total".
        learning_rate: At this step.
        scores: Accuracies and losses on validation, beside chance.
        gradients: Before the step.
        health: Snapshot of the spaces.
        seconds: Since the run began.
    """

    step: int
    epoch: float
    losses: tuple[NamedValue, ...] = ()
    learning_rate: float | None = None
    scores: tuple[NamedValue, ...] = ()
    gradients: tuple[GradientNorm, ...] = ()
    health: tuple[HealthValue, ...] = ()
    seconds: float | None = None


class History:
    """A run's history, open for appending.

    Attributes:
        path: The file.
    """

    def __init__(self, folder: Path) -> None:
        """Open the history of a run folder; a last line that was cut is removed.

        Raises:
            OSError: The folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / HISTORY_NAME
        _remove_cut_line(self.path)

    def append(self, entry: HistoryEntry) -> None:
        """Write one entry; it is with the system when this returns."""
        line = msgspec.json.encode(_finite(entry)) + b"\n"
        with self.path.open("ab") as file:
            file.write(line)

    def drop_after(self, step: int) -> int:
        """Remove the entries after a step, which a resumed run will make again; say how many.

        Raises:
            ModelError: A line in the middle is damaged.
        """
        entries = read_history(self.path)
        kept = [e for e in entries if e.step <= step]
        if len(kept) < len(entries):
            partial = self.path.with_suffix(".partial")
            partial.write_bytes(b"".join(msgspec.json.encode(_finite(e)) + b"\n" for e in kept))
            partial.replace(self.path)
        return len(entries) - len(kept)


def read_history(path: Path) -> tuple[HistoryEntry, ...]:
    """Read a history file, or that of a run folder; none there, no entries.

    Raises:
        ModelError: A line other than the last is damaged, or the file is far too large.
    """
    file = path / HISTORY_NAME if path.is_dir() else path
    if not file.is_file():
        return ()
    if file.stat().st_size > _MAX_BYTES:
        raise ModelError(f"{file}: too large for a training history; it is something else")
    lines = file.read_bytes().split(b"\n")
    decoder = msgspec.json.Decoder(HistoryEntry)
    entries = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entries.append(_with_nan(decoder.decode(line)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if number == len(lines):
                break  # the run was killed while it wrote this line
            raise ModelError(
                f"{file}: line {number} is no entry of a training history ({error}); remove it"
            ) from error
    return tuple(entries)


def gradient_norms(gradients: Iterable[ModuleGradient]) -> tuple[GradientNorm, ...]:
    """Return gradients as the history keeps them."""
    return tuple(GradientNorm(g.name, g.norm, g.n_parameters, g.n_without) for g in gradients)


def last_gradients(entries: Sequence[HistoryEntry]) -> tuple[ModuleGradient, ...]:
    """Return the last gradients that a history has."""
    found = next((e.gradients for e in reversed(entries) if e.gradients), ())
    return tuple(
        ModuleGradient(g.name, math.nan if g.norm is None else g.norm, g.n_parameters, g.n_without)
        for g in found
    )


def curves(entries: Sequence[HistoryEntry]) -> tuple[Curve, ...]:
    """Return every loss, score and health measure of a history over its steps.

    A score whose name ends in "loss" is one; all others are better when higher.
    """
    points: dict[tuple[str, bool], list[tuple[int, float, float | None]]] = {}
    for entry in entries:
        for loss in entry.losses:
            _note(points, (loss.name, True), entry.step, loss)
        for score in entry.scores:
            key = (f"validation {score.name}", score.name.endswith("loss"))
            _note(points, key, entry.step, score)
        for health in entry.health:
            if health.value is None or math.isnan(health.value):
                continue  # too few vectors to measure, which is no explosion
            named = NamedValue(f"{health.space} {health.measure}", health.value)
            _note(points, (named.name, False), entry.step, named)
    return tuple(
        Curve(
            name,
            tuple(step for step, _, _ in found),
            tuple(value for _, value, _ in found),
            next((chance for _, _, chance in reversed(found) if chance is not None), None),
            is_loss,
        )
        for (name, is_loss), found in points.items()
    )


def _note(
    points: dict[tuple[str, bool], list[tuple[int, float, float | None]]],
    key: tuple[str, bool],
    step: int,
    named: NamedValue,
) -> None:
    value = math.nan if named.value is None else named.value
    points.setdefault(key, []).append((step, value, named.chance))


def _finite(entry: HistoryEntry) -> HistoryEntry:
    """Put None where JSON has no number."""
    return replace(
        entry,
        losses=tuple(replace(v, value=_or_none(v.value)) for v in entry.losses),
        scores=tuple(replace(v, value=_or_none(v.value)) for v in entry.scores),
        gradients=tuple(replace(g, norm=_or_none(g.norm)) for g in entry.gradients),
        health=tuple(replace(h, value=_or_none(h.value)) for h in entry.health),
    )


def _or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _with_nan(entry: HistoryEntry) -> HistoryEntry:
    return replace(
        entry,
        losses=tuple(replace(v, value=_or_nan(v.value)) for v in entry.losses),
        scores=tuple(replace(v, value=_or_nan(v.value)) for v in entry.scores),
        gradients=tuple(replace(g, norm=_or_nan(g.norm)) for g in entry.gradients),
        health=tuple(replace(h, value=_or_nan(h.value)) for h in entry.health),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _remove_cut_line(path: Path) -> None:
    if not path.is_file():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        at = size
        while at > 0:
            start = max(0, at - 65536)
            file.seek(start)
            found = file.read(at - start).rfind(b"\n")
            if found >= 0:
                at = start + found + 1
                break
            at = start
        if at < size:
            file.truncate(at)
