"""A decoded answer becomes a description, or is refused as none.

Fields of the wrong type are taken for what they plainly mean (a number in quotes, one name where a
list was asked for) or left out, and every such step makes the answer a repaired one. What is never
done is to call something a description that is none: an empty object, an error message, a refusal,
a list of sentences and an echo of the schema are all failed, however well-formed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from longbox.description import AnswerState, DescribedText, PanelDescription
from longbox.text.vlm.boxes import RawBox, Reading, choose_reading, raw_box
from longbox.text.vlm.decoding import Decoded, decode_answer
from longbox.text.vlm.fields import Fields
from longbox.text.vlm.options import BoxConvention
from longbox.text.vlm.prompt import TEMPLATE_WORDS
from longbox.text.vlm.shown import ShownPage

_MAX_PANELS: Final = 120
_MAX_TEXTS: Final = 80
_MAX_PROSE: Final = 4000
_MAX_NAMES: Final = 40
_MAX_NAME: Final = 300
_MAX_NOTES: Final = 3

_PANELS = ("panels", "panel_descriptions", "panel")
_SUMMARY = ("overall_summary", "summary", "page_summary")
_NUMBER = ("panel_number", "number", "panel_id", "panel_index", "panel", "index", "id")
_PROSE = ("description", "visual_description", "caption", "scene")
_BOX = ("box_2d", "bbox_2d", "bbox", "box", "bounding_box")
_TEXTS = ("text_content", "texts", "text", "dialogue")
_REFUSAL = re.compile(
    r"^\W*(i'?m sorry|i am sorry|sorry|i can(no|')t|i'?m (not able|unable)|i am (not able|unable)"
    r"|i won'?t|as an ai|unable to (comply|assist|help|process)|no image|error\b)",
    re.IGNORECASE,
)
# A model that copies the schema or the question instead of filling it in.
_PLACEHOLDERS: Final = TEMPLATE_WORDS | {"string", "text", "null", "none", "n/a", "description"}


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What an answer says, before its panels are matched to ours.

    Attributes:
        state: Clean, repaired, truncated or failed.
        panels: In the model's order, not matched; empty for a failed answer.
        problem: Why it is not clean: one line, or None.
    """

    state: AnswerState
    summary: str = ""
    panels: tuple[PanelDescription, ...] = ()
    problem: str | None = None


def read_answer(
    text: str,
    shown: ShownPage,
    convention: BoxConvention = BoxConvention.AUTO,
    *,
    is_at_limit: bool = False,
    flaws: Sequence[str] = (),
) -> ReadAnswer:
    """Read an answer of any quality.

    Args:
        text: As the model wrote it.
        shown: The page it was asked about.
        convention: How its boxes are written, where that is known.
        is_at_limit: The server says that it stopped at the token limit.
        flaws: What was wrong with the answer before it came here (its bytes, say).

    Returns:
        The answer; never raises. A truncated one holds what could be read of it.
    """
    decoded = decode_answer(text)
    fields = Fields([*flaws, *decoded.repairs])
    summary, panels, reason = _described(decoded, fields, shown, convention)
    if is_at_limit or decoded.is_cut:
        why = "stopped at the token limit" if is_at_limit else "the text ends inside its JSON"
        return ReadAnswer(AnswerState.TRUNCATED, summary, panels, why)
    if reason is not None:
        return ReadAnswer(AnswerState.FAILED, problem=reason)
    if fields.notes:
        notes = list(dict.fromkeys(fields.notes))
        more = f" and {len(notes) - _MAX_NOTES} more" if len(notes) > _MAX_NOTES else ""
        problem = "repaired: " + "; ".join(notes[:_MAX_NOTES]) + more
        return ReadAnswer(AnswerState.REPAIRED, summary, panels, problem)
    return ReadAnswer(AnswerState.CLEAN, summary, panels)


def _described(
    decoded: Decoded, fields: Fields, shown: ShownPage, convention: BoxConvention
) -> tuple[str, tuple[PanelDescription, ...], str | None]:
    """Return summary, panels, and why this is no description, or None where it is one."""
    if decoded.problem is not None:
        return "", (), decoded.problem
    record = _unwrapped(decoded.value, fields)
    if record is None:
        return "", (), _shape_of(decoded.value)
    summary = fields.prose(record, _SUMMARY, _MAX_PROSE, is_required=False)
    records = _panel_records(record, fields)
    if records is None:
        return summary, (), _shape_of(record)
    panels = _panels(records, fields, shown, convention)
    return summary, panels, _why_none(summary, panels, len(shown.boxes))


def _unwrapped(value: Any, fields: Fields) -> Mapping[str, Any] | None:
    """Return the object that has panels: it, its only member, or one made of a bare list."""
    for _ in range(3):
        if isinstance(value, list):
            records = [item for item in value if isinstance(item, dict)]
            if len(records) == 1 and fields.has(records[0], _PANELS):
                value = records[0]
                fields.note("a list around the answer")
                continue
            if not records or not all(_is_panel(item, fields) for item in records):
                return None
            fields.note("a bare list of panels")
            return {"panels": value}
        if not isinstance(value, dict):
            return None
        if fields.has(value, _PANELS) and not _is_panel(value, fields):
            return value
        if _is_panel(value, fields):
            fields.note("a bare panel")
            return {"panels": [value]}
        if len(value) != 1:
            return None
        fields.note(f"an object around the answer ({str(next(iter(value)))[:30]!r})")
        value = next(iter(value.values()))
    return None


