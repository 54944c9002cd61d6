"""How well and how fast lettering is read, beside rapidocr as it comes.

    python benchmarks/ocr.py                      # a sample of every source and language
    python benchmarks/ocr.py --pages 0            # every page
    python benchmarks/ocr.py --overlays DIR       # also draw what was found

Readers: ours with its defaults and with other sizes, rapidocr as it comes, and rapidocr with the
long side of its detection at 960 pixels. Words missed and character error are defined in
longbox.evaluation.text; CER is over places where something was found, "unm." the share of
characters at the others; "words missed, searchable" leaves out words of one and two letters and
counts a word as found when it stands anywhere in the page's letters. Times are medians of one page
without decoding the file. Choices were made on the train split; the val rows are only reported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from longbox.book import Direction, Panel, TextRegion
from longbox.evaluation.text import (
    CharacterScore,
    WordScore,
    score_characters,
    score_searchable,
    score_words,
)
from longbox.geometry import Box
from longbox.text import TextOptions, TextReader

REPOSITORY = Path(__file__).resolve().parent.parent
Pixels = NDArray[np.uint8]
Record = dict[str, Any]
Reader = Callable[[Pixels, Record], list[TextRegion]]
COLOURS = {
    "dialogue": (0, 110, 255),
    "caption": (0, 160, 60),
    "sound_effect": (230, 0, 60),
    "prose": (140, 0, 200),
    "other": (110, 110, 110),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One reader on one source, language and split."""

    reader: str
    source: str
    language: str
    split: str
    n_pages: int
    words: WordScore
    searchable: WordScore
    characters: CharacterScore
    median_s: float
    kinds: dict[str, int]


def readers(names: Sequence[str], n_threads: int) -> dict[str, Callable[[], Reader]]:
    """Name every reader; each is loaded only when its turn comes."""
    ours = {
        "ours": TextOptions(n_threads=n_threads),
        "ours, 960 px": TextOptions(n_threads=n_threads, detection_side_px=960),
        "ours, 1152 px": TextOptions(n_threads=n_threads, detection_side_px=1152),
    }
    known: dict[str, Callable[[], Reader]] = {
        name: (lambda options=options: _our_reader(options)) for name, options in ours.items()
    }
    known["rapidocr as it comes"] = lambda: _rapidocr_reader({})
    known["rapidocr, 960 px"] = lambda: _rapidocr_reader(
        {"Det.limit_side_len": 960, "Det.limit_type": "max"}
    )
    chosen = names or list(known)
    unknown = set(chosen) - set(known)
    if unknown:
        sys.exit(f"error: no reader {', '.join(sorted(unknown))}; choose from {', '.join(known)}")
    return {name: known[name] for name in chosen}


def _our_reader(options: TextOptions) -> Reader:
    reader = TextReader(options)

    def read(pixels: Pixels, record: Record) -> list[TextRegion]:
        boxes = record.get("panels") or []
        panels = tuple(Panel(Box(*map(float, b)), i, 1.0, "truth") for i, b in enumerate(boxes))
        return list(reader.read_page(pixels, panels, Direction(record["direction"])))

    return read


def _rapidocr_reader(settings: dict[str, object]) -> Reader:
    """Rapidocr has no balloons: its lines are grouped by ours, so that only reading differs."""
    from rapidocr import RapidOCR

    from longbox.book import TextKind
    from longbox.geometry import bounding_box
    from longbox.text import Line, group_lines, join_lines

    engine = RapidOCR(params={"Global.log_level": "critical", **settings})

    def read(pixels: Pixels, record: Record) -> list[TextRegion]:
        del record
        result = engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        if result.boxes is None:
            return []
        lines = []
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            lines.append(Line(Box(float(x0), float(y0), float(x1), float(y1)), text, float(score)))
        return [
            TextRegion(
                bounding_box(line.box for line in group),
                join_lines([line.text for line in group]),
                1.0,
                TextKind.OTHER,
                "rapidocr as it comes",
                None,
                i,
            )
            for i, group in enumerate(group_lines(lines, (), pixels[:, :, 1]))
        ]

    return read


