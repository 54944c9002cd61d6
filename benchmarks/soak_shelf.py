"""The soak's shelf: books are added, changed, moved and removed, and indexed again and again.

Books come from a pool and its variants (a page less, another title), so that the library meets the
same few books all the time: what grows then is not the shelf.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from benchmarks.soak_watch import Watched
from benchmarks.web_load import memory_mb

from longbox.synthetic import draw_book, write_book
from longbox.synthetic.shelf import demo_recipes

LONGBOX = [sys.executable, "-m", "longbox"]
_LONGEST_RUN_S = 1800.0


def draw_pool(folder: Path, n_books: int) -> list[Path]:
    """Draw a pool of short books, each beside its variants."""
    folder.mkdir(parents=True)
    made: list[Path] = []
    for number in range(n_books):
        name, recipe = list(demo_recipes(number // 4).items())[number % 4]
        short = replace(recipe, n_pages=2 + number % 3, matter=False, title=f"{name} {number}")
        path = write_book(draw_book(short), folder / f"{number:02d} {name}.cbz", quality=80)
        _with(path, folder / f"{path.stem} (cut).cbz", n_pages=-1)
        _with(path, folder / f"{path.stem} (renamed).cbz", title=f"{name} told anew")
        made.append(path)
    return made


def _with(path: Path, target: Path, n_pages: int | None = None, title: str | None = None) -> None:
    """Write a variant of a book: fewer pages, or another title."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        pages = sorted(n for n in old.namelist() if not n.endswith(".xml"))
        for name in pages[:n_pages]:
            new.writestr(name, old.read(name))
        if title is not None:
            said = f"<ComicInfo><Title>{title}</Title><Series>Soak</Series></ComicInfo>"
            new.writestr("ComicInfo.xml", said)
        elif "ComicInfo.xml" in old.namelist():
            new.writestr("ComicInfo.xml", old.read("ComicInfo.xml"))


@dataclass
class Keeper:
    """Whoever keeps the shelf and indexes it.

    Attributes:
        runs: Commands that were run: name, exit code, seconds, peak memory.
        done: How often each kind of change was made.
    """

    pool: list[Path]
    shelf: Path
    library: Path
    watched: Watched
    seed: int = 0
    runs: list[dict[str, object]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.shelf.mkdir(parents=True, exist_ok=True)
        self._used: set[Path] = set()
        for path in self.pool[: max(2, len(self.pool) * 2 // 3)]:
            self._put(path, self.shelf / path.name)

    async def keep(self, until: float, rest_s: float) -> None:
        """Change, index, export, check, until the time is over."""
        number = 0
        while time.monotonic() < until:
            for _ in range(self._random.randint(1, 2)):
                self.change()
            await self.index()
            number += 1
            if number % 4 == 0:
                await self.run("check", "library", "check")
            if number % 4 == 2:
                out = self.library.with_name("exported.zarr")
                await self.run("export", "export", "zarr", str(out))
                shutil.rmtree(out, ignore_errors=True)
            await asyncio.sleep(rest_s * self._random.uniform(0.5, 1.5))

    def change(self) -> None:
        """Make one change on the shelf."""
        here = sorted(self.shelf.rglob("*.cbz"))
        names = {p.name for p in here}
        away = [p for p in self.pool if p.name not in names]
        kinds = ["move", "cut", "rename", "whole", "touch"]
        kinds += ["add"] * 2 * bool(away) + ["remove"] * 2 * (len(here) > len(self.pool) // 2)
        kind = self._random.choice(kinds)
        book = self._random.choice(here)
        if kind == "add":
            added = self._random.choice(away)
            self._put(added, self.shelf / added.name)
        elif kind == "remove":
            book.unlink()
        elif kind == "move":
            folder = self.shelf / self._random.choice(("", "a", "b/c"))
            folder.mkdir(parents=True, exist_ok=True)
            book.replace(folder / book.name)
        elif kind == "touch":
            book.touch()
        else:
            source = next(p for p in self.pool if p.name == book.name)
            variant = {"cut": " (cut)", "rename": " (renamed)", "whole": ""}[kind]
            self._put(source.with_name(f"{source.stem}{variant}.cbz"), book)
        self.done[kind] += 1

    def _put(self, source: Path, target: Path) -> None:
        """Replace a file whole, as a careful program does."""
        self._used.add(source)
        partial = target.with_suffix(".partial")
        shutil.copyfile(source, partial)
        partial.replace(target)

    def put_everything_back(self) -> None:
        """End with every book that was ever there on the shelf, so that the library misses none."""
        shutil.rmtree(self.shelf)
        self.shelf.mkdir()
        for path in sorted(self._used):
            if "(renamed)" in path.name:  # has the pages of another one: is the same book
                path = path.with_name(path.name.replace(" (renamed)", ""))
            shutil.copyfile(path, self.shelf / path.name)

    async def index(self) -> int:
        """Index the shelf as it is."""
        return await self.run("index", "index", str(self.shelf))

    async def run(self, name: str, *words: str) -> int:
        """Run a command of Longbox on the library; note its time and its memory."""
        began = time.monotonic()
        command = [*LONGBOX, *words, "--library", str(self.library)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        held = [0.0]
        watching = asyncio.create_task(_watch_memory(process.pid, held))
        try:
            async with asyncio.timeout(_LONGEST_RUN_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            out, err = await process.communicate()
        watching.cancel()
        took = time.monotonic() - began
        code = process.returncode if process.returncode is not None else -1
        said = (out + err).decode(errors="replace").strip().splitlines()[-3:] if code else []
        most = round(max(held), 1)
        self.runs.append(
            {"what": name, "code": code, "s": round(took, 2), "peak_mb": most, "said": said}
        )
        self.watched.note(f"{name} run s", took)
        self.watched.note(f"{name} run peak MB", most)
        return code


async def _watch_memory(pid: int, held: list[float]) -> None:
    """Note the most that a process and its children hold, until cancelled."""
    while psutil.pid_exists(pid):
        try:
            held[0] = max(held[0], memory_mb(psutil.Process(pid)))
        except psutil.Error:
            return
        await asyncio.sleep(0.5)


def runs_summary(runs: list[dict[str, object]]) -> dict[str, object]:
    """Count the runs by kind, and show those that failed."""
    failed = [r for r in runs if r["code"] != 0]
    return {
        "runs": dict(Counter(str(r["what"]) for r in runs)),
        "failed": len(failed),
        "first failures": json.loads(json.dumps(failed[:10])),
    }
