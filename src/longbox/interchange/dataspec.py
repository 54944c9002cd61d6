"""DataSpec: the page record that the project's earlier data sets were made of.

`{"page_image_path", "panels": [{"panel_coords": [x, y, width, height], "text": {"dialogue": [],
"narration": [], "sfx": []}}], "reading_order": [panel numbers from 0]}`, pixels. We write a book as
one JSON list of records; a single record, a list, and one record a line are all read. A text has
no box of its own and no order among the kinds, and a text outside all panels has no place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longbox.book import AnnotatedBook, AnnotatedPage, TextKind
from longbox.errors import SidecarError
from longbox.interchange.parsing import (
    MOST_BOXES,
    MOST_PAGES,
    box_of,
    join_lines,
    parse_json,
    require_few,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarPanel, SidecarText
from longbox.interchange.writing import page_name, tidy_all, to_json

_WORDS = {
    TextKind.DIALOGUE: "dialogue",
    TextKind.CAPTION: "narration",
    TextKind.PROSE: "narration",
    TextKind.OTHER: "narration",
    TextKind.SOUND_EFFECT: "sfx",
}
_KINDS = {
    word: tuple(kind for kind in TextKind if _WORDS[kind] == word)
    for word in ("dialogue", "narration", "sfx")
}


@dataclass(frozen=True, slots=True)
class _Texts:
    dialogue: list[str] | None = None
    narration: list[str] | None = None
    sfx: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Panel:
    panel_coords: list[float]
    text: _Texts | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    page_image_path: str
    panels: list[_Panel]
    reading_order: list[int] | None = None


def write_dataspec(annotated: AnnotatedBook) -> bytes:
    """Return a book as a JSON list of page records."""
    return to_json([_record(page) for page in annotated.pages if page.page.is_readable])


def read_dataspec(name: str, data: bytes) -> Sidecar:
    """Read one record, a list of records, or one record a line.

    Raises:
        SidecarError: It is damaged or hostile.
    """
    if data.lstrip().startswith(b"["):
        records = parse_json(name, data, list[_Record])
    elif len(lines := [line for line in data.splitlines() if line.strip()]) > 1 and all(
        line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines
    ):
        records = [parse_json(f"{name}: line {i + 1}", x, _Record) for i, x in enumerate(lines)]
    else:
        records = [parse_json(name, data, _Record)]
    require_few(name, "pages", len(records), MOST_PAGES)
    return Sidecar(
        "dataspec", tuple(_page(f"{name}: page {i + 1}", r) for i, r in enumerate(records))
    )


def _record(page: AnnotatedPage) -> dict[str, object]:
    panels = []
    for panel in page.panels:
        texts: dict[str, list[str]] = {"dialogue": [], "narration": [], "sfx": []}
        for text in page.panel_texts(panel.order):
            texts[_WORDS[text.kind]].append(text.text)
        box = panel.box
        coordinates = tidy_all((box.x0, box.y0, box.width, box.height))
        panels.append({"panel_coords": coordinates, "text": texts})
    return {
        "page_image_path": page_name(page),
        "panels": panels,
        "reading_order": list(range(len(panels))),
    }


def _page(where: str, record: _Record) -> SidecarPage:
    require_few(where, "panels", len(record.panels), MOST_BOXES)
    panels, texts = [], []
    for place, index in enumerate(_order(where, record)):
        panel = record.panels[index]
        box = box_of(where, f"panel {index + 1}", panel.panel_coords, is_sized=True)
        panels.append(SidecarPanel(box))
        texts += _texts(place, panel.text or _Texts())
    require_few(where, "texts", len(texts), MOST_BOXES)
    says_text = any(panel.text is not None for panel in record.panels)
    return SidecarPage(
        record.page_image_path,
        panels=tuple(panels),
        texts=tuple(texts) if says_text else None,
        has_places=False,
    )


def _order(where: str, record: _Record) -> Sequence[int]:
    order = record.reading_order
    if order is None:
        return range(len(record.panels))
    if sorted(order) != list(range(len(record.panels))):
        raise SidecarError(
            f"{where}: reading_order must name each of the {len(record.panels)} panels once, from 0"
        )
    return order


def _texts(place: int, said: _Texts) -> list[SidecarText]:
    lists = {"narration": said.narration, "dialogue": said.dialogue, "sfx": said.sfx}
    return [
        SidecarText(line, None, _KINDS[word], place)
        for word, lines in lists.items()
        for line in (join_lines(text.splitlines()) for text in lines or ())
        if line
    ]
