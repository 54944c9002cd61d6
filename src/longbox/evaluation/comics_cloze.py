"""COMICS text-cloze: which of three texts belongs into a panel, from the published files.

Format. Confirmed by the authors' code and folds (github.com/miyyer/comics: folds/*.csv, setup.sh,
create_hdf5.py, preprocess/text_cloze_minibatching.py; Iyyer et al., CVPR 2017, arXiv 1611.05118):

    folds/text_cloze_<dev|test>_<easy|hard>.csv
        book_id, page_id, answer_panel_id, context_panel_{0,1,2}_id,
        context_text_{panel 0-2}_{box 0-2}, answer_candidate_{0,1,2}_text, correct_answer (0-2)
    data/raw_panel_images/<book>/<page>_<panel>.jpg
    data/COMICS_ocr_file.csv
        comic_no, page_no, panel_no, textbox_no, dialog_or_narration, text, x1, y1, x2, y2
        in pixels of the panel's picture

Folds are found in the folder itself too, pictures and OCR file with or without `data/`. The 2024
work (Vivoli et al., arXiv 2403.03719) reads files with the same columns and better OCR, so those
are read as well. Accuracy is over all rows of a file. Words outside the vocabulary are "UNK" in
the texts; they are taken out. Inferred: that the OCR file's dialog_or_narration is 1 for speech
and 2 for narration is a comment in create_hdf5.py; the folds do not say it, so all is dialogue.

The context shows pictures and lettering, the candidates lettering. The panel's own picture is the
cue, and its lettering is blackened by the OCR file's boxes as the authors do; the same in the
context. Where that file is missing or has no box for the panel, the answer would be written in the
cue: then the cue is not shown. Pictures that are missing are masked.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from longbox.book import TextKind
from longbox.encoders import PictureEncoder, SentenceEncoder
from longbox.errors import IngestError, ModelError
from longbox.evaluation.foreign import ForeignBook, ForeignPanel, Pixels, Tell
from longbox.geometry import Box
from longbox.ingest import IngestOptions, read_picture
from longbox.tasks import BOTH, PICTURE, WORDS, Choice, Corpus, Difficulty, Shown, Task

Place = tuple[int, int, int]  # book, page, panel
Boxes = Mapping[Place, tuple[Box, ...]]
_N = 3
_HIGHEST = 10**6
_UNKNOWN = "UNK"


@dataclass(frozen=True, slots=True)
class ClozeRecord:
    """One published question.

    Attributes:
        context: Book, page and panel of the three panels before.
        context_texts: Their text boxes; those that are empty are left out.
        candidates: Three texts; one may be empty, as published.
    """

    panel: Place
    context: tuple[Place, ...]
    context_texts: tuple[tuple[str, ...], ...]
    candidates: tuple[str, ...]
    answer: int
    difficulty: Difficulty


def read_comics_cloze(
    folder: Path,
    tell: Tell,
    fold: str = "dev",
    difficulties: Iterable[Difficulty] = (Difficulty.EASY, Difficulty.HARD),
    most: int | None = None,
) -> Iterator[ClozeRecord]:
    """Yield the questions of a fold.

    Args:
        folder: The data set's.
        tell: Gets one line for every bad row and for a file that is not there.
        fold: "dev" or "test".
        difficulties: Which files.
        most: Of each file.

    Raises:
        ModelError: None of the files is there.
    """
    paths = {d: _first(folder, "folds", f"text_cloze_{fold}_{d}.csv") for d in difficulties}
    if not any(paths.values()):
        raise ModelError(
            f"{folder}: no {fold} fold of COMICS text-cloze here; it takes "
            f"folds/text_cloze_{fold}_easy.csv or _hard.csv as published"
        )
    for difficulty, path in paths.items():
        if path is None:
            tell(f"{folder}: no {difficulty} fold, only the other is scored")
            continue
        n_read = 0
        for number, row in _rows(path, tell):
            if most is not None and n_read >= most:
                break
            try:
                record = _record(row, difficulty)
            except ValueError as error:
                tell(f"{path.name}, row {number}: {error}; left out")
                continue
            n_read += 1
            yield record


def read_boxes(folder: Path, panels: Iterable[Place], tell: Tell) -> dict[Place, tuple[Box, ...]]:
    """Return the text boxes of panels; empty without an OCR file.

    The file has 2.5 million rows; only those of the panels asked for are kept.
    """
    wanted = set(panels)
    path = _first(folder, "data", "COMICS_ocr_file.csv")
    if path is None:
        tell(f"{folder}: no COMICS_ocr_file.csv, so no panel's own picture can be shown")
        return {}
    boxes: dict[Place, list[Box]] = {}
    n_bad = 0
    for _, row in _rows(path, tell):
        try:
            place = _place(row, "comic_no", "page_no", "panel_no")
            if place in wanted:
                x1, y1, x2, y2 = (float(row[c]) for c in ("x1", "y1", "x2", "y2"))
                boxes.setdefault(place, []).append(Box(x1, y1, x2, y2))
        except (ValueError, KeyError):
            n_bad += 1
    if n_bad:
        tell(f"{path.name}: {n_bad} rows without a usable box")
    return {place: tuple(found) for place, found in boxes.items()}


def comics_cloze_corpus(
    folder: Path,
    records: Iterable[ClozeRecord],
    pictures: PictureEncoder,
    sentences: SentenceEncoder,
    tell: Tell,
) -> tuple[Corpus, list[Choice]]:
    """Encode questions, a book of features for every book of the data set.

    Returns:
        The books and the samples; the interval of a score is over books.
    """
    asked = list(records)
    places = {p for r in asked for p in (r.panel, *r.context)}
    shown = _Pictures(folder, read_boxes(folder, places, tell))
    books: dict[int, ForeignBook] = {}
    number: dict[int, int] = {}
    samples: list[Choice] = []
    for page, record in enumerate(asked):
        book = record.panel[0]
        if book not in books:
            number[book] = len(books)
            books[book] = ForeignBook(f"comics-{book:06d}", pictures, sentences, "COMICS")
        rows = books[book].add(page, _panels(record, shown))
        samples.append(_sample(record, number[book], rows, has_cue=shown.is_safe(record.panel)))
    if shown.n_missing:
        tell(f"{folder}: {shown.n_missing} pictures are missing or broken; they are masked")
    return [book.features() for book in books.values()], samples


class _Pictures:
    """Panels' pictures with their lettering blackened."""

    def __init__(self, folder: Path, boxes: Boxes) -> None:
        self._folder = _first(folder, "data", "raw_panel_images")
        self._boxes = boxes
        self.n_missing = 0

    def is_safe(self, place: Place) -> bool:
        """Say whether the panel's lettering is known, so that it can be blackened."""
        return self._folder is not None and place in self._boxes

    def pixels(self, place: Place) -> Pixels | None:
        """Return a picture, None where it is missing or broken."""
        if self._folder is None:
            return None
        book, page, panel = place
        path = self._folder / str(book) / f"{page}_{panel}.jpg"
        try:
            pixels = read_picture(path, IngestOptions()).copy()
        except IngestError:
            self.n_missing += 1
            return None
        for box in self._boxes.get(place, ()):
            x0, y0, x1, y1 = box.clip(pixels.shape[1], pixels.shape[0]).rounded()
            pixels[y0:y1, x0:x1] = 0
        return pixels


