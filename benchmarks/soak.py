"""Two hours of everything at once: index, search, correct and serve. Does anything grow?

A real `longbox serve` on a library of drawn books is used by readers (as web_load), by clients that
search by words, picture and panel, correct and take back, save searches and export, while books are
added, changed, moved and removed on the shelf and `longbox index`, `check` and `export` run beside
it again and again. Memory, handles, threads, children and the library's size are sampled every few
seconds, every request is timed. At the end the library must hold exactly what a fresh index of the
same shelf with the same corrections holds.

    python -m benchmarks.soak [--hours 2 | --minutes 5] [--readers 4] [--think 2] [--out DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import httpx
import psutil
from benchmarks.report import table, write
from benchmarks.soak_clients import Heard, visit
from benchmarks.soak_shelf import Keeper, draw_pool, runs_summary
from benchmarks.soak_watch import (
    Stamped,
    Trend,
    Watched,
    quantiles_over_time,
    row,
    trend,
    warmed,
)
from benchmarks.web_load import serving, shelf_of

from longbox.library import Library

# Growth over the whole run that still counts as flat: a share, and an amount.
TOLERANCES = {
    "server RSS MB": (0.10, 20.0),
    "server with children PSS MB": (0.10, 30.0),
    "server handles": (0.10, 5.0),
    "server threads": (0.10, 4.0),
    "server children": (0.10, 1.0),
    "index run s": (0.25, 2.0),
    "index run peak MB": (0.10, 30.0),
}
DISK_TOLERANCE = (0.25, 2.0)
LATENCY_TOLERANCE = (0.25, 20.0)
# What grows because it keeps what was said, or is bounded by a size of its own.
KEEPS = ("disk MB corrections", "disk MB cache", "disk MB partial")


async def soak(
    address: str, server: psutil.Process, keeper: Keeper, args: argparse.Namespace
) -> Heard:
    """Let everything happen at once until the time is over."""
    shelf, heard, watched = shelf_of(keeper.library), Heard(), keeper.watched
    until = time.monotonic() + args.minutes * 60

    async def watch() -> None:
        number = 0
        while time.monotonic() < until:
            if not server.is_running() or server.status() == psutil.STATUS_ZOMBIE:
                heard.errors.append("server: it ended")
                return
            await asyncio.to_thread(watched.look_at, server)
            if number % 6 == 0:
                await asyncio.to_thread(watched.look_at_disk, keeper.library)
            if number % 60 == 0:
                report_progress(watched, heard, keeper)
            number += 1
            await asyncio.sleep(args.every)

    await asyncio.gather(
        watch(),
        keeper.keep(until, args.rest),
        visit(address, shelf, heard, until, (args.readers, args.think)),
    )
    heard.sort_errors()
    return heard


def report_progress(watched: Watched, heard: Heard, keeper: Keeper) -> None:
    """Say how it goes, while it goes."""
    n_requests = sum(len(values) for values in heard.seconds.values())
    held = watched.series["server with children PSS MB"][-1][1]
    failed = sum(r["code"] != 0 for r in keeper.runs)
    print(
        f"{(time.monotonic() - watched.began) / 60:.0f} min: {n_requests:,} requests, "
        f"{len(heard.errors)} refused or failed, {len(keeper.runs)} commands ({failed} failed), "
        f"{held:.0f} MB",
        file=sys.stderr,
        flush=True,
    )


async def wait_for_jobs(address: str, longest_s: float = 900.0) -> list[dict[str, object]]:
    """Wait until the server's jobs are over; return those that failed."""
    end = time.monotonic() + longest_s
    async with httpx.AsyncClient(base_url=address, timeout=60.0) as client:
        while time.monotonic() < end:
            jobs = (await client.get("/api/v1/jobs")).json()
            if not any(job["state"] in ("queued", "running") for job in jobs):
                break
            await asyncio.sleep(1)
    return [job for job in jobs if job["state"] == "failed"]


def trends(watched: Watched, heard: Heard, whole_s: float) -> list[tuple[str, Trend]]:
    """Return the trend of every series that has samples enough."""
    found = []
    for name, points in watched.series.items():
        kept = warmed(points, whole_s)
        if len(kept) >= 4 and name not in KEEPS:
            share, least = TOLERANCES.get(name, DISK_TOLERANCE)
            found.append((name, trend(kept, share, least)))
    for kind, seconds in sorted(heard.seconds.items()):
        assert isinstance(seconds, Stamped)
        moments = [at - watched.began for at in seconds.at]
        points = warmed(sorted(zip(moments, seconds, strict=True)), whole_s)
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            over_time = quantiles_over_time(points, share)
            if over_time:
                found.append((f"{kind} {name} ms", trend(over_time, *LATENCY_TOLERANCE)))
    return found


