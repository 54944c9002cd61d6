"""How well dialogue, captions, sound effects, prose and other lettering are told apart.

    python benchmarks/text_kinds.py
    python benchmarks/text_kinds.py --books 5 --pages 6     # a quick look

Drawn books: every language in turn, every style and mix of layouts, seeds from 60,000 on; the
rules were chosen on seeds below 10,000 and on the styles flat, ink, screentone and paper, so
halftone and dark are given apart as held-out styles. Half of the chosen pages of a book tell the
story, the others are those around it (covers, titles, text pages, advertisements).

- true boxes: the lines that were read inside a true text are one group, in the true panels. So it
  measures the kinds alone; a text of which nothing was read is left out;
- end to end: panels and texts as found; a true text without a found one counts as missed.

Real pages: Mimi & Eunice (speakers say dialogue, "SFX" a sound effect) and Pepper&Carrot (a text
inside a marked balloon is dialogue; what stands outside has no known kind and is not scored). Read
end to end with the true panels where there are any. The mark to beat beside each macro F1 is that
of always answering the commonest kind.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import report
from longbox.book import AnnotatedPage, Direction, PageType, Panel
from longbox.evaluation import score_kinds
from longbox.geometry import Box
from longbox.panels import find_panels
from longbox.synthetic import MIXES, BookRecipe, Style, draw_book
from longbox.text import (
    Line,
    TextOptions,
    TextReader,
    classify_kind,
    look_around,
    page_context,
    panel_of,
    tells_story,
)

FIRST_SEED = 60_000
HELD_OUT_STYLES = (Style.HALFTONE, Style.DARK)
_LANGUAGES = ("en", "fr", "es", "de", "ja")
Pixels = NDArray[np.uint8]
Pairs = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPage:
    """A drawn page with its truth."""

    language: str
    style: Style
    direction: Direction
    truth: AnnotatedPage
    pixels: Pixels


def drawn_pages(n_books: int, n_pages: int) -> Iterator[DrawnPage]:
    """Draw the chosen pages of held-out books."""
    styles, mixes = list(Style), list(MIXES)
    for i in range(n_books):
        seed, language = FIRST_SEED + i, _LANGUAGES[i % len(_LANGUAGES)]
        mix, style = mixes[i % len(mixes)], styles[(i + i // len(styles)) % len(styles)]
        direction = Direction.RTL if language == "ja" and i % 2 else Direction.LTR
        if mix == "webtoon":
            direction = Direction.TTB
        book = draw_book(
            BookRecipe(
                seed=seed, n_pages=24, direction=direction, style=style, layouts=mix,
                language=language,
            )
        )  # fmt: skip
        rng = random.Random(seed)
        telling = (PageType.STORY, PageType.SPLASH)
        lettered = [p for p in book.truth.pages if p.texts]
        story = [p for p in lettered if p.label.page_type in telling]
        others = [p for p in lettered if p.label.page_type not in telling]
        half = n_pages // 2
        chosen = rng.sample(story, min(half, len(story)))
        chosen += rng.sample(others, min(n_pages - half, len(others)))
        for page in chosen:
            yield DrawnPage(language, style, direction, page, book.pixels(page.page.index))


def on_true_boxes(page: DrawnPage, lines: list[Line]) -> Pairs:
    """Answer for the true texts of a page from the lines read inside each."""
    panels = page.truth.panels
    by_order = {panel.order: panel.box for panel in panels}
    groups = [
        [line for line in lines if text.box.expand(4).contains_point(*line.box.center)]
        for text in page.truth.texts
    ]
    kept = [(t, g) for t, g in zip(page.truth.texts, groups, strict=True) if g]
    around = []
    for text, group in kept:
        home = panel_of(text.box, panels)
        around.append(look_around(page.pixels, group, by_order[home] if home is not None else None))
    is_story = tells_story(len(panels), page.direction, around)
    context = page_context(page.pixels.shape, lines, tells_story=is_story)
    return [
        (text.kind.value, classify_kind(group, seen, context).value)
        for (text, group), seen in zip(kept, around, strict=True)
    ]


def end_to_end(page: DrawnPage, reader: TextReader) -> Pairs:
    """Answer for the true texts from what is found where they stand."""
    panels = find_panels(page.pixels, page.direction)
    found = reader.read_page(page.pixels, panels, page.direction, page.language)
    pairs: Pairs = []
    for text in page.truth.texts:
        best = max(found, key=lambda f: f.box.intersection_area(text.box), default=None)
        shared = best.box.intersection_area(text.box) if best else 0.0
        is_found = best is not None and shared > 0.3 * min(best.box.area, text.box.area)
        pairs.append((text.kind.value, best.kind.value if best and is_found else None))
    return pairs


def real_pairs(comics: Path, reader: TextReader, n_pages: int) -> dict[str, Pairs]:
    """Answer for the texts of real pages whose kind is known, by source and split."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for line in (comics / "index.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        is_known = record["source"] == "mimi_eunice" or record.get("bubbles")
        if record.get("texts") and is_known:
            key = f"{record['source']} {record['lang']} {record['split']}"
            by_source.setdefault(key, []).append(record)
    answers: dict[str, Pairs] = {}
    for source, records in sorted(by_source.items()):
        random.Random(source).shuffle(records)
        for record in records[: n_pages or None]:
            answers.setdefault(source, []).extend(_real_page(comics, record, reader))
    return answers


