"""Index the shelf of 44 real comics, all stages, and index it again unchanged.

    python benchmarks/index_shelf.py [--shelf DIR] [--keep DIR] [--books N]

Figures: books lost, seconds a page (wall), peak memory of the whole process tree (resident, and
proportional so that shared pages count once), seconds by stage, seconds of the second run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from report import SHARED, table, write

LONGBOX = [sys.executable, "-m", "longbox"]


class MemoryWatch(threading.Thread):
    """Samples the memory of a process and its children five times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.peak_rss = self.peak_pss = 0

    def run(self) -> None:
        """Sample until the process ends."""
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            rss = pss = 0
            for process in self._family():
                try:
                    info = process.memory_full_info()
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                rss += info.rss
                pss += info.pss
            self.peak_rss, self.peak_pss = max(self.peak_rss, rss), max(self.peak_pss, pss)
            time.sleep(0.2)

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def index(shelf: Path, library: Path) -> dict[str, object]:
    """Run `longbox index` and measure it from outside."""
    start = time.perf_counter()
    command = [*LONGBOX, "index", str(shelf), "--library", str(library), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watch = MemoryWatch(process.pid)
    watch.start()
    out, _ = process.communicate()
    return {
        "exit": process.returncode,
        "wall_s": time.perf_counter() - start,
        "peak_rss_gb": watch.peak_rss / 1e9,
        "peak_pss_gb": watch.peak_pss / 1e9,
        "report": json.loads(out),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shelf", type=Path, help="an existing shelf instead of the built one")
    parser.add_argument("--keep", type=Path, help="keep the library in this folder")
    parser.add_argument("--books", type=int, help="at most this many books")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shelf = args.shelf or Path(scratch) / "shelf"
        library = args.keep or Path(scratch) / "library"
        if not args.shelf:
            limit = ["--limit", str(args.books)] if args.books else []
            build = [sys.executable, str(SHARED / "tools" / "build_shelf.py"), str(shelf), *limit]
            subprocess.run(build, check=True)
        first = index(shelf, library)
        again = index(shelf, library)
        command = [*LONGBOX, "status", "--library", str(library), "--json"]
        status = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    report = first["report"]
    pages = report["pages"]
    stages = report["stage_seconds"]
    print(
        table(
            [
                {"stage": name, "seconds (both workers)": s, "ms a page": 1000 * s / pages}
                for name, s in sorted(stages.items(), key=lambda item: -item[1])
            ]
        )
    )
    summary = {
        "books": status["books"],
        "pages": status["pages"],
        "panels": status["panels"],
        "failed": report["failed"],
        "problems": len(report["problems"]),
        "wall_s": first["wall_s"],
        "s_a_page": first["wall_s"] / pages,
        "peak_rss_gb": first["peak_rss_gb"],
        "peak_pss_gb": first["peak_pss_gb"],
        "again_s": again["wall_s"],
        "again_unchanged": again["report"]["unchanged"],
        "library_mb": sum(status["bytes"].values()) / 1e6,
        "bytes_a_panel": sum(status["bytes"].values()) / max(1, status["panels"]),
    }
    print(table([{"what": k, "figure": v} for k, v in summary.items()]))
    write("index_shelf", {"summary": summary, "stages": stages, "problems": report["problems"]})


if __name__ == "__main__":
    main()