def contents(library: Path) -> Counter[str]:
    """Return what a library holds, without files that are gone."""
    with Library.open(library) as opened:
        return Counter(line for line in opened.dump() if not _is_of_missing_file(line))


def _is_of_missing_file(line: str) -> bool:
    said = json.loads(line)
    return said[0] == "file" and said[-1] is True


async def compare(keeper: Keeper, scratch: Path) -> dict[str, object]:
    """Index the same shelf anew with the same corrections, and compare."""
    keeper.put_everything_back()
    last = await keeper.index()
    again = await keeper.index()
    fresh = scratch / "fresh"
    Library.create(fresh).close()
    corrections = keeper.library / "corrections"
    if corrections.is_dir():
        shutil.copytree(corrections, fresh / "corrections", dirs_exist_ok=True)
    other = Keeper(keeper.pool[:1], scratch / "unused", fresh, Watched())
    other.shelf = keeper.shelf
    made = await other.index()
    ours, anew = contents(keeper.library), contents(fresh)
    more, less = list((ours - anew).elements()), list((anew - ours).elements())
    return {
        "exit codes": [last, again, made],
        "lines": anew.total(),
        "equal": not more and not less,
        "only in the soaked library": [line[:300] for line in more[:20]],
        "only in the fresh library": [line[:300] for line in less[:20]],
        "different": dict(Counter(json.loads(line)[0] for line in more + less)),
        "leftovers": [str(p) for p in keeper.library.rglob("*.tmp*")][:20],
    }


def say(result: dict[str, object], rows: list[dict[str, object]]) -> None:
    """Print what came of it."""
    print(table(rows))
    for name, value in result.items():
        if name not in ("rows", "series"):
            print(f"{name}: {json.dumps(value, ensure_ascii=False)[:1500]}")


async def run(args: argparse.Namespace, scratch: Path) -> bool:
    """Draw, index, soak, compare, print; say whether all is well."""
    watched = Watched()
    keeper = Keeper(
        draw_pool(scratch / "pool", args.books), scratch / "shelf", scratch / "library", watched
    )
    await keeper.index()
    watched.series.clear()
    keeper.runs.clear()
    with serving(keeper.library, ()) as (address, server):
        watched.began = time.monotonic()
        try:
            heard = await soak(address, server, keeper, args)
        except Exception:
            # Said at once: ending a loop with a hundred open requests may take long.
            traceback.print_exc()
            raise
        whole_s = time.monotonic() - watched.began
        failed_jobs = await wait_for_jobs(address)
    compared = await compare(keeper, scratch)
    found = trends(watched, heard, whole_s)
    rows = [row(name, each) for name, each in found]
    not_flat = [name for name, each in found if not each.is_flat]
    result: dict[str, object] = {
        "minutes": round(whole_s / 60, 1),
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()},
        "requests": {kind: len(values) for kind, values in sorted(heard.seconds.items())},
        "errors": len(heard.errors),
        "first errors": heard.errors[:20],
        "refused, as a changing shelf explains": dict(heard.refused),
        "first refused": heard.first_refused,
        "picture searches, of these first": heard.found_itself,
        "corrections saved, taken back": heard.corrections,
        "changes on the shelf": dict(keeper.done),
        "commands": runs_summary(keeper.runs),
        "failed jobs": failed_jobs[:10],
        "against a fresh library": compared,
        "not flat": not_flat,
        "rows": rows,
        "series": {n: [(round(t), round(v, 2)) for t, v in p] for n, p in watched.series.items()},
    }
    say(result, rows)
    write(args.name, result)
    failed = any(r["code"] != 0 for r in keeper.runs)
    return bool(compared["equal"]) and not (heard.errors or not_flat or failed or failed_jobs)


def main() -> None:
    """Read the arguments, run, and end with 1 where something is not well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--minutes", type=float, help="instead of hours, for trying")
    parser.add_argument("--books", type=int, default=12, help="in the pool; two thirds at first")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds of looking")
    parser.add_argument("--rest", type=float, default=10.0, help="seconds between index runs")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between samples")
    parser.add_argument("--out", type=Path, help="a folder to keep shelf and library in")
    parser.add_argument("--name", default="soak", help="of the JSON file")
    args = parser.parse_args()
    args.minutes = args.hours * 60 if args.minutes is None else args.minutes
    if args.out is not None:
        args.out.mkdir(parents=True)
        is_well = asyncio.run(run(args, args.out))
    else:
        with tempfile.TemporaryDirectory() as folder:
            is_well = asyncio.run(run(args, Path(folder)))
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
