"""Progress of a shelf: books, pages, rate and time left, and the books being read now.

On a terminal a live display; anywhere else one plain line every few seconds, so that a log shows
that work goes on without filling up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from longbox.cli.terminal import one_line
from longbox.pipeline import ShelfProgress

_LINE_EVERY_S = 10.0


class ShelfDisplay:
    """Shows ShelfProgress messages as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not self._is_live,
        )
        self._shelf: TaskID | None = None
        self._books: dict[str, TaskID] = {}
        self._pages_done: dict[str, int] = {}
        self._start = time.monotonic()
        self._last_line = self._start

    def __enter__(self) -> ShelfDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, message: ShelfProgress) -> None:
        """Show one message."""
        if self._shelf is None:
            self._shelf = self._progress.add_task("books", total=message.n_files, note="")
        if message.note is not None:
            self._console.print("  " + one_line(message.note), style="yellow", markup=False)
        if message.running is not None:
            self._show_running(message)
        if message.finished is not None:
            path = str(message.finished.path)
            self._pages_done.pop(path, None)
            if (task := self._books.pop(path, None)) is not None:
                self._progress.remove_task(task)
        note = self._note(message)
        self._progress.update(self._shelf, completed=message.n_files_done, note=note)
        now = time.monotonic()
        if not self._is_live and now - self._last_line > _LINE_EVERY_S:
            self._last_line = now
            self._console.print(f"{message.n_files_done}/{message.n_files} books, {note}")

    def _show_running(self, message: ShelfProgress) -> None:
        running = message.running
        if running is None or not running.n_pages:
            return
        path = str(running.path)
        self._pages_done[path] = running.n_pages_done
        if path not in self._books:
            name = Text(one_line(running.path.name)[:48]).plain.replace("[", "\\[")
            self._books[path] = self._progress.add_task(f"  {name}", total=running.n_pages, note="")
        self._progress.update(self._books[path], completed=running.n_pages_done)

    def _note(self, message: ShelfProgress) -> str:
        if (embedding := message.embedding) is not None:
            return f"understood {embedding.n_books_done} of {embedding.n_books} new books"
        n_pages = message.n_pages_done + sum(self._pages_done.values())
        elapsed = time.monotonic() - self._start
        if not n_pages:
            return ""
        rate = f"{n_pages} pages, {n_pages / elapsed:.1f} a second"
        # Models load first, so an early guess would be far too long.
        if elapsed < 20 or not 0.02 < message.fraction_done < 1:
            return rate
        left = elapsed / message.fraction_done * (1 - message.fraction_done)
        return f"{rate}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar for work that reports (done, total); nothing where nobody watches."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task(what, total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def telling(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for work of several steps that reports (step, done, total)."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=None)
    with bar:
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total or None
        )
