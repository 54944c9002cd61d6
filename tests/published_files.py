"""Small files in the published formats of ComicsPAP and COMICS text-cloze, with drawn panels."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_PICTURE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
_SCHEMA = pyarrow.schema(
    [
        ("sample_id", pyarrow.string()),
        ("context", pyarrow.list_(_PICTURE)),
        ("options", pyarrow.list_(_PICTURE)),
        ("index", pyarrow.int32()),
        ("solution_index", pyarrow.int32()),
        ("split", pyarrow.string()),
        ("task_type", pyarrow.string()),
        ("previous_panel_caption", pyarrow.string()),
    ]
)
FIELDS = [
    "book_id",
    "page_id",
    "answer_panel_id",
    *(f"context_panel_{i}_id" for i in range(3)),
    *(f"context_text_{i}_{j}" for i in range(3) for j in range(3)),
    *(f"answer_candidate_{i}_text" for i in range(3)),
    "correct_answer",
]


def panel(colour: tuple[int, int, int], mark: int = 0) -> Image.Image:
    """A panel of one colour with a few lines."""
    picture = Image.new("RGB", (96, 72), colour)
    draw = ImageDraw.Draw(picture)
    for i in range(mark):
        draw.line((8 + 12 * i, 8, 20 + 12 * i, 60), fill=(0, 0, 0), width=3)
    return picture


def stored(picture: Image.Image, kind: str = "PNG") -> bytes:
    saved = io.BytesIO()
    picture.save(saved, kind)
    return saved.getvalue()


def pap_row(
    context: Sequence[bytes],
    options: Sequence[bytes],
    *,
    index: int | None = None,
    solution: int | None = 0,
    caption: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "sample_id": "abcdefghij",
        "context": [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(context)],
        "options": [{"bytes": data, "path": None} for data in options],
        "index": len(context) if index is None else index,
        "solution_index": solution,
        "split": "val",
        "task_type": "",
        "previous_panel_caption": caption,
        **more,
    }


def write_pap(
    folder: Path, skill: str, rows: Sequence[Mapping[str, Any]], name: str = "val-00000-of-00001"
) -> Path:
    path = folder / skill / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = _SCHEMA
    for column in ("context_texts", "option_texts"):
        if any(column in row for row in rows):
            schema = schema.append(pyarrow.field(column, pyarrow.list_(pyarrow.string())))
    made = [{**row, "task_type": row.get("task_type") or skill} for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(made, schema), path)
    return path


def cloze_row(
    place: tuple[int, int, int],
    context: Sequence[Sequence[str]],
    candidates: Sequence[str],
    answer: int,
) -> dict[str, object]:
    book, page, number = place
    row: dict[str, object] = {
        "book_id": book,
        "page_id": page,
        "answer_panel_id": number,
        "correct_answer": answer,
    }
    for i, texts in enumerate(context):
        row[f"context_panel_{i}_id"] = number - 3 + i
        row |= {f"context_text_{i}_{j}": text for j, text in enumerate(texts)}
    return row | {f"answer_candidate_{i}_text": text for i, text in enumerate(candidates)}


def write_fold(
    folder: Path, name: str, rows: Sequence[Mapping[str, object]], fields: Sequence[str] = FIELDS
) -> Path:
    path = folder / "folds" / f"text_cloze_{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(fields), extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return path


def write_panel(folder: Path, place: tuple[int, int, int], picture: Image.Image) -> Path:
    book, page, number = place
    path = folder / "data" / "raw_panel_images" / str(book) / f"{page}_{number}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=95)
    return path


def write_boxes(
    folder: Path, boxes: Mapping[tuple[int, int, int], tuple[float, float, float, float]]
) -> None:
    fields = "comic_no,page_no,panel_no,textbox_no,dialog_or_narration,text,x1,y1,x2,y2".split(",")
    path = folder / "data" / "COMICS_ocr_file.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(fields)
        for place, box in boxes.items():
            table.writerow([*place, 0, 1, "some words", *box])


class ColourEncoder:
    """A picture encoder that sees the mean colour, for tests that need no network."""

    fingerprint = "test-colours"
    dimension = 4
    has_text_tower = False

    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint8]] = []

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.seen += list(crops)
        rows = np.array([[*c.reshape(-1, 3).mean(axis=0), 30.0] for c in crops], np.float32)
        rows = rows.reshape(len(crops), 4)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


class LetterEncoder:
    """A sentence encoder that counts letters."""

    fingerprint = "test-letters"
    dimension = 26

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), 26), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for c in text.lower():
                if "a" <= c <= "z":
                    row[ord(c) - 97] += 1
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([any("a" <= c <= "z" for c in t.lower()) for t in texts], np.bool_)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_documents(texts)
