"""Which engine and setting reads lettering fastest at the fewest errors.

    python benchmarks/ocr_engines.py                    # 8 pages of every source and language
    python benchmarks/ocr_engines.py --pages 0 --split val

Every page is read by one engine after the other before the next page is opened, so that another
load on the machine hits all alike; each engine has read one page before the clock starts. Readers:

- ours: the PP-OCRv6 models on ONNX Runtime or OpenVINO, at several sizes of detection;
- rapidocr as it comes, on ONNX Runtime and on OpenVINO (its lines are grouped by ours);
- tesseract 5 from the system, sparse text mode, with the language's own model.

What is not installed is skipped and said. Columns: CER (characters wrong where something was
found; letters after NFKC and case folding, without spaces), unmatched (share of true characters at
places where nothing was found), words missed, all as longbox.evaluation.text defines them; median
seconds a page for finding, reading and grouping, without decoding; and how many times as fast as
rapidocr as it comes on ONNX Runtime, the median over pages. The first rows are over the pages of
992 x 1401 pixels only.
Settings were chosen on train, `--split val` only reports.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import report
from longbox.book import Panel
from longbox.evaluation import CharacterScore, WordScore, score_characters, score_words
from longbox.geometry import Box, bounding_box
from longbox.text import Line, TextOptions, TextReader, group_lines, join_lines
from ocr import truth_pages

Pixels = NDArray[np.uint8]
Record = dict[str, Any]
Lines = Callable[[Pixels, str], list[Line]]
BASELINE = "rapidocr as it comes"
TIMED_SIZE = (992, 1401)
_TESSERACT_NAMES = {"en": "eng", "fr": "fra", "ja": "jpn"}


@dataclass(slots=True)
class Sums:
    """What one reader did on one group of pages."""

    characters: CharacterScore = field(default_factory=lambda: CharacterScore(0, 0, 0, 0))
    words: WordScore = field(default_factory=lambda: WordScore(0, 0, 0))
    seconds: list[float] = field(default_factory=list)
    times_faster: list[float] = field(default_factory=list)


def readers(n_threads: int) -> dict[str, Lines]:
    """Load every reader that can run here; say which cannot."""
    known: dict[str, Lines] = {}
    for side in (1152, 1408):
        known[f"ours, {side} px"] = _ours("rapidocr", side, n_threads)
    has_openvino = importlib.util.find_spec("openvino") is not None
    if has_openvino:
        for side in (1152, 1408):
            known[f"ours on openvino, {side} px"] = _ours("openvino", side, n_threads)
    known[BASELINE] = _rapidocr({})
    if has_openvino:
        known["rapidocr on openvino"] = _rapidocr(_openvino_settings())
    else:
        print("skipped: openvino is not installed (pip install openvino)")
    if shutil.which("tesseract"):
        known["tesseract"] = _tesseract
    else:
        print("skipped: tesseract is not installed (apt install tesseract-ocr tesseract-ocr-jpn)")
    return known


def _ours(engine: str, side: int, n_threads: int) -> Lines:
    options = TextOptions(engine=engine, detection_side_px=side, n_threads=n_threads)
    reader = TextReader(options)
    return lambda pixels, _language: reader.read_lines(pixels)


def _openvino_settings() -> dict[str, Any]:
    from rapidocr import EngineType

    return {f"{part}.engine_type": EngineType.OPENVINO for part in ("Det", "Rec", "Cls")}


def _rapidocr(settings: dict[str, Any]) -> Lines:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical", **settings})

    def read(pixels: Pixels, _language: str) -> list[Line]:
        result = engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        if result.boxes is None:
            return []
        found = zip(result.boxes, result.txts, result.scores, strict=True)
        return [
            Line(Box(*map(float, (*c.min(axis=0), *c.max(axis=0)))), text, float(score))
            for c, text, score in found
        ]

    return read


def _tesseract(pixels: Pixels, language: str) -> list[Line]:
    name = _TESSERACT_NAMES.get(language, "eng")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.png"
        Image.fromarray(pixels).save(page, compress_level=1)
        done = subprocess.run(
            ["tesseract", str(page), "-", "--psm", "11", "-l", name, "tsv"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    words: dict[tuple[str, ...], list[tuple[Box, str, float]]] = {}
    for row in done.stdout.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[11].strip() and float(cells[10]) >= 30:
            box = Box.from_xywh(*map(float, cells[6:10]))
            words.setdefault(tuple(cells[1:5]), []).append((box, cells[11], float(cells[10])))
    return [
        Line(bounding_box(b for b, _, _ in line), " ".join(t for _, t, _ in line), 0.9)
        for line in words.values()
    ]


def _grouped(lines: list[Line], panels: tuple[Panel, ...], pixels: Pixels) -> list[tuple[str, Box]]:
    groups = group_lines(lines, panels, pixels[:, :, 1])
    return [
        (join_lines([line.text for line in group]), bounding_box(line.box for line in group))
        for group in groups
    ]


def measure(
    known: dict[str, Lines], groups: dict[str, list[Record]], comics: Path
) -> dict[tuple[str, str], Sums]:
    """Read every page by every reader, page by page; sums by reader and group."""
    sums: dict[tuple[str, str], Sums] = {}
    is_warm = False
    for group, records in groups.items():
        for record in records:
            pixels = np.asarray(Image.open(comics / record["image"]).convert("RGB"))
            panels = tuple(
                Panel(Box(*map(float, b)), i, 1.0, "truth")
                for i, b in enumerate(record.get("panels") or [])
            )
            if not is_warm:
                for read in known.values():
                    read(pixels, record["lang"])
                is_warm = True
            places = [group]
            if pixels.shape[:2] == TIMED_SIZE[::-1]:
                places.append(f"{TIMED_SIZE[0]} x {TIMED_SIZE[1]}")
            took: dict[str, float] = {}
            for name, read in known.items():
                start = time.perf_counter()
                found = _grouped(read(pixels, record["lang"]), panels, pixels)
                took[name] = time.perf_counter() - start
                for place in places:
                    _add(sums.setdefault((name, place), Sums()), record, found, took[name])
            for name, place in product(known, places):
                sums[name, place].times_faster.append(took[BASELINE] / took[name])
    return sums


def _add(sums: Sums, record: Record, found: list[tuple[str, Box]], seconds: float) -> None:
    true = [(t["text"], Box(*map(float, t["box"]))) for t in record["texts"]]
    sums.characters += score_characters(true, found)
    sums.words += score_words([t for t, _ in true], [t for t, _ in found])
    sums.seconds.append(seconds)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=report.SHARED / "comics")
    parser.add_argument("--pages", type=int, default=8, help="of each group; 0 for all")
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--readers", nargs="*", default=[], help="names as in the table")
    args = parser.parse_args()
    pages = truth_pages(args.comics, args.pages, args.seed)
    groups = {f"{s} {lang}": r for (s, lang, split), r in pages.items() if split == args.split}
    known = readers(args.threads)
    if args.readers:
        known = {n: r for n, r in known.items() if n in {*args.readers, BASELINE}}
    sums = measure(known, groups, args.comics)
    rows = [
        {
            "pages of": group,
            "reader": name,
            "n": len(one.seconds),
            "CER": one.characters.matched_error_rate,
            "unmatched": one.characters.unmatched,
            "words missed": one.words.missed,
            "s/page": statistics.median(one.seconds),
            "times rapidocr": statistics.median(one.times_faster),
        }
        for (name, group), one in sorted(sums.items(), key=lambda item: item[0][1])
    ]
    print(report.table(rows))
    suffix = "" if args.split == "train" else f"_{args.split}"
    report.write(
        f"ocr_engines{suffix}",
        {"threads": args.threads, "seed": args.seed, "split": args.split, "rows": rows},
    )


if __name__ == "__main__":
    main()
