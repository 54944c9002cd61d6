"""Kill -9 an index run at random moments, run it again, and compare with an uninterrupted library.

    python benchmarks/kill.py [--times 30] [--seed 0]

Every round starts from nothing: a run is killed after a random time between its start and the
usual length of a run (the parent alone, or the parent and all its workers at once), then the same
command runs to its end. The library must then equal the reference in content and hold no leftover.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from longbox.library import Library
from longbox.synthetic import draw_shelf
from report import table, write

LONGBOX = [sys.executable, "-m", "longbox"]


def start(shelf: Path, library: Path) -> subprocess.Popen[bytes]:
    """Start `longbox index` in a process group of its own."""
    return subprocess.Popen(
        [*LONGBOX, "index", str(shelf), "--library", str(library)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def contents(library: Path) -> str:
    """Return the digest of what a library holds."""
    with Library.open(library) as opened:
        return opened.fingerprint_contents()


def leftovers(library: Path) -> list[str]:
    """List temporary files that a finished library should not have."""
    return [str(p.relative_to(library)) for p in library.rglob("*") if ".tmp" in p.name]


def main() -> None:
    """Kill, repeat, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        shelf, library = Path(scratch) / "shelf", Path(scratch) / "library"
        draw_shelf(shelf, seed=args.seed)
        began = time.perf_counter()
        start(shelf, library).wait()
        usual_s = time.perf_counter() - began
        reference = contents(library)
        for number in range(args.times):
            shutil.rmtree(library)
            moment = rng.uniform(0, usual_s)
            process = start(shelf, library)
            time.sleep(moment)
            is_group = number % 2 == 1
            was_running = process.poll() is None
            if is_group and was_running:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            process.wait()
            library.mkdir(exist_ok=True)
            n_stores = len(list(library.rglob("*.zarr.zip")))
            code = start(shelf, library).wait()
            rows.append(
                {
                    "round": number + 1,
                    "killed after s": moment,
                    "what": "parent and workers" if is_group else "parent",
                    "was running": was_running,
                    "stores then": n_stores,
                    "exit again": code,
                    "equal": contents(library) == reference,
                    "leftovers": len(leftovers(library)),
                }
            )
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    n_equal = sum(bool(r["equal"]) and r["exit again"] == 0 for r in rows)
    print(f"{n_equal} of {len(rows)} libraries equal to the uninterrupted one")
    write("kill", {"n": len(rows), "n_equal": n_equal, "seed": args.seed, "rounds": rows})
    sys.exit(0 if n_equal == len(rows) else 1)


if __name__ == "__main__":
    main()
