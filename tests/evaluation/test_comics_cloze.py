"""COMICS text-cloze in its published format, on drawn panels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longbox.errors import ModelError
from longbox.evaluation import (
    BigramOverlap,
    ClozeRecord,
    LastPanelCosine,
    comics_cloze_corpus,
    read_comics_cloze,
    score_choices,
)
from longbox.tasks import Choice, Corpus, Difficulty
from longbox.vectors import Space
from published_files import (
    FIELDS,
    ColourEncoder,
    LetterEncoder,
    cloze_row,
    panel,
    write_boxes,
    write_fold,
    write_panel,
)

CONTEXT = (("hey i can walk ,", "", ""), ("",) * 3, ("UNK house there , beyond moat", "say !", ""))
CANDIDATES = ("you too short to walk", "beyond the moat , a house", "UNK UNK")
ROW = cloze_row((2946, 4, 6), CONTEXT, CANDIDATES, 1)


def records(folder: Path, told: list[str], **options: int) -> list[ClozeRecord]:
    return list(read_comics_cloze(folder, told.append, **options))  # type: ignore[arg-type]


def corpus_of(
    folder: Path, pictures: ColourEncoder | None = None
) -> tuple[Corpus, list[Choice], list[str]]:
    told: list[str] = []
    found = read_comics_cloze(folder, told.append, difficulties=(Difficulty.HARD,))
    corpus, samples = comics_cloze_corpus(
        folder, found, pictures or ColourEncoder(), LetterEncoder(), told.append
    )
    return corpus, samples, told


def test_row_of_a_fold_becomes_a_record(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_hard", [ROW])
    told: list[str] = []
    (record,) = records(tmp_path, told)
    assert record.panel == (2946, 4, 6)
    assert record.context == ((2946, 4, 3), (2946, 4, 4), (2946, 4, 5))
    assert record.context_texts == (
        ("hey i can walk ,",),
        (),
        ("house there , beyond moat", "say !"),
    )
    assert record.candidates == ("you too short to walk", "beyond the moat , a house", "")
    assert (record.answer, record.difficulty) == (1, Difficulty.HARD)
    assert "no easy fold" in told[0]


def test_published_columns_are_in_their_published_order(tmp_path: Path) -> None:
    """The header as the authors' fold begins."""
    path = write_fold(tmp_path, "dev_easy", [ROW])
    assert (
        path.read_text()
        .splitlines()[0]
        .startswith(
            "book_id,page_id,answer_panel_id,context_panel_0_id,context_panel_1_id,"
            "context_panel_2_id,context_text_0_0,context_text_0_1"
        )
    )


