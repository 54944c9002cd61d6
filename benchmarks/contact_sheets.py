"""A contact sheet per source of the real comics: panels, order, texts, kinds and page types.

    python benchmarks/contact_sheets.py [--output FOLDER] [--pages N] [--only SOURCE]

Writes FOLDER/SOURCE.jpg, by default into build/sheets. Pepper&Carrot is CC BY 4.0 and its sheet
is kept in docs/pictures; the share-alike sources (Mimi & Eunice, Haruko, page blanche, tori no me,
climate frogs, the Poignant Guide) are not kept in this repository, so their sheets are made here.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from longbox.book import Direction
from longbox.config import Config
from longbox.pipeline import SheetLayout, write_sheets
from report import REPOSITORY, SHARED

SOURCES = {
    "peppercarrot-en": "peppercarrot/pages/en",
    "peppercarrot-fr": "peppercarrot/pages/fr",
    "peppercarrot-ja": "peppercarrot/pages/ja",
    "mimi-eunice": "mimi_eunice/strips",
    "haruko": "idpf_epub3/haruko_manga",
    "page-blanche": "idpf_epub3/page_blanche_bd",
    "tori-no-me": "idpf_epub3/tori_no_me_webtoon",
    "climate-frogs": "climate_frogs",
    "poignant-guide": "poignant_guide",
}


def chosen(rows: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """Return about n pages: whole works one after another, a few pages of each."""
    works: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        works[row["work"]].append(row)
    each = max(3, -(-n // len(works)))
    return [row for work in works.values() for row in work[:each]][:n]


def main() -> None:
    """Draw the sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "build" / "sheets")
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--only", default="", help="only sources whose name starts with this")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    lines = (arguments.comics / "index.jsonl").read_text().splitlines()
    index = [json.loads(line) for line in lines]
    for name, folder in SOURCES.items():
        rows = [row for row in index if row["image"].startswith(folder)]
        if not rows or not name.startswith(arguments.only):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            book = Path(scratch) / name
            book.mkdir()
            for n, row in enumerate(chosen(rows, arguments.pages)):
                source = arguments.comics / row["image"]
                shutil.copyfile(source, book / f"{n:03d}{source.suffix}")
            config = Config()
            direction = Direction(rows[0]["direction"])
            config = replace(config, ingest=replace(config.ingest, direction=direction))
            files, problems = write_sheets(
                book, arguments.output / f"{name}.jpg", config, SheetLayout(), replaces=True
            )
            print(name, *files, *(problem.reason for problem in problems))


if __name__ == "__main__":
    main()
