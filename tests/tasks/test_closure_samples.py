"""Closure samples: nothing gives the answer away, and each task shows what it is about."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from longbox.book import PageType, TextKind
from longbox.errors import SpaceMismatchError
from longbox.evaluation import check_choices
from longbox.features import TEXT_KINDS, BookFeatures, View, Wording, worded
from longbox.synthetic import BookRecipe, draw_book
from longbox.tasks import (
    BOTH,
    CAPTIONS,
    IN_ORDER,
    PICTURE,
    SWAPPED,
    WORDS,
    Choice,
    Difficulty,
    Task,
    closure_samples,
    order_samples,
    task_views,
    training_samples,
)
from longbox.vectors import PanelVectors, Space
from panel_books import WORDS as TEXT_SIZE
from panel_books import Drawn, panel_book, panel_corpus, space_of, utterances_of

STORY = (PageType.STORY, PageType.SPLASH)
HARD, EASY = Difficulty.HARD, Difficulty.EASY
CHOICES = [task for task in Task if task is not Task.READING_ORDER]
WITH_WRONG = [task for task in CHOICES if task is not Task.CHARACTER_COHERENCE]
BEFORE = [t for t in WITH_WRONG if t not in (Task.PANEL_PICKING, Task.CAPTION_RELEVANCE)]
CORPUS = panel_corpus(9, 60)


def drawn(
    corpus: Sequence[BookFeatures],
    task: Task,
    difficulty: Difficulty = HARD,
    n: int = 100,
    seed: int = 0,
    view: View | None = None,
) -> list[Choice]:
    return closure_samples(corpus, task, difficulty, n, np.random.default_rng(seed), view)


def span(sample: Choice) -> tuple[int, int]:
    rows = [s.row for s in sample.context] + [sample.candidates[sample.answer].row]
    return min(rows), max(rows)


@pytest.mark.parametrize("task", CHOICES)
@pytest.mark.parametrize("difficulty", Difficulty)
def test_samples_are_whole_distinct_and_outside_the_context(
    task: Task, difficulty: Difficulty
) -> None:
    samples = drawn(CORPUS, task, difficulty)
    if (task, difficulty) == (Task.CHARACTER_COHERENCE, EASY):
        assert samples == []
        return
    assert len(samples) == 100
    check_choices(CORPUS, samples)
    for sample in samples:
        book = sample.candidates[sample.answer].book
        assert {s.book for s in sample.context} == {book}
        assert [s.row for s in sample.context] == sorted({s.row for s in sample.context})
        assert sample.chance == 1 / len(sample.candidates)
        before = [s.row < sample.candidates[sample.answer].row for s in sample.context]
        assert sum(before) == sample.gap
        assert span(sample)[1] - span(sample)[0] < 16


@pytest.mark.parametrize("task", WITH_WRONG)
def test_hard_candidates_are_of_the_book_outside_the_window(task: Task) -> None:
    for sample in drawn(CORPUS, task, HARD):
        answer = sample.candidates[sample.answer]
        first, last = span(sample)
        for candidate in sample.candidates:
            assert candidate.book == answer.book
            assert candidate == answer or not first <= candidate.row <= last


@pytest.mark.parametrize("task", WITH_WRONG)
def test_easy_candidates_are_of_other_series(task: Task) -> None:
    for sample in drawn(CORPUS, task, EASY):
        answer = sample.candidates[sample.answer]
        for candidate in sample.candidates:
            is_kin = CORPUS[candidate.book].series == CORPUS[answer.book].series
            assert is_kin == (candidate == answer)


@pytest.mark.parametrize("task", WITH_WRONG)
def test_short_book_borrows_from_its_series_in_its_language(task: Task) -> None:
    full = Drawn(missing=0, said=4)
    shelf = [panel_book(4, i, full, series="strips") for i in range(12)]
    foreign = [panel_book(40, 50 + i, full, series="strips", language="ja") for i in range(3)]
    other = [panel_book(40, 90, full, series="other")]
    samples = drawn([*shelf, *foreign, *other], task, HARD, 300)
    own = [s for s in samples if s.context[0].book < 12]
    assert len(own) > 20
    assert any(c.book != s.context[0].book for s in own for c in s.candidates)
    assert {c.book for s in own for c in s.candidates} <= set(range(12))
    check_choices([*shelf, *foreign, *other], samples)


def test_book_with_one_panel_to_spare_always_offers_it() -> None:
    book = panel_book(17, 0, Drawn(missing=0))
    for sample in drawn([book], Task.VISUAL_CLOSURE, HARD, 300):
        n_outside = 17 - 1 - (span(sample)[1] - span(sample)[0])
        assert len(sample.candidates) - 1 >= min(3, n_outside)


@pytest.mark.parametrize(
    ("task", "sizes"),
    [
        (Task.PANEL_PICKING, {4, 5, 6}),
        (Task.VISUAL_CLOSURE, {4, 5, 6}),
        (Task.TEXT_CLOSURE, {4, 5, 6}),
        (Task.CAPTION_RELEVANCE, {4, 5, 6}),
        (Task.TEXT_CLOZE, {3}),
        (Task.CHARACTER_COHERENCE, {2}),
    ],
)
def test_number_of_candidates_varies_and_the_answer_stands_anywhere(
    task: Task, sizes: set[int]
) -> None:
    samples = drawn(CORPUS, task, HARD, 200)
    assert {len(s.candidates) for s in samples} == sizes
    guessed = np.mean([s.answer == 0 for s in samples])
    assert abs(guessed - np.mean([s.chance for s in samples])) < 0.12


def test_training_samples_have_more_candidates() -> None:
    rng = np.random.default_rng(0)
    samples = training_samples(CORPUS, Task.PANEL_PICKING, HARD, 100, rng, (8, 12))
    check_choices(CORPUS, samples)
    assert {len(s.candidates) for s in samples} == set(range(8, 13))
    pairs = training_samples(CORPUS, Task.CHARACTER_COHERENCE, HARD, 20, rng, (8, 12))
    assert {len(s.candidates) for s in pairs} == {2}


def test_every_task_shows_what_it_is_about_and_never_composition() -> None:
    shown = {
        Task.PANEL_PICKING: (BOTH, {BOTH}),
        Task.VISUAL_CLOSURE: (PICTURE, {PICTURE}),
        Task.TEXT_CLOSURE: (WORDS, {WORDS}),
        Task.CAPTION_RELEVANCE: (CAPTIONS, {BOTH}),
        Task.TEXT_CLOZE: (BOTH, {WORDS}),
        Task.CHARACTER_COHERENCE: (BOTH, {IN_ORDER, SWAPPED}),
    }
    for task, (around, offered) in shown.items():
        for sample in drawn(CORPUS, task):
            assert {s.view for s in sample.context} == {around}
            assert {s.view for s in sample.candidates} == offered
            is_cloze = task is Task.TEXT_CLOZE
            assert (sample.cue is not None) == is_cloze
            assert sample.cue is None or sample.cue.view == PICTURE
    for task in Task:
        assert not any(Space.COMPOSITION in v.modalities for v in task_views(task))
    assert Space.TEXT not in PICTURE.modalities
    assert Space.VISION not in WORDS.modalities


@pytest.mark.parametrize("task", [*WITH_WRONG, Task.CHARACTER_COHERENCE])
def test_whatever_is_shown_is_known(task: Task) -> None:
    for sample in drawn(CORPUS, task):
        for shown in (*sample.context, *sample.candidates):
            book = CORPUS[shown.book]
            if shown.view.wording is Wording.WHOLE:
                assert any(book.of(s).mask[shown.row] for s in shown.view.modalities)
            else:
                assert book.utterances is not None
                assert len(worded(book.utterances, shown.row, shown.view.wording))
        if sample.cue is not None:
            assert CORPUS[sample.cue.book].vision.mask[sample.cue.row]
            assert sample.cue.row == sample.candidates[sample.answer].row


@pytest.mark.parametrize("task", BEFORE)
def test_closure_shows_what_comes_before(task: Task) -> None:
    for sample in drawn(CORPUS, task):
        assert sample.gap == len(sample.context) >= 2
        assert all(s.row < sample.candidates[sample.answer].row for s in sample.context)


def test_picking_asks_for_panels_anywhere_in_the_window() -> None:
    gaps = Counter(
        "first" if not s.gap else "last" if s.gap == len(s.context) else "middle"
        for s in drawn(CORPUS, Task.PANEL_PICKING, n=300)
    )
    assert min(gaps[place] for place in ("first", "middle", "last")) > 20


def test_windows_are_of_every_length() -> None:
    lengths = {
        len(s.context) + 1
        for s in drawn([panel_book(90, 0, Drawn(missing=0))], Task("panel_picking"), n=400)
    }
    assert lengths == set(range(3, 17))


def test_coherence_is_one_panel_with_its_utterances_exchanged() -> None:
    for sample in drawn(CORPUS, Task.CHARACTER_COHERENCE):
        first, second = sample.candidates
        assert (first.book, first.row) == (second.book, second.row)
        assert sample.candidates[sample.answer].view == IN_ORDER
        spoken = CORPUS[first.book].utterances
        assert spoken is not None
        said = [worded(spoken, first.row, s.view.wording) for s in (first, second)]
        assert sorted(said[0]) == sorted(said[1])
        assert not np.allclose(spoken.vectors[said[0]], spoken.vectors[said[1]], atol=1e-2)


def test_caption_relevance_shows_the_captions_of_the_panel_before() -> None:
    samples = drawn(CORPUS, Task.CAPTION_RELEVANCE)
    for sample in samples:
        (told,) = sample.context
        assert told.row == sample.candidates[sample.answer].row - 1
        spoken = CORPUS[told.book].utterances
        assert spoken is not None
        kinds = spoken.kinds[worded(spoken, told.row, told.view.wording)]
        assert len(kinds)
        assert set(kinds.tolist()) == {TEXT_KINDS.index(TextKind.CAPTION)}


@pytest.mark.parametrize("task", CHOICES)
def test_windows_cross_no_insert_and_no_unreadable_page(task: Task) -> None:
    corpus = panel_corpus(4, 80, inserts=(0, 4, 9), missing=0.1)
    skipped = [replace(b, pages=b.pages + (b.pages >= 12)) for b in corpus]  # page 12 is unreadable
    for difficulty in Difficulty:
        for sample in drawn(skipped, task, difficulty, 150):
            book = skipped[sample.context[0].book]
            first, last = span(sample)
            pages = set(book.pages[first : last + 1].tolist())
            assert pages == set(range(min(pages), max(pages) + 1))
            assert 12 not in pages
            assert not pages & {0, 4, 9}
            for candidate in sample.candidates:
                assert skipped[candidate.book].is_story[candidate.row]


def test_candidates_that_say_the_same_are_left_out() -> None:
    book = panel_book(40, 0, Drawn(missing=0))
    rows = book.text.vectors.copy()
    rows[::2] = rows[0]  # every other panel says "!"
    same = replace(book, text=PanelVectors(Space.TEXT, book.text.fingerprint, rows, book.text.mask))
    samples = drawn([same], Task.TEXT_CLOSURE, HARD, 200)
    assert len(samples) == 200
    for sample in samples:
        vectors = rows[[c.row for c in sample.candidates]]
        likeness = vectors @ vectors.T - np.eye(len(vectors))
        assert likeness.max() < 0.99
    assert any(c.row % 2 == 0 for s in samples for c in s.candidates)


def test_another_edition_of_the_answer_is_no_wrong_candidate() -> None:
    book = panel_book(30, 0, Drawn(missing=0), series="night")
    copy = replace(book, book_id="copy", series="night, second printing")
    for sample in drawn([book, copy], Task.PANEL_PICKING, EASY, 100):
        answer = sample.candidates[sample.answer]
        assert all(c == answer or c.row != answer.row for c in sample.candidates)


def test_series_that_fills_the_corpus_still_has_easy_candidates() -> None:
    large = [panel_book(300, i, series="endless") for i in range(8)]
    other = panel_book(6, 99, Drawn(missing=0), series="rare")
    samples = [
        s
        for s in drawn([*large, other], Task.PANEL_PICKING, EASY, 60)
        if s.context[0].book < len(large)
    ]
    assert len(samples) > 50
    assert {len(s.candidates) for s in samples} == {4, 5, 6}


def test_rare_targets_are_found() -> None:
    book = panel_book(2000, 0, Drawn(missing=0))
    assert book.utterances is not None
    kinds = np.full(len(book.utterances.kinds), TEXT_KINDS.index(TextKind.DIALOGUE))
    kinds[book.utterances.of_panel(700)[0]] = TEXT_KINDS.index(TextKind.CAPTION)
    rare = replace(book, utterances=replace(book.utterances, kinds=kinds))
    samples = drawn([rare], Task.CAPTION_RELEVANCE, HARD, 50)
    assert len(samples) == 50
    assert {s.candidates[s.answer].row for s in samples} == {701}


@pytest.mark.parametrize("task", CHOICES)
def test_samples_are_those_of_the_seed(task: Task) -> None:
    assert drawn(CORPUS, task) == drawn(CORPUS, task)
    assert drawn(CORPUS, task) != drawn(CORPUS, task, seed=1)


@pytest.mark.parametrize("task", CHOICES)
@pytest.mark.parametrize(
    "corpus",
    [
        [],
        [panel_book(0)],
        [panel_book(1)],
        [panel_book(2), panel_book(2, 1)],
        [panel_book(40, 0, Drawn(missing=1.0))],
        [panel_book(40, 0, Drawn(inserts=tuple(range(10))))],
    ],
    ids=["empty", "no panels", "one panel", "two panels", "nothing known", "no story"],
)
def test_corpus_without_room_gives_few_or_none(task: Task, corpus: list[BookFeatures]) -> None:
    for difficulty in Difficulty:
        samples = drawn(corpus, task, difficulty, 20)
        check_choices(corpus, samples)
        if task is not Task.CAPTION_RELEVANCE and task is not Task.CHARACTER_COHERENCE:
            assert samples == []
    assert order_samples(corpus, 20, np.random.default_rng(0)) == []


def test_one_book_has_hard_samples_and_no_easy_ones() -> None:
    corpus = [panel_book(50)]
    assert len(drawn(corpus, Task.PANEL_PICKING, HARD)) == 100
    start = time.process_time()
    assert drawn(corpus, Task.PANEL_PICKING, EASY, 100_000) == []
    assert time.process_time() - start < 10  # hopeless wishes are given up


def test_corpus_without_utterances_has_no_task_that_needs_them() -> None:
    corpus = panel_corpus(4, 40, said=0)
    assert drawn(corpus, Task.CAPTION_RELEVANCE) == []
    assert drawn(corpus, Task.CHARACTER_COHERENCE) == []
    assert len(drawn(corpus, Task.TEXT_CLOSURE)) == 100


def test_view_shows_other_modalities_of_whole_panels_only() -> None:
    view = View(frozenset({Space.VISION, Space.DESCRIPTION}))
    corpus = panel_corpus(4, 40, described=True)
    for sample in drawn(corpus, Task.PANEL_PICKING, view=view):
        assert {s.view for s in (*sample.context, *sample.candidates)} == {view}
    for sample in drawn(corpus, Task.CAPTION_RELEVANCE, view=view):
        assert {s.view for s in sample.context} == {CAPTIONS}
        assert {s.view for s in sample.candidates} == {view}
    with pytest.raises(ValueError, match="itself what is shown"):
        drawn(corpus, Task.TEXT_CLOZE, view=view)
    with pytest.raises(ValueError, match="order_samples"):
        drawn(corpus, Task.READING_ORDER)
    place = View(frozenset({Space.VISION, Space.COMPOSITION}))
    with pytest.raises(ValueError, match="place"):
        drawn(corpus, Task.PANEL_PICKING, view=place)
    with pytest.raises(ValueError, match="place"):
        order_samples(corpus, 5, np.random.default_rng(0), place)


def test_books_of_two_encoders_are_refused() -> None:
    book = panel_book(20, 0)
    vision = book.vision
    other = replace(
        panel_book(20, 1), vision=PanelVectors(Space.VISION, "new", vision.vectors, vision.mask)
    )
    with pytest.raises(SpaceMismatchError):
        drawn([book, other], Task.VISUAL_CLOSURE)
    assert len(drawn([book, other], Task.TEXT_CLOSURE, n=10)) == 10  # pictures are not compared


def test_shuffled_panels_are_a_window_whose_order_is_known() -> None:
    corpus = panel_corpus(5, 60, inserts=(2,))
    samples = order_samples(corpus, 200, np.random.default_rng(0))
    assert len(samples) == 200
    assert {len(s.panels) for s in samples} == set(range(3, 9))
    for sample in samples:
        assert sorted(sample.places) == list(range(len(sample.panels)))
        in_order = [p for _, p in sorted(zip(sample.places, sample.panels, strict=True))]
        rows = [p.row for p in in_order]
        assert rows == sorted(set(rows))
        assert {p.view for p in sample.panels} == {BOTH}
        pages = corpus[in_order[0].book].pages[rows[0] : rows[-1] + 1]
        assert 2 not in pages
    in_place = np.mean([p == i for s in samples for i, p in enumerate(s.places)])
    assert in_place < 0.35  # a quarter or so by luck


def test_silent_corpus_still_has_orders() -> None:
    rare = panel_corpus(3, 300, missing=0.7)
    assert len(order_samples(rare, 100, np.random.default_rng(0), WORDS)) == 100


def test_thousand_samples_of_a_large_corpus_take_seconds() -> None:
    corpus = panel_corpus(300, 100)
    start = time.process_time()
    assert len(drawn(corpus, Task.PANEL_PICKING, HARD, 1000)) == 1000
    assert time.process_time() - start < 5


def synthetic_features(seed: int, n_pages: int, series: str) -> BookFeatures:
    """Return the features of a drawn book: its own pages and lettering, vectors at random."""
    truth = draw_book(BookRecipe(seed, n_pages)).truth
    panels = list(truth.panels())
    rng = np.random.default_rng(seed)
    said = [
        (row, text) for row, (page, p) in enumerate(panels) for text in page.panel_texts(p.order)
    ]
    counts = np.bincount([row for row, _ in said], minlength=len(panels))
    spoken = replace(
        utterances_of(counts, rng),
        kinds=np.array([TEXT_KINDS.index(text.kind) for _, text in said], np.int64),
    )
    drawn_at_random = panel_book(len(panels), seed, Drawn(missing=0), series=series)
    return replace(
        drawn_at_random,
        pages=np.array([page.page.index for page, _ in panels]),
        is_story=np.array([page.label.page_type in STORY for page, _ in panels]),
        text=space_of(Space.TEXT, rng.standard_normal((len(panels), TEXT_SIZE)), counts > 0),
        utterances=spoken,
    )


def test_drawn_comics_have_samples_of_every_task() -> None:
    corpus = [synthetic_features(i, 10, f"series {i % 2}") for i in range(4)]
    for task in WITH_WRONG:
        for difficulty in Difficulty:
            samples = drawn(corpus, task, difficulty)
            assert len(samples) == 100, (task, difficulty)
            check_choices(corpus, samples)
    pairs = drawn(corpus, Task.CHARACTER_COHERENCE)
    assert len(pairs) == 100
    check_choices(corpus, pairs)
    assert len(order_samples(corpus, 100, np.random.default_rng(0))) == 100
