"""ComicsPAP: five pick-a-panel tasks, from the parquet files of its publication.

Format. Confirmed by the data set's card (huggingface.co/datasets/VLR-CVC/ComicsPAP) and by the
authors' code (github.com/llabres/ComicsPAP, data_utils.py and evaluate.py): a folder a skill
(sequence_filling, char_coherence, visual_closure, text_closure, caption_relevance) with files
`val-*.parquet` and `test-*.parquet`; columns sample_id, context and options (lists of pictures),
index (int32: where the missing panel is inserted into the context; -1 for caption_relevance, whose
context is empty), solution_index (int32), split, task_type and previous_panel_caption (a paragraph
that a model wrote about the panel before). Accuracy is over all samples of a skill, "all" over all
samples of all skills; validation has 143 + 262 + 300 + 259 + 262 = 1,226 (the fourth skill's 300
follows from the paper's total). Inferred, from how Hugging Face stores pictures: each is a struct
of `bytes` and `path`; and that test answers are withheld as -1 or null, such rows are counted and
left out. The converted layout of the hub, `<skill>/<split>/0000.parquet`, is read too.

Neither lettering nor book is published. Two optional list columns of ours, `context_texts` and
`option_texts`, give the lettering; else it is read from the pictures by a `Reader`, and without one
it is masked. Samples are drawn singly for the interval, as nobody knows which share a book. Wrong
options are the publication's own; they are listed as hard.

What each skill shows (see longbox.tasks): sequence filling pictures and lettering on both sides of
the gap; visual closure pictures only; text closure lettering only, as the four options are one
picture; character coherence the two options' balloons in the order each picture has them; caption
relevance the caption as a description, which is not lettering.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from longbox.book import TextKind
from longbox.encoders import PictureEncoder, SentenceEncoder
from longbox.errors import ModelError, PageError
from longbox.evaluation.foreign import ForeignBook, ForeignPanel, Piece, Reader, Tell
from longbox.features import View
from longbox.ingest import IngestOptions, decode_picture
from longbox.tasks import BOTH, IN_ORDER, PICTURE, WORDS, Choice, Corpus, Difficulty, Shown, Task
from longbox.vectors import Space

SKILLS = {
    "sequence_filling": Task.PANEL_PICKING,
    "char_coherence": Task.CHARACTER_COHERENCE,
    "visual_closure": Task.VISUAL_CLOSURE,
    "text_closure": Task.TEXT_CLOSURE,
    "caption_relevance": Task.CAPTION_RELEVANCE,
}
_DESCRIBED = View(frozenset({Space.DESCRIPTION}))
_VIEWS = {
    Task.PANEL_PICKING: (BOTH, BOTH),
    Task.CHARACTER_COHERENCE: (BOTH, IN_ORDER),
    Task.VISUAL_CLOSURE: (PICTURE, PICTURE),
    Task.TEXT_CLOSURE: (WORDS, WORDS),
    Task.CAPTION_RELEVANCE: (_DESCRIBED, BOTH),
}
_COLUMNS = ("sample_id", "context", "options", "index", "solution_index", "previous_panel_caption")
_OUR_COLUMNS = ("context_texts", "option_texts")
_MOST_PICTURES = 64
_ROWS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class PickAPanel:
    """One published sample.

    Attributes:
        place: File and row, for messages.
        context, options: Encoded pictures.
        gap: How many of the context come before the missing panel.
        caption: Of the panel before; only in caption relevance.
        context_texts, option_texts: Lettering where somebody gave it, else empty.
    """

    place: str
    skill: str
    context: tuple[bytes, ...]
    options: tuple[bytes, ...]
    gap: int
    answer: int
    caption: str = ""
    context_texts: tuple[str, ...] = ()
    option_texts: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """The skill under our name."""
        return SKILLS[self.skill]


def read_comics_pap(
    folder: Path, tell: Tell, split: str = "val", most: int | None = None
) -> Iterator[PickAPanel]:
    """Yield the samples that can be scored; the files are read a few rows at a time.

    Args:
        folder: As published, with a folder a skill.
        tell: Gets one line for every bad record, and one for answers that are withheld.
        split: "val" or "test".
        most: Of each skill.

    Raises:
        ModelError: The folder has no file of that split.
    """
    files = [(skill, path) for skill in SKILLS for path in _files(folder, skill, split)]
    if not files:
        raise ModelError(
            f"{folder}: no {split} files of ComicsPAP here; it takes the published folders, as "
            f"sequence_filling/{split}-00000-of-00003.parquet"
        )
    n_read = dict.fromkeys(SKILLS, 0)
    for skill, path in files:
        n_withheld = 0
        for number, row in _rows(path, tell):
            if most is not None and n_read[skill] >= most:
                break
            place = f"{path.name}, row {number + 1}"
            if _is_withheld(row):
                n_withheld += 1
                continue
            try:
                record = _record(place, skill, row)
            except ValueError as error:
                tell(f"{skill}/{place}: {error}; left out")
                continue
            n_read[skill] += 1
            yield record
        if n_withheld:
            tell(f"{skill}/{path.name}: {n_withheld} answers are withheld; not scored")


def comics_pap_corpus(
    records: Iterable[PickAPanel],
    pictures: PictureEncoder,
    sentences: SentenceEncoder,
    tell: Tell,
    read: Reader | None = None,
) -> tuple[Corpus, list[Choice]]:
    """Encode samples; a picture is decoded, read and forgotten at once.

    Args:
        records: As `read_comics_pap` yields them.
        pictures: The encoder that the scorers know.
        sentences: Likewise.
        tell: Gets one line for every sample with a broken picture, which is left out.
        read: Reads lettering where the record has none; it stays masked without.

    Returns:
        One book a skill that occurs, and the samples.
    """
    books: dict[str, ForeignBook] = {}
    number: dict[str, int] = {}
    samples: list[Choice] = []
    for page, record in enumerate(records):
        try:
            context, options = _panels(record, read)
        except PageError as error:
            tell(f"{record.skill}/{record.place}: {error}; left out")
            continue
        if record.skill not in books:
            number[record.skill] = len(books)
            books[record.skill] = ForeignBook(
                f"comicspap-{record.skill}", pictures, sentences, "ComicsPAP"
            )
        rows = books[record.skill].add(page, (*context, *options))
        samples.append(_sample(record, number[record.skill], rows, len(context)))
    return [book.features() for book in books.values()], samples


def _files(folder: Path, skill: str, split: str) -> list[Path]:
    inside = folder / skill
    return sorted([*inside.glob(f"{split}-*.parquet"), *inside.glob(f"{split}/*.parquet")])


def _rows(path: Path, tell: Tell) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            known = set(file.schema_arrow.names)
            columns = [c for c in (*_COLUMNS, *_OUR_COLUMNS) if c in known]
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                for row in batch.to_pylist():
                    yield number, row
                    number += 1
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        tell(f"{path}: damaged after row {number} ({reason}); the rest of the file is left out")


def _is_withheld(row: dict[str, Any]) -> bool:
    return row.get("solution_index", -1) in (None, -1)


def _record(place: str, skill: str, row: dict[str, Any]) -> PickAPanel:
    """Check one row.

    Raises:
        ValueError: What is wrong with it.
    """
    context, options = _stored(row, "context"), _stored(row, "options")
    answer, index = row["solution_index"], row.get("index")
    if len(options) < 2:
        raise ValueError(f"it has {len(options)} options")
    if not isinstance(answer, int) or not 0 <= answer < len(options):
        raise ValueError(f"its solution is number {answer} of {len(options)} options")
    caption = row.get("previous_panel_caption") or ""
    if skill == "caption_relevance":
        if not isinstance(caption, str) or not caption.strip():
            raise ValueError("it has no caption of the previous panel")
    elif not context:
        raise ValueError("it has no context")
    else:
        caption = ""
    # As list.insert takes it in the authors' code; -1 stands where there is nothing to insert.
    is_inside = isinstance(index, int) and 0 <= index <= len(context)
    return PickAPanel(
        place,
        skill,
        context,
        options,
        index if is_inside and isinstance(index, int) else len(context),
        answer,
        caption,
        _texts(row, "context_texts", len(context)),
        _texts(row, "option_texts", len(options)),
    )


def _stored(row: dict[str, Any], column: str) -> tuple[bytes, ...]:
    pictures = row.get(column)
    if pictures is None:
        pictures = []
    if not isinstance(pictures, list) or len(pictures) > _MOST_PICTURES:
        raise ValueError(f"its {column} are no list of at most {_MOST_PICTURES} pictures")
    stored = [p.get("bytes") if isinstance(p, dict) else p for p in pictures]
    found = tuple(data for data in stored if isinstance(data, bytes) and data)
    if len(found) < len(stored):
        raise ValueError(f"a picture of its {column} is not stored in the file")
    return found


def _texts(row: dict[str, Any], column: str, n: int) -> tuple[str, ...]:
    texts = row.get(column)
    if texts is None:
        return ()
    if not isinstance(texts, list) or len(texts) != n:
        raise ValueError(f"its {column} are not {n} texts")
    if not all(isinstance(t, str | None) for t in texts):
        raise ValueError(f"its {column} are no texts")
    return tuple(t or "" for t in texts)


def _panels(
    record: PickAPanel, read: Reader | None
) -> tuple[tuple[ForeignPanel, ...], tuple[ForeignPanel, ...]]:
    around, offered = _VIEWS[record.task]
    options = _seen(record.options, record.option_texts, offered, read)
    if record.task is Task.CAPTION_RELEVANCE:
        return (ForeignPanel(description=record.caption),), options
    return _seen(record.context, record.context_texts, around, read), options


def _seen(
    stored: Sequence[bytes], texts: Sequence[str], view: View, read: Reader | None
) -> tuple[ForeignPanel, ...]:
    """Decode panels and know as much of them as the view will show."""
    panels = []
    for data, text in zip_longest(stored, texts):
        pixels = decode_picture(data, IngestOptions())
        pieces: tuple[Piece, ...] = ()
        if Space.TEXT in view.modalities:
            if text is not None:
                lines = [line for line in text.splitlines() if line.strip()]
                pieces = tuple((line, TextKind.DIALOGUE) for line in lines)
            elif read is not None:
                pieces = tuple(read(pixels))
        panels.append(ForeignPanel(pixels if Space.VISION in view.modalities else None, pieces))
    return tuple(panels)


def _sample(record: PickAPanel, book: int, rows: Sequence[int], n_context: int) -> Choice:
    around, offered = _VIEWS[record.task]
    return Choice(
        record.task,
        Difficulty.HARD,
        tuple(Shown(book, row, around) for row in rows[:n_context]),
        n_context if record.task is Task.CAPTION_RELEVANCE else record.gap,
        tuple(Shown(book, row, offered) for row in rows[n_context:]),
        record.answer,
    )