def _real_page(comics: Path, record: dict[str, Any], reader: TextReader) -> Pairs:
    pixels = np.asarray(Image.open(comics / record["image"]).convert("RGB"))
    direction = Direction(record["direction"])
    boxes = record.get("panels")
    panels = (
        tuple(Panel(Box(*map(float, b)), i, 1.0, "truth") for i, b in enumerate(boxes))
        if boxes
        else find_panels(pixels, direction)
    )
    found = reader.read_page(pixels, panels, direction, record["lang"])
    pairs: Pairs = []
    for text in record["texts"]:
        kind, box = _real_kind(record, text), Box(*map(float, text["box"]))
        best = max(found, key=lambda f: f.box.intersection_area(box), default=None)
        is_found = best is not None and best.box.intersection_area(box) > 0
        if kind:
            pairs.append((kind, best.kind.value if best and is_found else None))
    return pairs


def _real_kind(record: dict[str, Any], text: dict[str, Any]) -> str | None:
    if record["source"] == "mimi_eunice":
        return "sound_effect" if text.get("speaker") == "SFX" else "dialogue"
    box = Box(*map(float, text["box"]))
    bubbles = [Box(*map(float, b["box"])) for b in record["bubbles"]]
    return "dialogue" if any(box.covered_by(b) > 0.9 for b in bubbles) else None


def row(name: str, pairs: Pairs) -> dict[str, Any]:
    """Make a table row."""
    score = score_kinds(pairs)
    kinds = ("dialogue", "caption", "sound_effect", "prose", "other")
    return {
        "texts of": name,
        "n": len(pairs),
        "macro F1": score.macro_f1,
        "commonest": score.majority,
        **{kind: score.f1.get(kind) for kind in kinds},
        "not found": sum(answer is None for _, answer in pairs),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=report.SHARED / "comics")
    parser.add_argument("--books", type=int, default=30)
    parser.add_argument("--pages", type=int, default=8, help="of each drawn book")
    parser.add_argument("--real-pages", type=int, default=20, help="of each real source; 0 for all")
    parser.add_argument("--engine", default="rapidocr")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    reader = TextReader(TextOptions(engine=args.engine, n_threads=args.threads))
    groups: dict[str, Pairs] = {}
    for page in drawn_pages(args.books, args.pages):
        answers = {
            "true boxes": on_true_boxes(page, reader.read_lines(page.pixels)),
            "end to end": end_to_end(page, reader),
        }
        style = "held-out styles" if page.style in HELD_OUT_STYLES else "known styles"
        for way, pairs in answers.items():
            for part in ("all", style, page.language):
                groups.setdefault(f"drawn, {way}, {part}", []).extend(pairs)
    if (args.comics / "index.jsonl").is_file():
        groups.update(real_pairs(args.comics, reader, args.real_pages))
    rows = [row(name, pairs) for name, pairs in sorted(groups.items())]
    print(report.table(rows))
    report.write("text_kinds", {"first_seed": FIRST_SEED, "engine": args.engine, "rows": rows})


if __name__ == "__main__":
    main()
