"""Named kinds of misbehaving servers and answers, and the state that is put on record for each.

    python benchmarks/vlm.py

A page for every kind goes through the whole of `longbox describe` against a real HTTP server
(tests/text/misbehaving_server.py). Beside the recorded state stand what it must be and what two
simpler readers would make of the answer: json.loads alone, and json-repair alone, which calls
whatever it can build a success. No page may be lost, and none that failed or was cut may count as
done. The figures are counts; time does not enter.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import json_repair

from report import REPOSITORY, table, write

sys.path.insert(0, str(REPOSITORY / "tests"))
from longbox.book import AnnotatedBook, AnnotatedPage, FileStamp, PageLabel, PageType, Panel
from longbox.config import Config
from longbox.description import PageDescription
from longbox.geometry import Box
from longbox.ingest import IngestOptions, open_book
from longbox.library import Library, write_book_store
from longbox.pipeline import DescribePlan, RetryPolicy, describe_library
from longbox.text.vlm import VlmOptions
from text.misbehaving_server import TIERS, draw_page, misbehaving
from text.misbehaviours import KINDS, NAMES

DONE = ("clean", "repaired")


def drawn_book(library: Library, path: Path) -> str:
    """Put a comic with a page a kind into a library, its panels as drawn."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(len(NAMES)):
            with archive.open(f"page{number:03d}.png", "w") as member:
                draw_page(number).save(member, "PNG")
    with open_book(path, IngestOptions()) as opened:
        book = opened.book
    panels = tuple(Panel(Box(*box), i, 1.0, "drawn") for i, box in enumerate(TIERS))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    annotated = AnnotatedBook(book, tuple(AnnotatedPage(p, panels, (), label) for p in book.pages))
    write_book_store(library.root, annotated, (), "drawn")
    library.merge_book(book.book_id, str(path), FileStamp(1, 1))
    return book.book_id


def simple_reader(name: str, parse: Callable[[str], Any]) -> bool:
    """Say whether a reader that trusts its parser calls the kind's last answer a success."""
    answer = KINDS[name][0](9, {"max_tokens": 3000})
    if answer.act is not None or answer.status != 200:
        return False
    try:
        text = json.loads(answer.payload())["choices"][0]["message"]["content"]
        return bool(parse(text))
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return False


def measured(folder: Path) -> tuple[tuple[PageDescription, ...], dict[str, Any]]:
    """Describe the page of every kind once."""
    with Library.create(folder / "library") as library:
        book_id = drawn_book(library, folder / "kinds.cbz")
        plans = {number: KINDS[name][0] for number, name in enumerate(NAMES)}
        with misbehaving(plans) as server:
            options = VlmOptions(
                server.url,
                "misbehaving",
                max_answer_tokens=6000,
                max_response_bytes=300_000,
                timeout_s=2.0,
            )
            patience = RetryPolicy(3, 4, 0.02, 5.0, len(NAMES), len(NAMES))
            plan = DescribePlan(n_at_once=8, patience=patience)
            report = describe_library(library, Config(), options, plan)
        facts = {"requests": report.n_requests, "stopped": report.stopped}
        return library.descriptions(book_id), facts


def main() -> None:
    """Print the table and write it."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        said, facts = measured(Path(folder))
    by_page = {page.page_index: page for page in said}
    rows = []
    for number, name in enumerate(NAMES):
        page = by_page.get(number)
        rows.append(
            {
                "kind": name,
                "recorded": page.state.value if page else "LOST",
                "must be": KINDS[name][1],
                "json.loads says": "done" if simple_reader(name, json.loads) else "-",
                "json-repair says": "done" if simple_reader(name, json_repair.loads) else "-",
                "problem": (page.problem or "")[:60] if page else "",
            }
        )
    print(table(rows))
    must_not = [row for row in rows if row["must be"] not in DONE]
    result = {
        "kinds": len(rows),
        "right": sum(row["recorded"] == row["must be"] for row in rows),
        "lost": sum(row["recorded"] == "LOST" for row in rows),
        "wrongly_done": sum(row["recorded"] in DONE for row in must_not),
        "wrongly_done_json_loads": sum(row["json.loads says"] == "done" for row in must_not),
        "wrongly_done_json_repair": sum(row["json-repair says"] == "done" for row in must_not),
        **facts,
    }
    print(json.dumps(result))
    write("vlm", {**result, "rows": rows})


if __name__ == "__main__":
    main()