def truth_pages(comics: Path, n_pages: int, seed: int) -> dict[tuple[str, str, str], list[Record]]:
    """Pages with true texts by source, language and split; at most n of each (0: all)."""
    by_key: dict[tuple[str, str, str], list[Record]] = {}
    for line in (comics / "index.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("texts"):
            key = (record["source"], record["lang"], record["split"])
            by_key.setdefault(key, []).append(record)
    for key, records in by_key.items():
        random.Random(f"{seed} {key}").shuffle(records)
        by_key[key] = records[: n_pages or None]
    return dict(sorted(by_key.items()))


def score(
    name: str,
    reader: Reader,
    key: tuple[str, str, str],
    records: list[Record],
    comics: Path,
    overlays: Path | None,
) -> Row:
    """Read all pages of one group and add up."""
    words = searchable = WordScore(0, 0, 0)
    characters = CharacterScore(0, 0, 0, 0)
    kinds: Counter[str] = Counter()
    times = []
    for record in records:
        pixels = np.asarray(Image.open(comics / record["image"]).convert("RGB"))
        start = time.perf_counter()
        found = reader(pixels, record)
        times.append(time.perf_counter() - start)
        true = [t["text"] for t in record["texts"]]
        words += score_words(true, [f.text for f in found])
        searchable += score_searchable(true, [f.text for f in found])
        characters += score_characters(
            [(t["text"], Box(*map(float, t["box"]))) for t in record["texts"]],
            [(f.text, f.box) for f in found],
        )
        kinds.update(_kind_pairs(record, found))
        if overlays:
            _draw(pixels, found, overlays / f"{record['image'].replace('/', '_')}.png")
    return Row(
        name,
        *key,
        len(records),
        words,
        searchable,
        characters,
        statistics.median(times),
        dict(kinds),
    )


def _kind_pairs(record: Record, found: list[TextRegion]) -> list[str]:
    """Pair every true text whose kind is known with the kind found at its place."""
    pairs = []
    for text in record["texts"]:
        true = _true_kind(record, text)
        box = Box(*map(float, text["box"]))
        best = max(found, key=lambda f: box.intersection_area(f.box), default=None)
        if true and best and box.intersection_area(best.box) > 0:
            pairs.append(f"{true} -> {best.kind}")
    return pairs


def _true_kind(record: Record, text: Record) -> str | None:
    if record["source"] == "mimi_eunice":
        return "sound_effect" if text.get("speaker") == "SFX" else "dialogue"
    if record["source"] == "peppercarrot" and record.get("bubbles"):
        box = Box(*map(float, text["box"]))
        bubbles = [Box(*map(float, b["box"])) for b in record["bubbles"]]
        return "dialogue" if any(box.covered_by(b) > 0.9 for b in bubbles) else "not in a balloon"
    return None


def _draw(pixels: Pixels, found: list[TextRegion], path: Path) -> None:
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for text in found:
        colour = COLOURS[text.kind.value]
        draw.rectangle(text.box.as_tuple(), outline=colour, width=3)
        label = f"{text.order} {text.kind.value}: {text.text}"[:60]
        draw.text((text.box.x0, max(0, text.box.y0 - 12)), label.encode("ascii", "replace"), colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def _report(rows: list[Row]) -> None:
    print(
        f"{'reader':22}{'source':14}{'lang':5}{'split':6}{'pages':>6}{'words':>7}{'missed':>8}"
        f"{'search':>8}{'extra':>7}{'CER':>7}{'unm.':>7}{'whole':>7}{'s/page':>8}"
    )
    for r in rows:
        whole = r.characters.n_exact / max(1, r.characters.n_texts)
        print(
            f"{r.reader:22}{r.source:14}{r.language:5}{r.split:6}{r.n_pages:6}{r.words.n_true:7}"
            f"{r.words.missed:8.3f}{r.searchable.missed:8.3f}{r.words.n_extra:7}"
            f"{r.characters.matched_error_rate:7.3f}{r.characters.unmatched:7.3f}{whole:7.3f}"
            f"{r.median_s:8.2f}"
        )
    print("\nkinds, truth -> found (ours):")
    for r in rows:
        if r.reader == "ours" and r.kinds:
            print(f"  {r.source} {r.language} {r.split}: {dict(sorted(r.kinds.items()))}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--pages", type=int, default=12, help="of each group; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--readers", nargs="*", default=[], help="names as in the table")
    parser.add_argument("--sources", nargs="*", default=[], help="for example peppercarrot/en")
    parser.add_argument("--overlays", type=Path)
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "benchmarks" / "results" / "ocr.json"
    )
    args = parser.parse_args()
    groups = truth_pages(args.comics, args.pages, args.seed)
    rows = []
    for name, load in readers(args.readers, args.threads).items():
        reader = load()
        for key, records in groups.items():
            if not args.sources or f"{key[0]}/{key[1]}" in args.sources:
                overlays = args.overlays if name == "ours" else None
                rows.append(score(name, reader, key, records, args.comics, overlays))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _report(rows)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    summary = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "threads": args.threads,
        "seed": args.seed,
        "n": sum(len(v) for v in groups.values()),
        "peak_rss_mb": psutil.Process().memory_info().rss >> 20,
        "rows": [asdict(r) for r in rows],
    }
    args.out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
