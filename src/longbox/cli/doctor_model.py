"""`longbox doctor --model`: are the vectors of a library healthy, and what to do where not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from longbox.cli.terminal import library_root, one_line, open_library, print_json, results
from longbox.errors import ModelError, QueryError
from longbox.evaluation import (
    MAX_PANELS,
    AbsentSpace,
    Curve,
    DeadInput,
    LeakResult,
    Level,
    LibrarySpaces,
    ModelHealth,
    ModuleGradient,
    PairHealth,
    SpaceHealth,
    Verdict,
    gather_spaces,
    headline,
    measure_spaces,
    render_report,
    worst,
)
from longbox.vectors import Space

if TYPE_CHECKING:
    from longbox.learning.model_probes import ModelProbes
    from longbox.library import Library

_STYLES = {Level.OK: "default", Level.WARNING: "yellow", Level.BAD: "red", Level.NOT_JUDGED: "dim"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What --json prints."""

    headline: str
    level: Level
    verdicts: tuple[Verdict, ...]
    spaces: tuple[SpaceHealth, ...]
    absent: tuple[AbsentSpace, ...]
    curves: tuple[Curve, ...]
    gradients: tuple[ModuleGradient, ...]
    pair: PairHealth | None
    leaks: tuple[LeakResult, ...]
    dead: tuple[DeadInput, ...]
    notes: tuple[str, ...]
    report: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged.

    Attributes:
        spaces: All when empty. The model is probed where the fused or contextual space is judged.
        of_pages: Pages instead of panels; then no model is probed.
        most: About so many panels, of whole books, or exactly so many pages; the rest is left out.
    """

    spaces: tuple[Space, ...] = ()
    of_pages: bool = False
    most: int = MAX_PANELS

    @property
    def is_of_model(self) -> bool:
        """Whether the model is judged too."""
        learned = {Space.FUSED, Space.CONTEXTUAL}
        return not self.of_pages and (not self.spaces or bool(learned & set(self.spaces)))

    def gather(self, library: Library) -> LibrarySpaces:
        """Read what is judged."""
        wanted = self.spaces or tuple(Space)
        if not self.of_pages:
            return gather_spaces(library, spaces=wanted, max_panels=self.most)
        from longbox.analysis.health import gather_page_spaces
        from longbox.analysis.units import Sampling

        return gather_page_spaces(library, wanted, Sampling(self.most))


def judge_model(
    library: Path | None,
    report: Path | None,
    history: Path | None,
    *,
    as_json: bool,
    judged: Judged = Judged(),
) -> None:
    """Measure the spaces of a library, print the verdicts, and write the report where asked.

    Raises:
        Exit: With code 1 where a finding is bad.
        LibraryError: There is no library.
        ModelError: The history is damaged.
        QueryError: There is no history at the path.
    """
    curves, gradients = _training(history)
    with open_library(library) as opened:
        found = judged.gather(opened)
        probes = _probes(opened) if judged.is_of_model else None
    health = ModelHealth(
        spaces=measure_spaces(found, is_of_pages=judged.of_pages),
        absent=found.absent,
        pair=probes.pair if probes else None,
        plot=probes.plot if probes else None,
        leaks=probes.leaks if probes else (),
        dead=probes.dead if probes else (),
        curves=curves,
        gradients=gradients,
        notes=(*found.notes, *(probes.notes if probes else ())),
    )
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        page = render_report(health, str(library_root(library)))
        report.write_text(page, encoding="utf-8", errors="backslashreplace")
    if as_json:
        _print_json(health, report)
    else:
        _print(health, report)
    if worst(health.verdicts) is Level.BAD:
        raise typer.Exit(1)


def _probes(library: Library) -> ModelProbes:
    """Probe the model that the library uses; where there is none that fits, say why."""
    from longbox.learning.model_probes import ModelProbes, probe_model
    from longbox.pipeline.panel_model import open_panel_model

    try:
        return probe_model(library, open_panel_model(library.root))
    except ModelError as error:
        return ModelProbes(None, None, (), (), (f"the model was not probed: {error}",))


def _training(history: Path | None) -> tuple[tuple[Curve, ...], tuple[ModuleGradient, ...]]:
    if history is None:
        return (), ()
    from longbox.learning.history import curves, last_gradients, read_history

    if not history.exists():
        raise QueryError(f"{history}: there is no training history; give a run's folder")
    entries = read_history(history)
    return curves(entries), last_gradients(entries)


def _print(health: ModelHealth, report: Path | None) -> None:
    results.print(headline(health.verdicts))
    for verdict in health.verdicts:
        said = one_line(f"{verdict.name}: {verdict.sentence}")
        level = verdict.level
        results.print(f"{level.value:>10}  {said}", style=_STYLES[level], markup=False)
    for absent in health.absent:
        results.print(
            f"{'none':>10}  {absent.space.value}: {one_line(absent.reason)}", markup=False
        )
    for note in health.notes:
        results.print(f"{'note':>10}  {one_line(note)}", markup=False)
    if report is not None:
        results.print(f"{'report':>10}  {one_line(str(report))}", markup=False)


def _print_json(health: ModelHealth, report: Path | None) -> None:
    verdicts = health.verdicts
    print_json(
        _Answer(
            headline(verdicts),
            worst(verdicts),
            verdicts,
            health.spaces,
            health.absent,
            health.curves,
            health.gradients,
            health.pair,
            health.leaks,
            health.dead,
            health.notes,
            None if report is None else str(report),
        )
    )