def _panels(record: ClozeRecord, shown: _Pictures) -> list[ForeignPanel]:
    """Return context, candidates and cue."""
    context = [
        ForeignPanel(shown.pixels(place), tuple((t, TextKind.DIALOGUE) for t in texts))
        for place, texts in zip(record.context, record.context_texts, strict=True)
    ]
    offered = [ForeignPanel(None, ((t, TextKind.DIALOGUE),)) for t in record.candidates]
    cue = shown.pixels(record.panel) if shown.is_safe(record.panel) else None
    return [*context, *offered, ForeignPanel(cue)]


def _sample(record: ClozeRecord, book: int, rows: list[int], *, has_cue: bool) -> Choice:
    return Choice(
        Task.TEXT_CLOZE,
        record.difficulty,
        tuple(Shown(book, row, BOTH) for row in rows[:_N]),
        _N,
        tuple(Shown(book, row, WORDS) for row in rows[_N : 2 * _N]),
        record.answer,
        Shown(book, rows[-1], PICTURE) if has_cue else None,
    )


def _first(folder: Path, inside: str, name: str) -> Path | None:
    return next((p for p in (folder / inside / name, folder / name) if p.exists()), None)


def _rows(path: Path, tell: Tell) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file with their numbers, from 2 as a table shows them."""
    number = 1
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                number += 1
                yield number, {k: v for k, v in row.items() if k is not None and v is not None}
    except (csv.Error, OSError) as error:
        tell(f"{path}: damaged after row {number} ({error}); the rest of the file is left out")


def _record(row: Mapping[str, str], difficulty: Difficulty) -> ClozeRecord:
    """Check one row.

    Raises:
        ValueError: What is wrong with it.
    """
    missing = [c for c in _COLUMNS if c not in row]
    if missing:
        raise ValueError(f"it has no {missing[0]}")
    panel = _place(row, "book_id", "page_id", "answer_panel_id")
    context = tuple(_place(row, "book_id", "page_id", f"context_panel_{i}_id") for i in range(_N))
    answer = _whole(row, "correct_answer")
    if answer >= _N:
        raise ValueError(f"its answer is number {answer} of {_N}")
    texts = [[_words(row.get(f"context_text_{i}_{j}", "")) for j in range(_N)] for i in range(_N)]
    return ClozeRecord(
        panel,
        context,
        tuple(tuple(t for t in boxes if t) for boxes in texts),
        tuple(_words(row[f"answer_candidate_{i}_text"]) for i in range(_N)),
        answer,
        difficulty,
    )


_COLUMNS = (
    "book_id",
    "page_id",
    "answer_panel_id",
    *(f"context_panel_{i}_id" for i in range(_N)),
    *(f"answer_candidate_{i}_text" for i in range(_N)),
    "correct_answer",
)


def _place(row: Mapping[str, str], book: str, page: str, panel: str) -> Place:
    return _whole(row, book), _whole(row, page), _whole(row, panel)


def _whole(row: Mapping[str, str], column: str) -> int:
    """Read a number from 0.

    Raises:
        ValueError: It is none; it also names files, so nothing else may pass.
    """
    text = row.get(column, "").strip().removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) < _HIGHEST):
        raise ValueError(f"its {column} is {text[:20]!r}, no whole number from 0")
    return int(text)


def _words(text: str) -> str:
    """Return a text without its unknown words."""
    return " ".join(w for w in text.split() if w != _UNKNOWN)
