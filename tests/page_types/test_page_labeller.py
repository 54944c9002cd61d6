"""A whole book labelled: who has the last word, books of any length, models that do not fit."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longbox.book import PageLabel, PageType
from longbox.errors import ConfigError, ModelError
from longbox.page_types import (
    SEEN_FEATURES,
    WRITTEN_FEATURES,
    PageTypeOptions,
    SequenceModel,
    book_features,
    label_book,
    page_rows,
)
from longbox.page_types.sequence import WINDOW_PAGES, windows
from page_books import LOOK, book, page, sight

CLASSES = [PageType.STORY, PageType.COVER, PageType.BACK_COVER]


@pytest.fixture
def model(tmp_path: Path) -> SequenceModel:
    """A model that answers by hand: first page cover, last page back cover, else story."""
    return SequenceModel(write_model(tmp_path))


def write_model(folder: Path, **changes: object) -> Path:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.zeros((len(SEEN_FEATURES), len(CLASSES)), np.float32)
    weights[SEEN_FEATURES.index("has_look"), 0] = 1
    weights[SEEN_FEATURES.index("is_first"), 1] = 4
    weights[SEEN_FEATURES.index("is_last"), 2] = 3
    sizes = {"picture": 8, "seen": len(SEEN_FEATURES), "sentence": 6}
    sizes["written"] = len(WRITTEN_FEATURES)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", "p", size])
        for name, size in sizes.items()
    ]
    inputs.append(helper.make_tensor_value_info("is_page", TensorProto.FLOAT, ["b", "p"]))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["seen", "w"], ["scores"])],
        "by_hand",
        inputs,
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["b", "p", len(CLASSES)])],
        [numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "page_types.onnx").write_bytes(made.SerializeToString())
    assert onnx.__version__
    said: dict[str, object] = {
        "format": 1,
        "classes": [c.value for c in CLASSES],
        "picture_fingerprint": "pictures",
        "sentence_fingerprint": "sentences",
        "picture_size": 8,
        "sentence_size": 6,
        "seen_features": list(SEEN_FEATURES),
        "written_features": list(WRITTEN_FEATURES),
    }
    (folder / "page_types.json").write_text(json.dumps(said | changes))
    return folder


def test_a_book_without_pages_is_labelled(model: SequenceModel) -> None:
    assert label_book(book([]), sight(0), model).pages == ()
    assert label_book(book([]), sight(0), None).pages == ()


def test_the_model_sees_the_whole_book(model: SequenceModel) -> None:
    labels = [p.label for p in label_book(book([page(i) for i in range(5)]), sight(5), model).pages]
    assert [x.page_type for x in labels] == [
        PageType.COVER,
        *[PageType.STORY] * 3,
        PageType.BACK_COVER,
    ]
    assert {x.source for x in labels} == {"sequence"}
    assert all(1 / 3 < x.confidence <= 1 for x in labels)


def test_without_a_model_the_rules_speak() -> None:
    labelled = label_book(book([page(0), page(1)]), sight(2), None)
    assert {p.label.source for p in labelled.pages} == {"rules"}


@pytest.mark.parametrize("use_model", [True, False])
def test_what_the_file_declares_stands_above_both(model: SequenceModel, use_model: bool) -> None:
    pages = [page(0, declared="Advertisement"), page(1), page(2, declared="BackCover")]
    labels = [
        p.label for p in label_book(book(pages), sight(3), model if use_model else None).pages
    ]
    assert labels[0] == PageLabel(PageType.ADVERTISEMENT, 1.0, "comicinfo")
    assert labels[2] == PageLabel(PageType.BACK_COVER, 1.0, "comicinfo")


def test_a_page_that_could_not_be_read_keeps_its_label(model: SequenceModel) -> None:
    unread = replace(page(1), label=PageLabel(PageType.STORY, 0.0, "unread"), panels=())
    labelled = label_book(book([page(0), unread]), sight(2, [LOOK, None]), model)
    assert labelled.pages[1].label == PageLabel(PageType.STORY, 0.0, "unread")
    assert labelled.pages[0].label.source == "sequence"


def test_vectors_of_other_encoders_are_masked_not_used(model: SequenceModel) -> None:
    seen = sight(3)
    other = replace(seen.pictures, fingerprint="another", rows=np.ones((3, 99), np.float32))
    labelled = label_book(book([page(i) for i in range(3)]), replace(seen, pictures=other), model)
    assert labelled.pages[0].label.page_type is PageType.COVER


def test_known_vectors_of_a_wrong_size_are_refused(model: SequenceModel) -> None:
    seen = sight(3)
    other = replace(seen.pictures, rows=np.ones((3, 99), np.float32))
    with pytest.raises(ModelError, match="99"):
        label_book(book([page(i) for i in range(3)]), replace(seen, pictures=other), model)


def test_looks_and_pages_must_be_of_one_number(model: SequenceModel) -> None:
    with pytest.raises(ValueError, match="one number"):
        label_book(book([page(0)]), sight(2), model)


@pytest.mark.parametrize("n_pages", [1, 2, WINDOW_PAGES, WINDOW_PAGES + 1, 1000])
def test_windows_cover_any_book_and_overlap(n_pages: int) -> None:
    cuts = windows(n_pages)
    assert cuts[0][0] == 0
    assert cuts[-1][1] == n_pages
    assert all(0 < end - start <= WINDOW_PAGES for start, end in cuts)
    assert all(b[0] < a[1] for a, b in itertools.pairwise(cuts))


def test_a_long_book_gets_the_answer_of_the_whole(model: SequenceModel) -> None:
    # The hand-made model has no context, so windows must give exactly what one window would.
    n = WINDOW_PAGES * 3 + 7
    seen = sight(n)
    rows = page_rows(book([page(i) for i in range(n)]), seen.looks, seen.pictures, seen.sentences)
    likely = model.probabilities(rows)
    scores = np.zeros((n, 3))
    scores[:, 0], scores[0, 1], scores[-1, 2] = 1, 4, 3
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.abs(likely - expected).max() < 1e-5


def test_pages_are_compared_with_their_book_only() -> None:
    seen = sight(4, [LOOK, LOOK, LOOK, replace(LOOK, saturation=0.9)])
    rows = page_rows(book([page(i) for i in range(4)]), seen.looks, seen.pictures, seen.sentences)
    gap = book_features(rows).seen[:, SEEN_FEATURES.index("usual_saturation")]
    assert gap.tolist() == pytest.approx([0, 0, 0, 0.6])


def test_a_page_alone_is_like_no_other() -> None:
    seen = sight(1)
    rows = page_rows(book([page(0)]), seen.looks, seen.pictures, seen.sentences)
    features = book_features(rows)
    assert np.isfinite(features.seen).all()
    assert np.isfinite(features.written).all()
    assert features.seen[0, SEEN_FEATURES.index("picture_likeness")] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"seen_features": ["x"]}, "other features"),
        ({"classes": ["no such type"]}, "not a page type model"),
        ({"picture_size": None}, "not a page type model"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        SequenceModel(write_model(tmp_path, **changes))


def test_a_missing_or_damaged_graph_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        SequenceModel(tmp_path / "nowhere")
    folder = write_model(tmp_path)
    (folder / "page_types.onnx").write_bytes(b"no graph")
    seen = sight(1)
    with pytest.raises(ModelError, match="not a usable ONNX model"):
        label_book(book([page(0)]), seen, SequenceModel(folder))


def test_options_name_a_known_labeller() -> None:
    with pytest.raises(ConfigError, match="labeller"):
        PageTypeOptions(labeller="oracle")