def test_texts_alone_can_be_scored_and_missing_ones_are_masked(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_hard", [ROW])
    corpus, samples, told = corpus_of(tmp_path)
    (sample,) = samples
    assert sample.cue is None
    assert (sample.gap, sample.answer, len(sample.candidates)) == (3, 1, 3)
    assert corpus[0].text.mask.tolist() == [True, False, True, True, True, False, False]
    assert not corpus[0].vision.mask.any()
    assert score_choices(LastPanelCosine(Space.TEXT), corpus, samples).correct[0] == 1.0
    assert score_choices(BigramOverlap("character"), corpus, samples).correct[0] == 1.0
    assert any("COMICS_ocr_file" in line for line in told)


def test_cue_shows_the_panel_with_its_lettering_blackened(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_hard", [ROW])
    for number in (3, 4, 5, 6):
        write_panel(tmp_path, (2946, 4, number), panel((250, 250, 250)))
    write_boxes(tmp_path, {(2946, 4, 6): (10, 10, 50, 40), (2946, 4, 3): (0, 0, 500, 20)})
    encoder = ColourEncoder()
    corpus, samples, told = corpus_of(tmp_path, encoder)
    assert told == []
    cue = samples[0].cue
    assert cue is not None
    assert corpus[0].vision.mask.tolist() == [True, True, True, False, False, False, True]
    first, plain, _, shown = encoder.seen
    assert shown[10:40, 10:50].max() == 0
    assert shown[50:, 60:].min() > 200
    assert first[:20].max() == 0
    assert plain.min() > 200


def test_cue_is_hidden_where_its_answer_could_be_read_in_it(tmp_path: Path) -> None:
    """Without a box of the panel's lettering nothing can be blackened."""
    write_fold(tmp_path, "dev_hard", [ROW])
    for number in (3, 4, 5, 6):
        write_panel(tmp_path, (2946, 4, number), panel((250, 250, 250)))
    write_boxes(tmp_path, {(2946, 4, 3): (0, 0, 5, 5)})
    corpus, samples, _ = corpus_of(tmp_path)
    assert samples[0].cue is None
    assert corpus[0].vision.mask.tolist() == [True, True, True, False, False, False, False]


def test_missing_and_broken_pictures_are_masked_and_counted(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_hard", [ROW])
    write_panel(tmp_path, (2946, 4, 3), panel((250, 0, 0)))
    write_panel(tmp_path, (2946, 4, 4), panel((250, 0, 0))).write_bytes(b"broken")
    corpus, _, told = corpus_of(tmp_path)
    assert corpus[0].vision.mask.tolist() == [True] + [False] * 6
    assert "2 pictures are missing or broken" in told[-1]


def test_questions_of_one_book_are_one_unit_of_the_interval(tmp_path: Path) -> None:
    rows = [
        cloze_row((book, page, 6), CONTEXT, CANDIDATES, 1) for book in range(6) for page in (4, 7)
    ]
    write_fold(tmp_path, "dev_hard", rows)
    corpus, samples, _ = corpus_of(tmp_path)
    assert len(corpus) == 6
    row = score_choices(LastPanelCosine(Space.TEXT), corpus, samples).rows[0]
    assert (row.n, row.n_books, row.interval.by) == (12, 6, "book")


def test_easy_and_hard_are_both_read_and_kept_apart(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_easy", [ROW, ROW])
    write_fold(tmp_path, "dev_hard", [ROW])
    found = records(tmp_path, [])
    assert [r.difficulty for r in found] == [Difficulty.EASY] * 2 + [Difficulty.HARD]
    assert len(records(tmp_path, [], most=1)) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"correct_answer": 3}, "number 3 of 3"),
        ({"correct_answer": ""}, "correct_answer"),
        ({"book_id": "../../etc"}, "book_id"),
        ({"page_id": "-1"}, "page_id"),
        ({"answer_panel_id": "٣"}, "answer_panel_id"),
        ({"context_panel_1_id": "99999999999"}, "context_panel_1_id"),
    ],
)
def test_bad_row_is_one_line_and_the_rest_goes_on(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    write_fold(tmp_path, "dev_easy", [ROW, {**ROW, **change}, ROW])
    write_fold(tmp_path, "dev_hard", [])
    told: list[str] = []
    assert len(records(tmp_path, told)) == 2
    (line,) = told
    assert reason in line
    assert "row 3" in line


def test_table_without_a_column_tells_of_its_rows(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_easy", [ROW], [f for f in FIELDS if f != "answer_candidate_2_text"])
    told: list[str] = []
    assert records(tmp_path, told) == []
    assert "answer_candidate_2_text" in told[0]


def test_bytes_that_are_no_text_do_not_stop_the_fold(tmp_path: Path) -> None:
    path = write_fold(tmp_path, "dev_easy", [ROW, ROW])
    path.write_bytes(path.read_bytes().replace(b"moat", b"\xff\x00\xfe", 1))
    assert len(records(tmp_path, [])) == 2


def test_folder_without_folds_says_what_it_takes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="text_cloze_dev_easy"):
        records(tmp_path, [])


def test_empty_fold_makes_an_empty_corpus(tmp_path: Path) -> None:
    write_fold(tmp_path, "dev_hard", [])
    corpus, samples, _ = corpus_of(tmp_path)
    assert list(corpus) == []
    assert samples == []
    assert np.asarray(score_choices(BigramOverlap(), corpus, samples).correct).size == 0
