"""The model that comes with Longbox: it opens, fits the default encoders, and beats the rules."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from longbox.book import AnnotatedPage, PageLook, PageType, TextKind
from longbox.encoders import picture_encoder, sentence_encoder
from longbox.page_types import (
    BookSight,
    PageVectors,
    SequenceModel,
    label_book,
    look_at,
)
from longbox.synthetic import draw_insert, template_names
from page_books import EMPTY_LOOK, LOOK, book, page, sight, text

SIZE = (300, 420)
ORDER = [
    PageType.COVER,
    PageType.TITLE,
    *[PageType.STORY] * 4,
    PageType.ADVERTISEMENT,
    *[PageType.STORY] * 3,
    PageType.TEXT_PAGE,
    PageType.PREVIEW,
    PageType.BACK_COVER,
]


def test_the_graph_is_small() -> None:
    graph = files("longbox.page_types") / "page_types.onnx"
    assert len(graph.read_bytes()) < 2_000_000


def test_it_was_trained_with_the_default_encoders() -> None:
    config = SequenceModel().config
    assert config.picture_fingerprint == picture_encoder().fingerprint
    assert config.sentence_fingerprint == sentence_encoder().fingerprint
    assert set(config.classes) == set(PageType)


@pytest.mark.parametrize("n_pages", [1, 2, 300])
def test_it_answers_for_books_of_any_length(n_pages: int) -> None:
    pages = [page(i) for i in range(n_pages)]
    labels = [p.label for p in label_book(book(pages), sight(n_pages), SequenceModel()).pages]
    assert len(labels) == n_pages
    assert all(0 < x.confidence <= 1 for x in labels)


def insert(page_type: PageType, index: int, seed: int) -> tuple[AnnotatedPage, np.ndarray]:
    rng = random.Random(f"{seed}-{index}")

    def art(r: random.Random) -> np.ndarray:
        small = np.random.default_rng(r.randrange(1 << 30)).integers(0, 255, (6, 8, 3))
        return small.astype(np.uint8).repeat(30, 0).repeat(30, 1)

    name = rng.choice(template_names(page_type, held_out=False))
    made = draw_insert(page_type, name, SIZE, art, rng)
    seen = replace(page(index, size=SIZE), panels=made.panels, texts=made.texts)
    return seen, made.pixels


def test_it_tells_inserts_better_than_rules_without_any_vectors() -> None:
    right = {"model": 0, "rules": 0}
    for seed in range(6):
        pages, looks = [], []
        for i, kind in enumerate(ORDER):
            if kind is PageType.STORY:
                pages.append(page(i, size=SIZE))
                looks.append(LOOK)
                continue
            seen, pixels = insert(kind, i, seed)
            pages.append(seen)
            looks.append(look_at(pixels))
        none = PageVectors(
            "none", np.zeros((len(pages), 0), np.float32), np.zeros(len(pages), np.bool_)
        )
        known = BookSight(looks, none, none)
        for who, model in (("model", SequenceModel()), ("rules", None)):
            found = label_book(book(pages), known, model)
            right[who] += sum(
                p.label.page_type is t for p, t in zip(found.pages, ORDER, strict=True)
            )
    n_pages = 6 * len(ORDER)
    assert right["model"] > right["rules"]
    assert right["model"] > 0.8 * n_pages


def types_of(pages: list[AnnotatedPage], looks: list[PageLook] | None = None) -> list[PageType]:
    none = PageVectors(
        "none", np.zeros((len(pages), 0), np.float32), np.zeros(len(pages), np.bool_)
    )
    seen = BookSight(looks or [LOOK] * len(pages), none, none)
    labelled = label_book(book(pages), seen, SequenceModel())
    return [p.label.page_type for p in labelled.pages]


SAID = text("Where are you going?", TextKind.DIALOGUE)


@pytest.mark.parametrize("n_pages", [1, 2, 5])
def test_loose_pages_of_panels_are_story_pages(n_pages: int) -> None:
    pages = [page(i, SAID, n_panels=5) for i in range(n_pages)]
    assert set(types_of(pages)) == {PageType.STORY}


def test_an_episode_of_tall_slices_has_no_covers() -> None:
    pages = [page(i, SAID, n_panels=3, size=(800, 2400)) for i in range(12)]
    assert set(types_of(pages)) <= {PageType.STORY, PageType.SPLASH}


def test_a_single_picture_is_no_odd_page() -> None:
    assert types_of([page(0, n_panels=1)])[0] in (
        PageType.COVER,
        PageType.STORY,
        PageType.SPLASH,
    )


def test_a_page_of_empty_panels_is_not_blank() -> None:
    pages = [page(i, SAID) for i in range(6)] + [page(6, n_panels=3)]
    assert types_of(pages, [LOOK] * 6 + [EMPTY_LOOK])[6] is not PageType.BLANK
