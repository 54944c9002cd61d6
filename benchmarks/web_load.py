"""Fifty people at once: does the server answer all of them, in time, without growing?

A real `longbox serve --read-only` is asked on loopback by clients that behave as people do: they
open the shelf, search for words of the shelf, click a facet, scroll on, open a panel, read some
pages, and look a moment before the next thing. Pictures of a page are asked for as a browser does,
six at a time; those it has are not asked for while they are fresh, and then with If-None-Match.
Memory is that of the server and its children together (proportional set size where the system
tells it), read every few seconds; "flat" compares the median of the last quarter with that of the
second quarter, when everything is warm.

    python -m benchmarks.web_load --library DIR [--clients 50] [--seconds 120] [--think 1.0]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from benchmarks.report import table, write

from longbox.library import Library

SEED = 0
PICTURES_AT_ONCE, MOST_PICTURES = 6, 24


@dataclass
class Seen:
    """What happened: seconds by kind of request, errors, and memory over time."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    memory_mb: list[tuple[float, float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Shelf:
    """What clients can ask for."""

    words: list[str]
    books: list[tuple[str, int]]
    series: list[str]


class Person:
    """One client: a browser with its cache, and somebody in front of it."""

    def __init__(self, address: str, shelf: Shelf, seen: Seen, think_s: float, seed: int) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=30.0)
        self._shelf, self._seen, self._think_s = shelf, seen, think_s
        self._random = random.Random(seed)
        self._kept: dict[str, tuple[str, float]] = {}  # address: ETag, fresh until

    async def live(self, until: float) -> None:
        """Use the page until the time is over."""
        async with self._client:
            await asyncio.sleep(self._random.random() * self._think_s * 2)
            while time.monotonic() < until:
                for step in (self._browse, self._search, self._read):
                    if time.monotonic() < until:
                        await step()

    async def _browse(self) -> None:
        await self._look("shelf", "/")
        book, _ = self._random.choice(self._shelf.books)
        await self._look("book", f"/book/{book}")

    async def _search(self) -> None:
        words = " ".join(self._random.sample(self._shelf.words, self._random.randint(1, 3)))
        html = await self._look("search", f"/search?q={words}")
        panels = re.findall(r'href="(/panel/[0-9a-f-]+)"', html)
        if self._random.random() < 0.4 and self._shelf.series:
            series = self._random.choice(self._shelf.series)
            await self._ask("facet", "/search", {"q": words, "series": series})
        if panels:
            await self._look("panel", self._random.choice(panels))

    async def _read(self) -> None:
        book, n_pages = self._random.choice(self._shelf.books)
        page = self._random.randint(1, n_pages)
        await self._look("read", f"/read/{book}?page={page}")
        for following in range(page, min(page + 3, n_pages)):
            await self._picture(f"/pictures/page/{book}/{following}/1280.webp")
            await self._think()

    async def _look(self, kind: str, address: str) -> str:
        """Open a page with its pictures, and look at it."""
        html = await self._ask(kind, address)
        found = dict.fromkeys(re.findall(r'src="(/pictures/[^"]+)"', html))
        pictures = list(found)[:MOST_PICTURES]
        for start in range(0, len(pictures), PICTURES_AT_ONCE):
            several = pictures[start : start + PICTURES_AT_ONCE]
            await asyncio.gather(*(self._picture(each) for each in several))
        await self._think()
        return html

    async def _picture(self, address: str) -> None:
        etag, fresh_until = self._kept.get(address, ("", 0.0))
        if time.monotonic() < fresh_until:
            return
        headers = {"If-None-Match": etag} if etag else {}
        start = time.perf_counter()
        try:
            answer = await self._client.get(address, headers=headers)
        except httpx.HTTPError as error:
            self._seen.errors.append(f"picture {address}: {error!r}")
            return
        self._seen.seconds["picture"].append(time.perf_counter() - start)
        if answer.status_code not in (200, 304):
            self._seen.errors.append(f"picture {address}: {answer.status_code}")
        else:
            age = re.search(r"max-age=(\d+)", answer.headers.get("cache-control", ""))
            until = time.monotonic() + (int(age[1]) if age else 0)
            self._kept[address] = (answer.headers.get("etag", ""), until)

    async def _ask(self, kind: str, address: str, query: dict[str, str] | None = None) -> str:
        start = time.perf_counter()
        try:
            answer = await self._client.get(address, params=query)
        except httpx.HTTPError as error:
            self._seen.errors.append(f"{kind} {address}: {error!r}")
            return ""
        self._seen.seconds[kind].append(time.perf_counter() - start)
        if answer.status_code != 200:
            self._seen.errors.append(f"{kind} {address}: {answer.status_code}")
        return answer.text

    async def _think(self) -> None:
        await asyncio.sleep(self._random.expovariate(1 / self._think_s) if self._think_s else 0)