def _is_panel(value: Any, fields: Fields) -> bool:
    if not isinstance(value, dict) or isinstance(value.get("panels"), list | dict):
        return False
    return fields.has(value, _PROSE) and (
        fields.has(value, _NUMBER) or fields.has(value, (*_BOX, "text_content"))
    )


def _panel_records(record: Mapping[str, Any], fields: Fields) -> list[Mapping[str, Any]] | None:
    value = fields.get(record, _PANELS)
    if isinstance(value, dict):
        values = list(value.values())
        if _is_panel(value, fields):
            values = [value]
        fields.note("panels are an object")
        value = values
    if not isinstance(value, list):
        return None
    records: list[Mapping[str, Any]] = [item for item in value if isinstance(item, dict)]
    if value and not records:
        return None
    if len(records) < len(value):
        fields.note("a panel that is no object was left out")
    if len(records) > _MAX_PANELS:
        fields.note(f"only the first {_MAX_PANELS} of {len(records)} panels were kept")
    return records[:_MAX_PANELS]


def _panels(
    records: Sequence[Mapping[str, Any]],
    fields: Fields,
    shown: ShownPage,
    convention: BoxConvention,
) -> tuple[PanelDescription, ...]:
    raws = [_raw(record, fields) for record in records]
    reading = choose_reading([raw for raw in raws if raw is not None], convention, shown)
    panels: list[PanelDescription] = []
    for place, (record, raw) in enumerate(zip(records, raws, strict=True)):
        panels.append(
            PanelDescription(
                panel=None,
                number=fields.number(record, _NUMBER, place + 1),
                description=fields.prose(record, _PROSE, _MAX_PROSE),
                characters=fields.names(record, "characters", _MAX_NAMES, _MAX_NAME),
                actions=fields.names(record, "actions", _MAX_NAMES, _MAX_NAME),
                setting=fields.phrase(record, "setting", _MAX_NAME),
                shot=fields.phrase(record, "shot", _MAX_NAME),
                texts=_texts(record, fields, reading, shown),
                box=_box(raw, fields, reading, shown),
            )
        )
    return tuple(panels)


def _texts(
    record: Mapping[str, Any], fields: Fields, reading: Reading, shown: ShownPage
) -> tuple[DescribedText, ...]:
    value = fields.get(record, _TEXTS)
    if value is None:
        if fields.has(record, _TEXTS):
            fields.note("text_content is null")
        return ()
    if isinstance(value, str | dict):
        fields.note("text_content is no list")
        value = [value]
    if not isinstance(value, list):
        fields.note("text_content is no list")
        return ()
    if len(value) > _MAX_TEXTS:
        fields.note(f"only the first {_MAX_TEXTS} of {len(value)} texts were kept")
    texts: list[DescribedText] = []
    for item in value[:_MAX_TEXTS]:
        if isinstance(item, str):
            fields.note("a text without its fields")
            item = {"text": item}
        if not isinstance(item, dict):
            fields.note("a text that is no object was left out")
            continue
        words = fields.prose(item, ("text", "content"), _MAX_PROSE)
        if words:
            label = fields.phrase(item, "label", _MAX_NAME)
            speaker = fields.phrase(item, "speaker", _MAX_NAME)
            box = _box(_raw(item, fields), fields, reading, shown)
            texts.append(DescribedText(words, label, speaker, box))
    return tuple(texts)


def _raw(record: Mapping[str, Any], fields: Fields) -> RawBox | None:
    value = fields.get(record, _BOX)
    if value is None or value == []:
        return None
    plain = fields.box_numbers(value)
    raw = raw_box(plain)
    if raw is None:
        fields.note("a box that is no four numbers was left out")
    return raw


def _box(raw: RawBox | None, fields: Fields, reading: Reading, shown: ShownPage) -> Any:
    if raw is None:
        return None
    box = reading.to_page(raw, shown)
    if box is None:
        fields.note("a box that is not on the page was left out")
    return box


def _why_none(summary: str, panels: Sequence[PanelDescription], n_shown: int) -> str | None:
    """Return why an answer of the right shape describes nothing, or None."""
    if not panels:
        if not _says_something(summary) or n_shown > 1:
            return "the answer describes no panel"
        return "the answer is a refusal" if _REFUSAL.match(summary) else None
    told = [p.description for p in panels if _says_something(p.description)]
    if not told and not any(_says_something(word) for p in panels for word in _words_of(p)):
        return "the answer's panels are empty"
    if told and all(_REFUSAL.match(text) for text in told):
        return "the answer is a refusal"
    return None


def _words_of(panel: PanelDescription) -> tuple[str, ...]:
    return (*panel.characters, *panel.actions, *(text.text for text in panel.texts))


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text) and text.strip().casefold() not in _PLACEHOLDERS


def _shape_of(value: Any) -> str:
    if isinstance(value, dict):
        if "error" in value:
            return "the answer is an error message"
        keys = ", ".join(repr(str(key)[:20]) for key in list(value)[:4])
        return f"the answer's JSON has no panels (it has: {keys or 'nothing'})"
    kind = {list: "a list", str: "a sentence", int: "a number", float: "a number"}
    return f"the answer's JSON is {kind.get(type(value), 'nothing')}, not a page of panels"
