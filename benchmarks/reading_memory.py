"""What a process that reads pictures of all sizes comes to hold: OpenVINO's cache of shapes.

    python benchmarks/reading_memory.py [--pictures 600]

Parts of drawn pages, each of another size, are read (lettering) one after the other, with the cache
that OpenVINO has by default (5,000 entries), the one that Longbox gives it, and none. A process
each; memory is what no file stands behind.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from longbox.book import Direction
from longbox.config import Config
from longbox.ingest import read_picture
from longbox.text import TextReader, engine
from longbox.web import keep_heap_small
from report import table, write
from whole_search import draw_crops

SEED = 5
EVERY = 100


def held_mb() -> float:
    """Return the memory of this process that no file stands behind."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kb = next(line.split()[1] for line in lines if line.startswith("RssAnon"))
    return int(kb) / 1024


def read_all(pictures: list[Path], capacity: int, connection: Any) -> None:
    """Read pictures with a cache of so many entries."""
    keep_heap_small()
    engine._KEPT_SHAPES = capacity  # type: ignore[misc]
    config = Config()
    reader = TextReader(config.text)
    held, seconds = [], 0.0
    for i, path in enumerate(pictures, 1):
        pixels = read_picture(path, config.ingest)
        start = time.process_time()
        reader.read_page(pixels, (), Direction.LTR)
        seconds += time.process_time() - start
        if i % EVERY == 0:
            held.append(round(held_mb()))
    connection.send({"held_mb": held, "s_a_picture": round(seconds / len(pictures), 3)})


def main() -> None:
    """Draw, read, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=600)
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        crops = draw_crops(Path(scratch), args.pictures, np.random.default_rng(SEED))
        for name, capacity in (("default", 5_000), ("ours", engine._KEPT_SHAPES), ("none", 0)):
            here, there = context.Pipe()
            process = context.Process(target=read_all, args=(crops, capacity, there))
            process.start()
            there.close()
            rows.append({"cache": name, "entries": capacity, **here.recv()})
            process.join()
            print(rows[-1], flush=True)
    print(table(rows))
    write("reading_memory", {"pictures": args.pictures, "rows": rows})


if __name__ == "__main__":
    main()
