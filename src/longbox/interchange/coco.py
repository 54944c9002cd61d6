"""COCO detections: images, categories and annotations with `bbox` [x, y, width, height].

Categories are matched by name, because their numbers differ between tools. Panels have the
category `panel`, texts one of our kinds; what COCO has no field for stands in an annotation's
`attributes`: `order`, and for texts `text` and `panel`. A file of boxes without an order is put
into reading order by whoever has the rules for it; texts without words are not read. An image
without annotations says nothing of its page: people annotate books in parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
from longbox.interchange.sidecar import (
    ALL_KINDS,
    Sidecar,
    SidecarPage,
    SidecarPanel,
    SidecarText,
)
from longbox.interchange.writing import page_name, tidy, tidy_all, to_json

_PANEL_NAMES = frozenset({"panel", "frame", "comic panel", "koma", "vignette"})
_TEXT_NAMES: dict[str, tuple[TextKind, ...]] = {
    **{kind.value: (kind,) for kind in TextKind},
    "sound effect": (TextKind.SOUND_EFFECT,),
    "onomatopoeia": (TextKind.SOUND_EFFECT,),
    "sfx": (TextKind.SOUND_EFFECT,),
    "narration": (TextKind.CAPTION,),
    "speech": (TextKind.DIALOGUE,),
    "balloon": (TextKind.DIALOGUE, TextKind.CAPTION),
    "speech balloon": (TextKind.DIALOGUE,),
    "speech bubble": (TextKind.DIALOGUE,),
    "text": ALL_KINDS,
}
_CATEGORIES = {"panel": 1, **{kind.value: i + 2 for i, kind in enumerate(TextKind)}}


@dataclass(frozen=True, slots=True)
class _Image:
    id: int
    file_name: str
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class _Category:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class _Attributes:
    order: int | None = None
    text: str | None = None
    panel: int | None = None


@dataclass(frozen=True, slots=True)
class _Annotation:
    image_id: int
    category_id: int
    bbox: list[float]
    attributes: _Attributes = field(default_factory=_Attributes)
    segmentation: object = None


@dataclass(frozen=True, slots=True)
class _File:
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


def write_coco(annotated: AnnotatedBook) -> bytes:
    """Return a book's panels and texts as a COCO file."""
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for page in annotated.pages:
        if not page.page.is_readable:
            continue
        image_id = page.page.index + 1
        images.append(
            {
                "id": image_id,
                "file_name": page_name(page),
                "width": page.page.width,
                "height": page.page.height,
            }
        )
        for record in _records(page):
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **record})
    categories = [
        {"id": number, "name": name, "supercategory": "panel" if name == "panel" else "text"}
        for name, number in _CATEGORIES.items()
    ]
    return to_json(
        {
            "info": {"description": annotated.book.title, "contributor": "Longbox"},
            "licenses": [],
            "images": images,
            "categories": categories,
            "annotations": annotations,
        }
    )


