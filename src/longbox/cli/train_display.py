"""What a person sees while a model trains: each loss beside its chance mark, and the scores."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from longbox.learning import NamedValue
from longbox.learning import Progress as RunProgress

_LINE_EVERY_S = 10.0


class TrainDisplay:
    """A bar and a table of losses on a terminal; anywhere else a line every few seconds."""

    def __init__(self, console: Console, kind: str) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task(f"training {kind}", total=None)
        self._live = Live(self._bar, console=console, transient=True, refresh_per_second=4)
        self._is_live = console.is_terminal
        self._last_line = time.monotonic()
        self._warned: str | None = None

    def __enter__(self) -> TrainDisplay:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._live.stop()

    def tell(self, progress: RunProgress) -> None:
        """Show one report of a run."""
        self._bar.update(self._task, completed=progress.step, total=progress.n_steps)
        if progress.losses:
            self._show_losses(progress)
        if progress.validation is not None:
            best = ", the best so far" if progress.is_best else ""
            parts = in_one_line(progress.validation.parts)
            self._console.print(
                f"step {progress.step:,}, books held out: {parts}{best}", markup=False
            )
        if progress.warning and progress.warning != self._warned:
            self._warned = progress.warning
            self._console.print(progress.warning, style="bold red", markup=False)

    def _show_losses(self, progress: RunProgress) -> None:
        if self._is_live:
            self._live.update(Group(self._bar, table_of(progress.losses, "loss")))
            return
        now = time.monotonic()
        if now - self._last_line > _LINE_EVERY_S or progress.step >= progress.n_steps:
            self._last_line = now
            losses = in_one_line(progress.losses)
            self._console.print(
                f"step {progress.step:,} of {progress.n_steps:,}: {losses}", markup=False
            )


def table_of(values: Iterable[NamedValue], what: str) -> Table:
    """Lay values out, each beside its chance mark."""
    table = Table(box=None, pad_edge=False)
    table.add_column(what)
    table.add_column("now" if what == "loss" else "score", justify="right")
    table.add_column("a guess", justify="right")
    for value in values:
        table.add_row(value.name, _figure(value.value), _figure(value.chance))
    return table


def in_one_line(values: Iterable[NamedValue]) -> str:
    """Return "panel_picking 0.412 (a guess 0.201), ..."."""
    return ", ".join(f"{v.name} {_figure(v.value)} (a guess {_figure(v.chance)})" for v in values)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}"
