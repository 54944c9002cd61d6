"""ComicsPAP in its published format, on drawn panels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.errors import ModelError
from longbox.evaluation import (
    MeanContextCosine,
    UtteranceChain,
    comics_pap_corpus,
    lettering_reader,
    read_comics_pap,
    score_choices,
)
from longbox.features import Wording
from longbox.tasks import Choice, Corpus, Task
from longbox.vectors import Space
from published_files import ColourEncoder, LetterEncoder, panel, pap_row, stored, write_pap
from tiny_comics import draw_page

RED, GREEN, BLUE = (stored(panel(c), "JPEG") for c in ((200, 20, 20), (20, 200, 20), (20, 20, 200)))
PINK = stored(panel((220, 60, 60)))


def read(folder: Path, **options: Any) -> tuple[Corpus, list[Choice], list[str]]:
    told: list[str] = []
    reader = options.pop("reader", None)
    records = read_comics_pap(folder, told.append, **options)
    corpus, samples = comics_pap_corpus(
        records, ColourEncoder(), LetterEncoder(), told.append, reader
    )
    return corpus, samples, told


def test_sequence_filling_keeps_the_place_of_the_gap_and_the_answer(tmp_path: Path) -> None:
    write_pap(
        tmp_path,
        "sequence_filling",
        [pap_row([RED, GREEN, PINK], [BLUE, RED, GREEN, PINK], index=1, solution=3)],
    )
    corpus, samples, told = read(tmp_path)
    assert told == []
    (sample,) = samples
    assert (sample.task, sample.gap, sample.answer) == (Task.PANEL_PICKING, 1, 3)
    assert len(sample.context) == 3
    assert sample.chance == 0.25
    assert corpus[0].vision.mask.all()
    assert not corpus[0].composition.mask.any()
    assert not corpus[0].text.mask.any()


def test_pictures_are_seen_and_the_like_one_is_found(tmp_path: Path) -> None:
    rows = [pap_row([RED, RED], [BLUE, PINK, GREEN], solution=1)] * 3
    write_pap(tmp_path, "visual_closure", rows)
    corpus, samples, _ = read(tmp_path)
    score = score_choices(MeanContextCosine(Space.VISION), corpus, samples).rows[0]
    assert (score.n, score.accuracy, score.group.view) == (3, 1.0, "vision")
    assert score.interval.by == "sample"  # nobody knows which samples share a book


def test_number_of_options_may_differ_and_chance_follows(tmp_path: Path) -> None:
    write_pap(
        tmp_path,
        "visual_closure",
        [pap_row([RED], [BLUE, PINK]), pap_row([RED], [BLUE, PINK, GREEN, RED, RED])],
    )
    corpus, samples, _ = read(tmp_path)
    row = score_choices(MeanContextCosine(Space.VISION), corpus, samples).rows[0]
    assert row.chance == pytest.approx(0.35)


def test_text_closure_reads_the_four_texts_and_shows_nothing_else(tmp_path: Path) -> None:
    write_pap(tmp_path, "text_closure", [pap_row([RED], [BLUE, BLUE, GREEN], solution=2)])

    def reader(pixels: NDArray[np.uint8]) -> Sequence[tuple[str, TextKind]]:
        name = {0: "cab", 1: "bac abc", 2: "xyz"}[int(pixels[36, 48].argmax())]
        return [(name, TextKind.DIALOGUE)]

    corpus, samples, told = read(tmp_path, reader=reader)
    assert told == []
    assert not corpus[0].vision.mask.any()
    assert corpus[0].wordings == ("cab", "xyz", "xyz", "bac abc")
    score = score_choices(MeanContextCosine(Space.TEXT), corpus, samples)
    assert score.correct.tolist() == [1.0]


def test_without_a_reader_texts_are_masked_and_text_closure_is_at_chance(tmp_path: Path) -> None:
    write_pap(tmp_path, "text_closure", [pap_row([RED], [BLUE] * 4, solution=0)] * 3)
    corpus, samples, _ = read(tmp_path)
    row = score_choices(MeanContextCosine(Space.TEXT), corpus, samples).rows[0]
    assert row.accuracy == row.chance == 0.25


def test_given_texts_are_used_and_nothing_is_read(tmp_path: Path) -> None:
    row = pap_row([RED], [BLUE, BLUE], context_texts=["abc"], option_texts=["cba\nc", None])
    write_pap(tmp_path, "text_closure", [row])

    def reader(_: NDArray[np.uint8]) -> Sequence[tuple[str, TextKind]]:
        raise AssertionError

    corpus, _, told = read(tmp_path, reader=reader)
    assert told == []
    assert corpus[0].wordings == ("abc", "cba\nc", "")
    assert corpus[0].text.mask.tolist() == [True, True, False]


def test_character_coherence_shows_balloons_in_the_order_of_each_picture(tmp_path: Path) -> None:
    row = pap_row(
        [RED], [BLUE, BLUE], solution=1, context_texts=["ab"], option_texts=["xy\nab", "ab\nxy"]
    )
    write_pap(tmp_path, "char_coherence", [row])
    corpus, samples, _ = read(tmp_path)
    (sample,) = samples
    assert sample.task is Task.CHARACTER_COHERENCE
    assert {s.view.wording for s in sample.candidates} == {Wording.IN_ORDER}
    assert score_choices(UtteranceChain(), corpus, samples).correct.tolist() == [1.0]
    assert score_choices(MeanContextCosine(Space.TEXT), corpus, samples).correct.tolist() == [0.5]


def test_caption_is_a_description_and_not_lettering(tmp_path: Path) -> None:
    row = pap_row([], [RED, GREEN, BLUE, PINK], index=-1, caption="A red car on a road.")
    write_pap(tmp_path, "caption_relevance", [row])
    corpus, samples, told = read(tmp_path)
    assert told == []
    (sample,) = samples
    assert (sample.gap, len(sample.context), len(sample.candidates)) == (1, 1, 4)
    first = sample.context[0].row
    assert corpus[0].description.mask[first]
    assert not corpus[0].vision.mask[first]
    assert not corpus[0].text.mask.any()
    assert sample.context[0].view.modalities == {Space.DESCRIPTION}


def test_converted_layout_of_the_hub_is_read_too(tmp_path: Path) -> None:
    write_pap(tmp_path, "visual_closure", [pap_row([RED], [BLUE, PINK])], "val/0000")
    assert len(read(tmp_path)[1]) == 1


def test_withheld_answers_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = [pap_row([RED], [BLUE, PINK], solution=s) for s in (-1, None, 0)]
    write_pap(tmp_path, "visual_closure", rows, "test-00000-of-00001")
    _, samples, told = read(tmp_path, split="test")
    assert len(samples) == 1
    assert told == [
        "visual_closure/test-00000-of-00001.parquet: 2 answers are withheld; not scored"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pap_row([RED], [BLUE]), "1 options"),
        (pap_row([RED], [BLUE, PINK], solution=2), "number 2 of 2"),
        (pap_row([], [BLUE, PINK]), "no context"),
        (pap_row([RED], [BLUE, b""]), "not stored"),
        (pap_row([RED] * 65, [BLUE, PINK]), "at most 64"),
        (pap_row([RED], [BLUE, b"no picture"]), "picture"),
        (pap_row([RED], [BLUE, PINK[:200]]), "left out"),
        (pap_row([RED], [BLUE, PINK], option_texts=["a"]), "not 2 texts"),
    ],
)
def test_bad_record_is_one_line_and_the_rest_goes_on(
    tmp_path: Path, row: dict[str, Any], reason: str
) -> None:
    good = pap_row([RED], [BLUE, PINK], solution=1)
    write_pap(tmp_path, "visual_closure", [good, row, good])
    _, samples, told = read(tmp_path)
    assert [s.answer for s in samples] == [1, 1]
    (line,) = told
    assert reason in line
    assert "row 2" in line
    assert "\n" not in line


def test_caption_relevance_without_a_caption_is_left_out(tmp_path: Path) -> None:
    write_pap(tmp_path, "caption_relevance", [pap_row([], [RED, BLUE], caption=" ")])
    _, samples, told = read(tmp_path)
    assert samples == []
    assert "no caption" in told[0]


def test_damaged_file_is_told_and_the_other_skills_are_read(tmp_path: Path) -> None:
    path = write_pap(tmp_path, "sequence_filling", [pap_row([RED], [BLUE, PINK])] * 4)
    path.write_bytes(path.read_bytes()[:-40])
    write_pap(tmp_path, "visual_closure", [pap_row([RED], [BLUE, PINK])])
    _, samples, told = read(tmp_path)
    assert [s.task for s in samples] == [Task.VISUAL_CLOSURE]
    assert "damaged" in told[0]


def test_file_without_the_columns_tells_of_its_rows(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "visual_closure" / "val-0.parquet"
    path.parent.mkdir()
    pyarrow.parquet.write_table(pyarrow.table({"solution_index": [0], "options": [[1, 2]]}), path)
    _, samples, told = read(tmp_path)
    assert samples == []
    assert "row 1" in told[0]


def test_folder_without_files_says_what_it_takes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="sequence_filling/val-"):
        read(tmp_path)


def test_most_is_of_each_skill(tmp_path: Path) -> None:
    for skill in ("sequence_filling", "visual_closure"):
        write_pap(tmp_path, skill, [pap_row([RED], [BLUE, PINK])] * 5)
    corpus, samples, _ = read(tmp_path, most=2)
    assert [s.task for s in samples] == [Task.PANEL_PICKING] * 2 + [Task.VISUAL_CLOSURE] * 2
    assert len(corpus) == 2


def test_our_own_reader_reads_the_lettering_of_a_panel() -> None:
    pixels = np.asarray(draw_page(0).convert("RGB"))[20:290]
    (piece,) = lettering_reader()(pixels)
    assert piece[0].upper().replace(" ", "") == "HELLOROBOT"
