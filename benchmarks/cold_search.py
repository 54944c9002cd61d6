"""Time whole `longbox search` processes, from start to printed hits.

    python benchmarks/cold_search.py --library DIR [--image FILE] [--runs 7]

The library is best that of the 44-book shelf (benchmarks/index_shelf.py --keep DIR). Beside it an
empty Python and `longbox --version`, to show what is the interpreter's and what is ours.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from report import table, write

LONGBOX = [sys.executable, "-m", "longbox"]


def seconds(command: list[str], runs: int) -> list[float]:
    """Time a command several times after one warm-up."""
    times = []
    for number in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        if number:
            times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    there = ["--library", str(args.library)]
    words = "the cat steals the potion"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "longbox --version": [*LONGBOX, "--version"],
        "search words": [*LONGBOX, "search", words, *there],
    }
    if args.image:
        image = ["--image", str(args.image)]
        commands["search picture"] = [*LONGBOX, "search", *image, *there]
        commands["search both"] = [*LONGBOX, "search", words, *image, *there]
    rows = []
    for name, command in commands.items():
        times = seconds(command, args.runs)
        rows.append(
            {
                "command": name,
                "median s": statistics.median(times),
                "min s": min(times),
                "max s": max(times),
                "runs": len(times),
            }
        )
    print(table(rows))
    write("cold_search", {"rows": rows})


if __name__ == "__main__":
    main()
