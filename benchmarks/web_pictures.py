"""What a picture of the web page costs: making it, its bytes, and what keeping saves.

    python -m benchmarks.web_pictures [--comics DIR] [--pages N] [--seed N]

Three tables:

formats   pages of the real comics at three widths, and panels, in each format and setting:
          milliseconds to encode (one core), kilobytes, and likeness to the picture that went in
          (PSNR in dB: compare bytes at equal likeness only)
archives  pages of one book, packed in every way that can be packed here, asked for in a shuffled
          order: milliseconds a page when the file is opened for each, and when it stays open
served    the same through a picture server with one process: its start, the first page of the
          book, the median of further pages and panels when they are made and when they are found
          on disk. Panels are asked for after all pages, so their page is decoded again
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import SHARED, table, write
from numpy.typing import NDArray
from PIL import Image

from longbox.book import AnnotatedBook, AnnotatedPage, Page, PageLabel, PageType, Panel, PanelId
from longbox.config import Config
from longbox.encoders import crop_panel
from longbox.geometry import Box
from longbox.ingest import IngestOptions, open_book, stamp
from longbox.library import Library, write_book_store
from longbox.web.pictures import PictureOptions, PictureServer
from longbox.web.pictures.comics import OpenComics, PagePlace
from longbox.web.pictures.rendering import fitted_size, resized

Pixels = NDArray[np.uint8]
SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("WEBP", {"quality": q, "method": m}) for q in (75, 82) for m in (0, 2, 4, 6)),
    *(("AVIF", {"quality": q, "speed": s, "max_threads": 1}) for q in (60, 68) for s in (6, 8, 10)),
    *(("JPEG", {"quality": q, "optimize": True}) for q in (80, 88)),
)


def read_rows(comics: Path) -> list[dict[str, Any]]:
    """Return the index of the real comics."""
    with (comics / "index.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def sample(comics: Path, n_pages: int, seed: int) -> list[tuple[Pixels, list[Box]]]:
    """Return pages with their panels, in turn of each series."""
    rng = random.Random(seed)
    by_series: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(comics):
        by_series.setdefault(row["work"].split("-")[0], []).append(row)
    chosen: list[dict[str, Any]] = []
    while len(chosen) < n_pages and any(by_series.values()):
        for rows in by_series.values():
            if rows and len(chosen) < n_pages:
                chosen.append(rows.pop(rng.randrange(len(rows))))
    return [
        (
            np.asarray(Image.open(comics / row["image"]).convert("RGB")),
            [Box(*box) for box in row["panels"] or ()],
        )
        for row in chosen
    ]


def format_rows(pages: Sequence[tuple[Pixels, list[Box]]]) -> list[dict[str, Any]]:
    """Encode pages and panels in every setting."""
    sets: dict[str, list[Pixels]] = {}
    for width_px in (320, 640, 1280):
        sets[f"page {width_px}"] = [_fitted(pixels, width_px) for pixels, _ in pages]
    crops = [crop_panel(pixels, box) for pixels, boxes in pages for box in boxes[:2]]
    sets["panel 640"] = [_fitted(crop, 640) for crop in crops]
    rows = []
    for shown, pictures in sets.items():
        for name, options in SETTINGS:
            said = " ".join(f"{key}={value}" for key, value in options.items())
            row = {"picture": shown, "format": name, "setting": said, "n": len(pictures)}
            rows.append({**row, **_cost(pictures, name, options)})
    return rows


def _fitted(pixels: Pixels, width_px: int) -> Pixels:
    height, width = pixels.shape[:2]
    return resized(pixels, *fitted_size(width, height, width_px))


def _cost(pictures: Sequence[Pixels], name: str, options: dict[str, Any]) -> dict[str, float]:
    spent_s, n_bytes, likeness = 0.0, 0, []
    for pixels in pictures:
        picture, out = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
        start = time.perf_counter()
        picture.save(out, name, **options)
        spent_s += time.perf_counter() - start
        n_bytes += out.tell()
        again = np.asarray(Image.open(out).convert("RGB"), np.float64)
        error = float(((again - pixels) ** 2).mean())
        likeness.append(10 * np.log10(255**2 / max(error, 1e-3)))
    n = len(pictures)
    return {"ms": 1000 * spent_s / n, "kB": n_bytes / n / 1000, "dB": float(np.mean(likeness))}


def packed(folder: Path, pictures: Sequence[Path]) -> dict[str, Path]:
    """Pack the same pages in every way there is a writer for."""
    import py7zr

    files = {kind: folder / f"book.{kind}" for kind in ("cbz", "cb7", "cbt", "pdf", "folder")}
    names = [f"{index:03d}{path.suffix}" for index, path in enumerate(pictures)]
    files["folder"].mkdir()
    with (
        zipfile.ZipFile(files["cbz"], "w") as zipped,
        tarfile.open(files["cbt"], "w") as tarred,
        py7zr.SevenZipFile(files["cb7"], "w") as sevened,
    ):
        for name, path in zip(names, pictures, strict=True):
            zipped.write(path, name)
            tarred.add(path, name)
            sevened.write(path, name)
            (files["folder"] / name).write_bytes(path.read_bytes())
    pages = [Image.open(path).convert("RGB") for path in pictures]
    pages[0].save(files["pdf"], save_all=True, append_images=pages[1:])
    return files


def archive_row(kind: str, file: Path, seed: int) -> dict[str, Any]:
    """Decode the pages of a file with and without keeping it open."""
    with open_book(file) as opened:
        pages = [page for page in opened.book.pages if page.is_readable]
    places = [PagePlace(str(file), p.index, p.width, p.height, p.digest) for p in pages]
    random.Random(seed).shuffle(places)
    comics = OpenComics(IngestOptions())

    def opened_anew(place: PagePlace) -> None:
        comics.close()
        comics.pixels(place)

    opening = [_ms(opened_anew, place) for place in places]
    opened_anew(places[-1])
    keeping = [_ms(comics.pixels, place) for place in places[:-1]]
    again = _ms(comics.pixels, places[-2])
    comics.close()
    return {
        "packed as": kind,
        "MB": _size(file) / 1e6,
        "pages": len(places),
        "opened each ms": statistics.median(opening),
        "kept open ms": statistics.median(keeping),
        "same page ms": again,
    }


def served_row(folder: Path, kind: str, file: Path) -> dict[str, Any]:
    """Ask a picture server for pages and panels of a file, and again."""
    with Library.create(folder / f"library {kind}") as library:
        book_id, n_pages = _put(library, file)
        server = PictureServer(library, Config(), PictureOptions(n_processes=1))
        out = io.BytesIO()
        Image.new("RGB", (30, 40)).save(out, "PNG")
        start = _ms(server.decode_upload, out.getvalue())
        row: dict[str, Any] = {"packed as": kind, "start ms": start}
        row["first page ms"] = _ms(server.page, book_id, 0, 1280)
        panels = [PanelId(book_id, page, 0) for page in range(1, n_pages)]
        for state in ("made", "cached"):
            spent = [_ms(server.page, book_id, page, 1280) for page in range(1, n_pages)]
            row[f"page 1280 {state} ms"] = statistics.median(spent)
        for state in ("made", "cached"):
            spent = [_ms(server.panel, panel, 640) for panel in panels]
            row[f"panel 640 {state} ms"] = statistics.median(spent)
        server.close()
    return row


def _put(library: Library, file: Path) -> tuple[str, int]:
    """Take a book into a library, with a panel on each half of a page; return id and pages."""
    with open_book(file) as opened:
        book = opened.book
    pages = tuple(_halved(page) for page in book.pages)
    write_book_store(library.root, AnnotatedBook(book, pages), (), "benchmark")
    library.merge_book(book.book_id, str(file), stamp(file))
    return book.book_id, len(pages)


def _halved(page: Page) -> AnnotatedPage:
    half = page.height / 2
    boxes = (Box(0, 0, page.width, half), Box(0, half, page.width, page.height))
    panels = tuple(Panel(box, i, 1.0, "benchmark") for i, box in enumerate(boxes))
    return AnnotatedPage(page, panels, (), PageLabel(PageType.STORY, 1.0, "benchmark"), "0" * 16)


def _ms(do: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    do(*arguments)
    return 1000 * (time.perf_counter() - start)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else list(path.iterdir())
    return sum(file.stat().st_size for file in files)


def main() -> None:
    """Measure, print three tables, write benchmarks/results/web_pictures.json."""
    parser = argparse.ArgumentParser(description="What a picture of the web page costs.")
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result: dict[str, Any] = {"pages": options.pages, "seed": options.seed}
    result["formats"] = format_rows(sample(options.comics, options.pages, options.seed))
    print(table(result["formats"]), end="\n\n")
    rows = [row for row in read_rows(options.comics) if row["work"].startswith("peppercarrot")]
    pictures = [options.comics / row["image"] for row in rows[: options.pages]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = packed(folder, pictures)
        result["archives"] = [archive_row(kind, file, options.seed) for kind, file in files.items()]
        print(table(result["archives"]), end="\n\n")
        result["served"] = [served_row(folder, kind, file) for kind, file in files.items()]
        print(table(result["served"]))
    write("web_pictures", result)


if __name__ == "__main__":
    main()