def shelf_of(root: Path) -> Shelf:
    """Return what a library can be asked about: words that somebody says, books, series."""
    words: set[str] = set()
    books, series = [], set()
    with Library.open(root, read_only=True) as library:
        for outline in library.outlines():
            books.append((outline.book.book_id, len(outline.pages)))
            if outline.book.metadata.series:
                series.add(outline.book.metadata.series)
        for book_id, _ in books[:40]:
            for page in library.annotated_book(book_id).pages:
                for text in page.texts:
                    words.update(w.lower() for w in re.findall(r"[^\W\d_]{4,}", text.text))
    return Shelf(sorted(words), books, sorted(series))


@contextmanager
def serving(
    root: Path, options: Sequence[str] = ("--read-only",)
) -> Iterator[tuple[str, psutil.Process]]:
    """Run `longbox serve` in a process of its own; yield its address and process."""
    command = [sys.executable, "-m", "longbox", "serve", *options, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--library", str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip().rstrip("/")
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(address, timeout=5.0)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def memory_mb(process: psutil.Process) -> float:
    """Return what a process and its children hold, shared pages counted once."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            info = each.memory_full_info()
            total += getattr(info, "pss", info.rss)
        except psutil.Error:
            continue
    return total / 1e6


async def load(
    address: str, process: psutil.Process, shelf: Shelf, arguments: argparse.Namespace
) -> Seen:
    """Let all clients live, and watch the server."""
    seen = Seen()
    start = time.monotonic()
    until = start + arguments.seconds

    async def watch() -> None:
        while time.monotonic() < until:
            held = (time.monotonic() - start, memory_mb(process), process.num_fds())
            seen.memory_mb.append(held)
            await asyncio.sleep(3)

    people = [
        Person(address, shelf, seen, arguments.think, SEED + n) for n in range(arguments.clients)
    ]
    await asyncio.gather(watch(), *(person.live(until) for person in people))
    return seen


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return round(float(np.quantile(values, share)) * 1000, 1)


def summary(seen: Seen, seconds: float) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Return a row for each kind of request, and what the whole run was like."""
    rows: list[dict[str, object]] = []
    every = [s for values in seen.seconds.values() for s in values]
    for kind, values in [*sorted(seen.seconds.items()), ("all", every)]:
        rows.append(
            {
                "request": kind,
                "n": len(values),
                "p50 ms": quantile(values, 0.5),
                "p95 ms": quantile(values, 0.95),
                "p99 ms": quantile(values, 0.99),
                "max ms": quantile(values, 1.0),
            }
        )
    held = [mb for at, mb, _ in seen.memory_mb]
    quarter = max(1, len(held) // 4)
    warm, last = statistics.median(held[quarter : 2 * quarter]), statistics.median(held[-quarter:])
    whole = {
        "requests a second": round(len(every) / seconds, 1),
        "errors": len(seen.errors),
        "memory MB, second quarter": round(warm),
        "memory MB, last quarter": round(last),
        "memory MB, peak": round(max(held)),
        "file handles, second quarter": seen.memory_mb[quarter][2],
        "file handles, end": seen.memory_mb[-1][2],
    }
    return rows, whole


def main() -> None:
    """Run the load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--think", type=float, default=1.0, help="mean seconds of looking")
    arguments = parser.parse_args()
    shelf = shelf_of(arguments.library)
    with serving(arguments.library) as (address, process):
        seen = asyncio.run(load(address, process, shelf, arguments))
    rows, whole = summary(seen, arguments.seconds)
    print(table(rows))
    print()
    print("\n".join(f"{name}: {value}" for name, value in whole.items()))
    if seen.errors:
        print("first errors:", *seen.errors[:5], sep="\n  ")
    options = {k: v for k, v in vars(arguments).items() if k != "library"}
    write("web_load", {"options": options, "rows": rows, "whole": whole})


if __name__ == "__main__":
    main()
