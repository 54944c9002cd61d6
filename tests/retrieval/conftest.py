"""A small library with real encoders and known panels, made once for all tests of this room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import imagehash
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Metadata,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.config import Config
from longbox.encoders import composition, crop_panel, picture_encoder, sentence_encoder
from longbox.geometry import Box
from longbox.ingest import open_book, stamp
from longbox.library import Library, write_book_store
from longbox.retrieval import Searcher
from longbox.vectors import PanelVectors, Space

BOXES = tuple(
    Box(20 + 200 * x, 20 + 280 * y, 200 + 200 * x, 280 + 280 * y) for y in (0, 1) for x in (0, 1)
)
TEXTS = {
    "Night Kitchen 1": [
        "The cat steals the potion!",
        "",
        "Who took my potion?",
        "Rain falls on the roof.",
    ],
    "Night Kitchen 2": [
        "A dragon sleeps in the castle.",
        "The dragon wakes!",
        "",
        "Run from the dragon!",
    ],
    "Star Harbour": ["Our rocket needs fuel.", "猫が薬を盗む", "Mars is red tonight.", ""],
}


@dataclass(frozen=True)
class Shelf:
    """The library, a searcher on it, and the pictures that its panels came from."""

    library: Library
    searcher: Searcher
    config: Config
    pages: dict[str, NDArray[np.uint8]]

    def crop(self, title: str, panel: int) -> NDArray[np.uint8]:
        return crop_panel(self.pages[title], BOXES[panel])


def draw_page(seed: int, lettering: int = 0) -> NDArray[np.uint8]:
    """Four panels of random shapes; the lettering only changes a small white balloon."""
    page = Image.new("RGB", (420, 580), "white")
    rng = np.random.default_rng(seed)
    for box in BOXES:
        panel = Image.new("RGB", (int(box.width), int(box.height)), tuple(rng.integers(0, 256, 3)))
        draw = ImageDraw.Draw(panel)
        for _ in range(12):
            x, y, w, h = (int(v) for v in rng.integers(0, 160, 4))
            shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
            shape((x, y, x + w, y + h), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
        draw.ellipse((20, 10, 140, 60), fill="white", outline="black")
        draw.text((40, 25), f"text {lettering}", fill="black")
        page.paste(panel, (int(box.x0), int(box.y0)))
    return np.asarray(page)


def keep(
    library: Library, config: Config, folder: Path, texts: list[str], metadata: Metadata
) -> None:
    """Put a one-page book into a library, with true panels and texts and real vectors."""
    with open_book(folder, config.ingest) as opened:
        book, pixels = replace(opened.book, metadata=metadata), opened.pixels(0)
    panels = tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(BOXES))
    regions = tuple(
        TextRegion(BOXES[i], text, 0.9, TextKind.DIALOGUE, "drawn", i, i)
        for i, text in enumerate(texts)
        if text
    )
    page_hash = str(imagehash.phash(Image.fromarray(pixels)))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    page = AnnotatedPage(book.pages[0], panels, regions, label, page_hash)
    pictures, sentences = picture_encoder(), sentence_encoder()
    mask = sentences.can_read(texts)
    rows = np.zeros((len(texts), sentences.dimension), np.float32)
    rows[mask] = sentences.encode_documents([t for t, m in zip(texts, mask, strict=True) if m])
    every = np.ones(len(panels), np.bool_)
    vectors = (
        PanelVectors(
            Space.VISION,
            pictures.fingerprint,
            pictures.encode([crop_panel(pixels, b) for b in BOXES]),
            every,
        ),
        PanelVectors(Space.TEXT, sentences.fingerprint, rows, mask),
        PanelVectors(Space.COMPOSITION, "composition", composition(page), every),
    )
    write_book_store(library.root, AnnotatedBook(book, (page,)), vectors, "drawn")
    library.merge_book(book.book_id, str(folder), stamp(folder))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Three books of four panels, and a second edition of the first with other lettering."""
    root = tmp_path_factory.mktemp("retrieval")
    config = Config()
    library = Library.create(root / "library")
    pages = {}
    for number, (title, texts) in enumerate(TEXTS.items()):
        series, _, issue = title.rpartition(" ") if title[-1].isdigit() else (title, "", "")
        metadata = Metadata(series=series, number=issue or None, year=1990 + number, language="en")
        pages[title] = draw_page(number)
        (root / title).mkdir()
        Image.fromarray(pages[title]).save(root / title / "1.png")
        keep(library, config, root / title, texts, metadata)
    french = root / "Cuisine de nuit 1"
    french.mkdir()
    Image.fromarray(draw_page(0, lettering=1)).save(french / "1.png")
    texts = ["Le chat vole la potion !", "", "Qui a pris ma potion ?", "Il pleut sur le toit."]
    keep(
        library,
        config,
        french,
        texts,
        Metadata(series="Cuisine de nuit", number="1", language="fr"),
    )
    library.update_indexes()
    return Shelf(library, Searcher(library, config), config, pages)
