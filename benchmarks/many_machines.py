"""A real shelf by one process, by the local pool, and by one and two workers of a scheduler.

Every run makes a new library; what counts is the wall time from the command to the last merge, the
ratio of two workers to one, and that all libraries have the same fingerprint. A worker is a dask
worker with one thread, so one process that reads books. Workers are warmed before they are timed
only with --warm: a cold run also pays for the models that each process loads.

    python benchmarks/many_machines.py [SHELF] [--books 6] [--warm] [--storage]

Scheduler, workers and library share this machine: with two cores, two workers and the process that
merges are three, so the ratio is a lower bound of what machines of their own give.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from longbox.config import ClusterOptions, Config, ModelOptions
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.pipeline.shelf import shelf_books
from report import SHARED, table, write


@contextmanager
def _cluster(n_workers: int, folder: Path) -> Iterator[str]:
    """Give the address of a scheduler whose workers have joined."""
    from distributed import Client

    file = folder / f"scheduler-{n_workers}.json"
    words = ["--no-dashboard", "--scheduler-file", str(file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(name: str, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{name}", *words, *more]
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        while not file.exists() or not file.read_text().rstrip().endswith("}"):
            time.sleep(0.1)
        processes += [
            start("dask_worker", "--nthreads", "1", "--local-directory", str(folder))
            for _ in range(n_workers)
        ]
        address = str(json.loads(file.read_text())["address"])
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=120)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def _run(
    name: str, books: Sequence[Path], root: Path, config: Config, alone: bool
) -> dict[str, Any]:
    with Library.create(root) as library:
        start = time.perf_counter()
        report = index_shelf(books, library, config, in_process=alone)
        wall_s = time.perf_counter() - start
        return {
            "run": name,
            "wall_s": wall_s,
            "books": report.n_books,
            "pages": report.n_pages,
            "problems": len(report.problems),
            "pages_per_s": report.n_pages / wall_s,
            "work_s": sum(report.seconds.values()),
            "fingerprint": library.fingerprint_contents()[:16],
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shelf", nargs="?", type=Path, default=SHARED / "comics")
    parser.add_argument("--books", type=int, default=6, help="the first so many books; 0 for all")
    parser.add_argument("--warm", action="store_true", help="time the second of two runs")
    parser.add_argument("--storage", action="store_true", help="results by file:// instead")
    asked = parser.parse_args()
    books = shelf_books([asked.shelf])
    books = books[: asked.books] if asked.books else books
    plain = replace(Config(), models=ModelOptions(embed=False))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="longbox-distributed-") as scratch:
        base = Path(scratch)
        if asked.warm:
            _run("warm", books[:1], base / "warm", plain, alone=True)
        rows.append(_run("one process", books, base / "alone", plain, alone=True))
        rows.append(_run("local pool", books, base / "pool", plain, alone=False))
        for n_workers in (1, 2):
            with _cluster(n_workers, base) as address:
                results = (base / "results").as_uri() if asked.storage else ""
                config = replace(plain, cluster=ClusterOptions(address, results))
                if asked.warm:
                    _run("warm", books[:2], base / f"warm{n_workers}", config, alone=False)
                name = f"{n_workers} worker{'s' if n_workers > 1 else ''}"
                rows.append(_run(name, books, base / name, config, alone=False))
    one, two = rows[2]["wall_s"], rows[3]["wall_s"]
    is_same = len({row["fingerprint"] for row in rows}) == 1
    print(table(rows))
    print(f"two workers are {one / two:.2f} times one; identical libraries: {is_same}")
    write("many_machines", {"runs": rows, "two_over_one": one / two, "is_identical": is_same})


if __name__ == "__main__":
    main()