def read_coco(name: str, data: bytes) -> Sidecar:
    """Read a COCO file of one book.

    Raises:
        SidecarError: It is damaged or hostile, or an annotation is of an image or category that
            it does not list.
    """
    file = parse_json(name, data, _File)
    require_few(name, "pages", len(file.images), MOST_PAGES)
    if len({c.id for c in file.categories}) < len(file.categories):
        raise SidecarError(f"{name}: two categories have the same id")
    names = {c.id: " ".join(c.name.lower().replace("-", " ").split()) for c in file.categories}
    by_image: dict[int, list[_Annotation]] = {image.id: [] for image in file.images}
    if len(by_image) < len(file.images):
        raise SidecarError(f"{name}: two images have the same id")
    for i, annotation in enumerate(file.annotations):
        if annotation.image_id not in by_image or annotation.category_id not in names:
            raise SidecarError(
                f"{name}: annotation {i + 1} is of an image or a category that is not listed"
            )
        by_image[annotation.image_id].append(annotation)
    known = {names[a.category_id] for a in file.annotations}
    if file.annotations and not known & (_PANEL_NAMES | set(_TEXT_NAMES)):
        found = ", ".join(sorted(known))[:80]
        raise SidecarError(f"{name}: none of its categories ({found}) is a panel or a text")
    reader = _Reader(
        name,
        names,
        has_panels=bool(known & _PANEL_NAMES),
        has_texts=any(
            names[a.category_id] in _TEXT_NAMES and a.attributes.text for a in file.annotations
        ),
    )
    return Sidecar("coco", tuple(reader.page(image, by_image[image.id]) for image in file.images))


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str
    category_names: dict[int, str]
    has_panels: bool
    has_texts: bool

    def page(self, image: _Image, annotations: list[_Annotation]) -> SidecarPage:
        where = f"{self.name}: {image.file_name[:80]}"
        require_few(where, "annotations", len(annotations), 2 * MOST_BOXES)
        names = self.category_names
        panels = [a for a in annotations if names[a.category_id] in _PANEL_NAMES]
        texts = [
            a for a in annotations if names[a.category_id] in _TEXT_NAMES and a.attributes.text
        ]
        is_ordered = all(a.attributes.order is not None for a in panels)
        place = {a.attributes.order: i for i, a in enumerate(sorted(panels, key=_order))}
        return SidecarPage(
            image.file_name,
            width=image.width,
            height=image.height,
            panels=self._panels(where, panels) if self.has_panels and annotations else None,
            texts=self._texts(where, texts, place if is_ordered else {})
            if self.has_texts and annotations
            else None,
            is_ordered=is_ordered,
        )

    def _panels(self, where: str, annotations: list[_Annotation]) -> tuple[SidecarPanel, ...]:
        return tuple(
            SidecarPanel(
                box_of(where, f"panel {i + 1}", a.bbox, is_sized=True), _polygon(a.segmentation)
            )
            for i, a in enumerate(sorted(annotations, key=_order))
        )

    def _texts(
        self, where: str, annotations: list[_Annotation], place: dict[int | None, int]
    ) -> tuple[SidecarText, ...]:
        found = []
        for i, a in enumerate(sorted(annotations, key=_order)):
            words = join_lines((a.attributes.text or "").splitlines())
            box = box_of(where, f"text {i + 1}", a.bbox, is_sized=True)
            kinds = _TEXT_NAMES[self.category_names[a.category_id]]
            panel = place.get(a.attributes.panel) if a.attributes.panel is not None else None
            if words:
                found.append(SidecarText(words, box, kinds, panel))
        return tuple(found)


def _order(annotation: _Annotation) -> int:
    return -1 if annotation.attributes.order is None else annotation.attributes.order


def _polygon(segmentation: object) -> tuple[tuple[float, float], ...] | None:
    """Read a segmentation of one polygon that is more than a rectangle; others are left out."""
    if not isinstance(segmentation, list) or len(segmentation) != 1:
        return None
    numbers = segmentation[0]
    if not isinstance(numbers, list) or not 6 <= len(numbers) <= 4_000 or len(numbers) % 2:
        return None
    if not all(isinstance(n, int | float) and abs(n) < 1e9 for n in numbers):
        return None
    points = tuple((float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
    xs, ys = {x for x, _ in points}, {y for _, y in points}
    return None if len(xs) == len(ys) == 2 and len(points) == 4 else points


def _records(page: AnnotatedPage) -> list[dict[str, object]]:
    records: list[dict[str, object]] = []
    for panel in page.panels:
        outline = [v for point in panel.polygon or () for v in point]
        records.append(
            {
                "category_id": _CATEGORIES["panel"],
                **_place(panel.box.as_tuple()),
                "segmentation": [tidy_all(outline)] if outline else [],
                "attributes": {"order": panel.order},
            }
        )
    for text in page.texts:
        attributes = {"order": text.order, "text": text.text, "panel": text.panel}
        records.append(
            {
                "category_id": _CATEGORIES[text.kind.value],
                **_place(text.box.as_tuple()),
                "segmentation": [],
                "attributes": attributes,
            }
        )
    return records


def _place(corners: tuple[float, float, float, float]) -> dict[str, object]:
    x0, y0, x1, y1 = corners
    return {
        "bbox": tidy_all((x0, y0, x1 - x0, y1 - y0)),
        "area": tidy((x1 - x0) * (y1 - y0)),
        "iscrowd": 0,
    }
